import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { covers, isAllowed, rights, type Right, type Rule } from './rules.ts';

const rule = (path: string, allow: readonly Right[], deny: readonly Right[] = []): Rule => ({ path, allow, deny });

describe('isAllowed', () => {
  const rows: readonly [name: string, rules: readonly Rule[], path: string, right: Right, allowed: boolean][] = [
    ['without rules all is allowed', [], '/a', 'write', true],
    ['a rule for another right is silent', [rule('/a', [], ['read'])], '/a', 'write', true],
    ['deny of the entry itself', [rule('/a', [], ['write'])], '/a', 'write', false],
    ['deny covers everything below', [rule('/a', [], ['write'])], '/a/b/c', 'write', false],
    ['a rule on /a does not cover /ab', [rule('/a', [], ['write'])], '/ab', 'write', true],
    ['a rule on /a/b does not cover /a', [rule('/a/b', [], ['write'])], '/a', 'write', true],
    ['a rule on / covers all', [rule('/', [], ['delete'])], '/x', 'delete', false],
    ['a rule on / covers / itself', [rule('/', [], ['delete'])], '/', 'delete', false],
    [
      'the longer path decides: allow below deny',
      [rule('/', [], ['write']), rule('/in', ['write'])],
      '/in/f',
      'write',
      true,
    ],
    [
      'the longer path decides, whatever the order',
      [rule('/in', ['write']), rule('/', [], ['write'])],
      '/in/f',
      'write',
      true,
    ],
    [
      'the longer path decides: deny below allow',
      [rule('/in', ['write']), rule('/in/x', [], ['write'])],
      '/in/x/f',
      'write',
      false,
    ],
    ['of equal paths deny wins', [rule('/a', ['read']), rule('/a', [], ['read'])], '/a', 'read', false],
    [
      'of equal paths deny wins, whatever the order',
      [rule('/a', [], ['read']), rule('/a', ['read'])],
      '/a',
      'read',
      false,
    ],
    ['in one rule deny wins', [rule('/a', ['read'], ['read'])], '/a', 'read', false],
    [
      'a longer silent rule lets the shorter decide',
      [rule('/', [], ['read']), rule('/a', ['write'])],
      '/a',
      'read',
      false,
    ],
    ['names are compared by case', [rule('/A', [], ['read'])], '/a', 'read', true],
  ];
  test.each(rows)('%s', (_, rules, path, right, allowed) => {
    expect(isAllowed(rules, path, right)).toBe(allowed);
  });

  const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 }).map((names) => `/${names.join('/')}`);
  const some = fc.subarray([...rights]);
  const anyRule = fc.record({ path, allow: some, deny: some });
  test('agrees with the plain reading of the rule', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 6 }), path, fc.constantFrom(...rights), (rules, at, right) => {
        const named = rules.filter((r) => covers(r.path, at) && [...r.allow, ...r.deny].includes(right));
        const longest = Math.max(0, ...named.map((r) => r.path.length));
        const deciding = named.filter((r) => r.path.length === longest);
        expect(isAllowed(rules, at, right)).toBe(!deciding.some((r) => r.deny.includes(right)));
      }),
    );
  });
});
