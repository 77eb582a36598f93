import { describe, expect, test } from '@jest/globals';
import { concatBytes, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { commandLineSizeMaxBytes, CommandFramer, telnetRefusalCountMax, type FramedLine } from './framer.ts';

/** A line as text, with one sign for each byte; or what is wrong with it. */
const show = (line: FramedLine): string =>
  line.kind === 'line' ? String.fromCharCode(...line.bytes) : `<${line.kind}>`;
const run = (...chunks: readonly (string | readonly number[])[]): readonly string[] => {
  const framer = new CommandFramer();
  return chunks.flatMap((chunk) =>
    framer.push(typeof chunk === 'string' ? utf8(chunk) : Uint8Array.from(chunk)).map(show),
  );
};
const cut = (bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] => {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
};
const long = 'x'.repeat(commandLineSizeMaxBytes);
const codes = (text: string): readonly number[] => [...utf8(text)];

describe('lines', () => {
  test.each([
    ['CR LF ends a line', ['NOOP\r\n'], ['NOOP']],
    ['LF alone ends a line', ['NOOP\n'], ['NOOP']],
    ['several lines in one chunk', ['A\r\nB\nC\r\n'], ['A', 'B', 'C']],
    ['CR and LF in two chunks', ['NOOP\r', '\n'], ['NOOP']],
    ['a word in many chunks', ['N', 'O', 'O', 'P', '\r\n'], ['NOOP']],
    ['a line without its end is no line yet', ['NOOP'], []],
    ['an empty line is a line', ['\r\n'], ['']],
    ['a CR inside a line stays', ['A\rB\r\n'], ['A\rB']],
    ['only one CR belongs to the end', ['A\r\r\n'], ['A\r']],
    ['ABOR whose LF was urgent, and is lost, is a line', ['ABOR\r'], ['ABOR']],
    ['and the next line is its own', ['AB', 'oR\r', 'NOOP\r\n'], ['ABoR', 'NOOP']],
    ['the LF of ABOR may come later', ['ABOR\r', '\n', 'NOOP\r\n'], ['ABOR', 'NOOP']],
    ['an empty line behind ABOR is a line', ['ABOR\r\n\r\n'], ['ABOR', '']],
    ['ABOR elsewhere in a line is no line', ['STOR ABOR\r', 'x\r\n'], ['STOR ABOR\rx']],
    ['a NUL spoils its line, not the next', ['A\0B\r\nC\r\n'], ['<nul>', 'C']],
    ['the longest line', [`${long}\r\n`], [long]],
    ['the longest line, its CR and LF apart', [`${long}\r`, '\n'], [long]],
    ['one byte more is too long', [`${long}x\r\n`], ['<too_long>']],
    ['a CR that ends no line counts', [`${long}\r`, 'x\r\nA\r\n'], ['<too_long>', 'A']],
    [
      'a long line is reported once, its tail never runs',
      [long, long, 'DELE x', '\r\nNOOP\r\n'],
      ['<too_long>', 'NOOP'],
    ],
    ['a long line with a NUL is too long', [`${long}\0x\r\n`], ['<too_long>']],
  ])('%s', (_rule, chunks, lines) => {
    expect(run(...chunks)).toEqual(lines);
  });
});

describe('telnet (RFC 854)', () => {
  test.each([
    ['IAC IAC is the byte 255', [0xff, 0xff, 0x41, 10], ['\xffA']],
    ['WILL and its option are dropped', [0xff, 0xfb, 0x01, 0x41, 10], ['A']],
    ['WONT, DO and DONT too', [0xff, 0xfc, 1, 0xff, 0xfd, 2, 0xff, 0xfe, 3, 0x41, 10], ['A']],
    ['an option that looks like a line end is none', [0xff, 0xfd, 10, 0x41, 10], ['A']],
    ['NOP is dropped', [0xff, 0xf1, 0x41, 10], ['A']],
    ['IAC IP IAC DM before ABOR', [0xff, 0xf4, 0xff, 0xf2, ...codes('ABOR\r\n')], ['ABOR']],
    ['IAC IP and a data mark whose IAC was urgent', [0xff, 0xf4, 0xf2, ...codes('ABOR\r\n')], ['ABOR']],
    ['IAC IP and IAC of a data mark that was urgent', [0xff, 0xf4, 0xff, ...codes('ABOR\r\n')], ['ABOR']],
    ['IAC IP twice, and IAC of a data mark', [0xff, 0xf4, 0xff, 0xf4, 0xff, ...codes('ABOR\r\n')], ['ABOR']],
    ['IAC IP and then the byte 255 of a name', [0xff, 0xf4, 0xff, 0xff, 0x41, 10], ['\xffA']],
    ['a data mark byte elsewhere is data', [0x41, 0xf2, 10], ['A\xf2']],
    ['IAC before a letter is no command: both stay', [0xff, 0x41, 10], ['\xffA']],
    ['IAC before a line end is no command', [0x41, 0xff, 10, 0x42, 10], ['A\xff', 'B']],
  ])('%s', (_rule, bytes, lines) => {
    expect(run(bytes)).toEqual(lines);
    expect(run(...bytes.map((byte) => [byte]))).toEqual(lines);
  });
});

describe('Telnet options (RFC 1123 §3.2.1)', () => {
  test.each([
    ['WILL is refused with DONT', [0xff, 0xfb, 1], [0xff, 0xfe, 1]],
    ['DO is refused with WONT', [0xff, 0xfd, 3], [0xff, 0xfc, 3]],
    ['WONT and DONT need no answer', [0xff, 0xfc, 1, 0xff, 0xfe, 3], []],
    ['several offers, in order', [0xff, 0xfb, 1, 0x41, 0xff, 0xfd, 3], [0xff, 0xfe, 1, 0xff, 0xfc, 3]],
  ])('%s', (_rule, bytes, answers) => {
    for (const chunks of [[bytes], bytes.map((each) => [each])]) {
      const framer = new CommandFramer();
      const found = chunks.flatMap((chunk) => {
        framer.push(Uint8Array.from(chunk));
        return [...framer.takeRefusals()];
      });
      expect(found).toEqual(answers);
      expect([...framer.takeRefusals()]).toEqual([]);
    }
  });
  test('a flood of offers is answered only so often', () => {
    const framer = new CommandFramer();
    framer.push(Uint8Array.from({ length: 3 * 2 * telnetRefusalCountMax }, (_, n) => [0xff, 0xfb, 1][n % 3] ?? 0));
    expect(framer.takeRefusals()).toHaveLength(3 * telnetRefusalCountMax);
  });
});

test('reset drops what came before a handshake', () => {
  const framer = new CommandFramer();
  framer.push(utf8('USER root'));
  framer.push(Uint8Array.of(0xff));
  framer.reset();
  expect(framer.push(utf8('NOOP\r\n')).map(show)).toEqual(['NOOP']);
});

const byte = fc.oneof(
  fc.constantFrom(0, 10, 13, 0x41, 0xf0, 0xf2, 0xf4, 0xfb, 0xfe, 0xff),
  fc.integer({ min: 0, max: 255 }),
);
test('any segmentation gives the same lines, and no bytes throw', () => {
  const some = fc.oneof(
    { weight: 9, arbitrary: byte.map((value) => [value]) },
    fc.constantFrom(codes('ABOR\r'), codes('abor\r\n'), codes('\nABOR\r')),
  );
  const stream = fc.array(some, { maxLength: 400 }).map((parts) => parts.flat());
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), fc.boolean(), (bytes, cuts, huge) => {
      const whole = Uint8Array.from(huge ? [...codes(long), ...bytes] : bytes);
      const at = new CommandFramer().push(whole).map(show);
      const framer = new CommandFramer();
      expect(cut(whole, cuts).flatMap((chunk) => framer.push(chunk).map(show))).toEqual(at);
    }),
  );
});

test('lines of plain text come back as they were written', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ' ', 'é', '/', '.', '字'), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 9 }), (lines, cuts) => {
      const framer = new CommandFramer();
      const stream = concatBytes(lines.map((text) => utf8(`${text}\r\n`)));
      const found = cut(stream, cuts).flatMap((chunk) => framer.push(chunk));
      expect(found.map((each) => (each.kind === 'line' ? new TextDecoder().decode(each.bytes) : each.kind))).toEqual(
        lines,
      );
    }),
  );
});
