import { describe, expect, test } from '@jest/globals';
import { utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { lastName, nameSizeMaxBytes, parentPath, pathSizeMaxBytes, resolvePath } from './path.ts';

describe('paths', () => {
  test.each([
    ['a name', '/a', 'b', '/a/b'],
    ['an absolute path', '/a', '/b/c', '/b/c'],
    ['nothing means the directory', '/a/b', '', '/a/b'],
    ['a slash at the end', '/', '/a/b/', '/a/b'],
    ['slashes in a row', '/', 'a//b', '/a/b'],
    ['one dot', '/a', './b/.', '/a/b'],
    ['two dots', '/a/b', '../c', '/a/c'],
    ['two dots at the top stay there', '/a', '../../../../etc/passwd', '/etc/passwd'],
    ['two dots in the middle', '/', '/a/../../b', '/b'],
    ['three dots are a name', '/', '...', '/...'],
    ['a backslash is a sign like others', '/', '..\\..\\x', '/..\\..\\x'],
    ['a blank at the end belongs to the name', '/', 'a ', '/a '],
    ['a tilde is a sign like others', '/', '~root', '/~root'],
    ['the longest name', '/', 'é'.repeat(127), `/${'é'.repeat(127)}`],
  ])('%s', (_rule, directory, argument, path) => {
    expect(resolvePath(directory, argument)).toEqual({ ok: true, value: path });
  });

  test.each([
    ['a NUL', 'a\0b', 'path_invalid'],
    ['a CR', 'a\rb', 'path_invalid'],
    ['a LF', 'a\nb', 'path_invalid'],
    ['half a surrogate pair', 'a\u{d800}b', 'path_invalid'],
    ['a name of 256 bytes', 'é'.repeat(128), 'name_too_long'],
    ['a path of more than 1,024 bytes', 'abcdefg/'.repeat(129), 'name_too_long'],
  ])('refused: %s', (_rule, argument, error) => {
    expect(resolvePath('/', argument)).toEqual({ ok: false, error });
  });

  const segment = fc.oneof(fc.constantFrom('..', '.', '', 'a', '...', '\\', '~'), fc.string({ maxLength: 6 }));
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(segment, { maxLength: 12 }).map((parts) => parts.join('/')),
    fc.array(segment, { maxLength: 12 }).map((parts) => `/${parts.join('/')}`),
  );
  test('no result leaves the home, whatever the text', () => {
    fc.assert(
      fc.property(fc.constantFrom('/', '/a', '/a/b/c'), anyText, (directory, argument) => {
        const path = resolvePath(directory, argument);
        if (!path.ok) return;
        expect(path.value.startsWith('/')).toBe(true);
        const segments = path.value === '/' ? [] : path.value.slice(1).split('/');
        for (const each of segments) {
          expect(['', '.', '..']).not.toContain(each);
          expect(utf8(each).length <= nameSizeMaxBytes).toBe(true);
        }
        expect(path.value).not.toMatch(/[\0\r\n]/);
        expect(utf8(path.value).length <= pathSizeMaxBytes).toBe(true);
        expect(resolvePath('/elsewhere', path.value)).toEqual(path);
      }),
      { numRuns: 500 },
    );
  });

  test('parent and last name', () => {
    expect([parentPath('/a/b'), parentPath('/a'), parentPath('/')]).toEqual(['/a', '/', '/']);
    expect([lastName('/a/b'), lastName('/')]).toEqual(['b', '']);
  });
});
