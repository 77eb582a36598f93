import { describe, expect, test } from '@jest/globals';
import { utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { parseCommand } from './command.ts';

describe('a command line', () => {
  test.each([
    ['a verb alone', 'NOOP', { verb: 'NOOP', argument: '' }],
    ['a verb is upper-cased', 'rEtR x', { verb: 'RETR', argument: 'x' }],
    ['one space is taken, the rest is the argument', 'STOR  x', { verb: 'STOR', argument: ' x' }],
    ['blanks at the end belong to the name', 'STOR x  ', { verb: 'STOR', argument: 'x  ' }],
    ['names are UTF-8', 'CWD /ünïcödé/字', { verb: 'CWD', argument: '/ünïcödé/字' }],
    ['a byte order mark is part of the name', 'CWD \u{feff}a', { verb: 'CWD', argument: '\u{feff}a' }],
    ['digits may be in a verb', 'XSHA256 a', { verb: 'XSHA256', argument: 'a' }],
  ])('%s', (_rule, line, command) => {
    expect(parseCommand(utf8(line))).toEqual({ ok: true, value: command });
  });

  test.each([
    ['an empty line', [], { kind: 'empty' }],
    ['a space first', [0x20, 0x41], { kind: 'verb_malformed' }],
    ['a verb of other bytes', [0xe9, 0x41], { kind: 'verb_malformed' }],
    ['a verb of thirteen letters', [...utf8('ABCDEFGHIJKLM')], { kind: 'verb_malformed' }],
    ['an argument of Latin-1', [0x43, 0x57, 0x44, 0x20, 0xe9], { kind: 'not_utf8', verb: 'CWD' }],
    ['an overlong form', [0x43, 0x57, 0x44, 0x20, 0xc0, 0xaf], { kind: 'not_utf8', verb: 'CWD' }],
  ])('refused: %s', (_rule, line, error) => {
    expect(parseCommand(Uint8Array.from(line))).toEqual({ ok: false, error });
  });

  test('no bytes throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (line) => typeof parseCommand(line).ok === 'boolean'));
  });

  test('verb and argument come back', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Z]{1,8}$/),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        (verb, argument) => {
          expect(parseCommand(utf8(`${verb} ${argument}`))).toEqual({ ok: true, value: { verb, argument } });
        },
      ),
    );
  });
});
