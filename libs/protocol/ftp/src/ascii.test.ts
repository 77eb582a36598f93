import { describe, expect, test } from '@jest/globals';
import { concatBytes, fromUtf8, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { AsciiDecoder, AsciiEncoder } from './ascii.ts';

const encode = (chunks: readonly Uint8Array[]): Uint8Array => {
  const encoder = new AsciiEncoder();
  return concatBytes(chunks.flatMap((chunk) => encoder.push(chunk)));
};
const decode = (chunks: readonly Uint8Array[]): Uint8Array => {
  const decoder = new AsciiDecoder();
  return concatBytes([...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()]);
};

describe('file to wire', () => {
  test.each([
    ['LF becomes CR LF', ['a\nb\n'], 'a\r\nb\r\n'],
    ['CR LF stays', ['a\r\nb'], 'a\r\nb'],
    ['CR LF in two chunks stays', ['a\r', '\nb'], 'a\r\nb'],
    ['CR, an empty chunk, LF', ['a\r', '', '\nb'], 'a\r\nb'],
    ['CR alone stays', ['a\rb\r'], 'a\rb\r'],
    ['LF first', ['\n\n'], '\r\n\r\n'],
    ['no line end', ['abc'], 'abc'],
  ])('%s', (_rule, chunks, wire) => {
    expect(fromUtf8(encode(chunks.map(utf8)))).toBe(wire);
  });
});

describe('wire to file', () => {
  test.each([
    ['CR LF becomes LF', ['a\r\nb\r\n'], 'a\nb\n'],
    ['CR LF in two chunks', ['a\r', '\nb'], 'a\nb'],
    ['CR, an empty chunk, LF', ['a\r', '', '\nb'], 'a\nb'],
    ['CR alone stays', ['a\rb'], 'a\rb'],
    ['CR alone between chunks stays', ['a\r', 'b'], 'a\rb'],
    ['CR at the end of all stays', ['a\r'], 'a\r'],
    ['CR CR LF', ['a\r\r\nb'], 'a\r\nb'],
    ['CR CR LF in three chunks', ['a\r', '\r', '\nb'], 'a\r\nb'],
    ['LF alone stays', ['a\nb'], 'a\nb'],
  ])('%s', (_rule, chunks, file) => {
    expect(fromUtf8(decode(chunks.map(utf8)))).toBe(file);
  });
});

test('a chunk in which nothing changes is not copied', () => {
  const chunk = utf8('abc');
  expect(new AsciiEncoder().push(chunk)[0]).toBe(chunk);
  expect(new AsciiDecoder().push(chunk)[0]).toBe(chunk);
});

const letters = fc.string({ unit: fc.constantFrom('a', '\r', '\n', 'é'), maxLength: 30 });
test('chunks do not matter; what a file with LF says comes back', () => {
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), (parts) => {
      const chunks = parts.map(utf8);
      const whole = concatBytes(chunks);
      expect(fromUtf8(encode(chunks))).toBe(fromUtf8(whole)?.replaceAll(/(?<!\r)\n/g, '\r\n'));
      expect(fromUtf8(decode(chunks))).toBe(fromUtf8(whole)?.replaceAll('\r\n', '\n'));
      const file = parts.map((part) => utf8(part.replaceAll('\r', '')));
      expect(fromUtf8(decode([encode(file)]))).toBe(fromUtf8(concatBytes(file)));
    }),
    { numRuns: 500 },
  );
});
