import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { compressBody, decompressBlock, decompressBody, lz4, snappy } from './compression.ts';

const hello = utf8('hello hello hello hello hello hello');
const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);

describe('blocks of the libraries', () => {
  test('of liblz4', () => expect(lz4.decompress(hex('6f68656c6c6f200600055068656c6c6f'), hello.length)).toEqual(hello));
  // Made with libsnappy 1.1.9; its first byte is the length.
  test('of libsnappy', () => expect(snappy.decompress(hex('231468656c6c6f20720600'), hello.length)).toEqual(hello));
});

for (const compression of [lz4, snappy]) {
  const { name } = compression;
  describe(name, () => {
    test('round trip, and what repeats becomes small', () => {
      const repeated = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 }));
      const content = fc.oneof(
        fc.uint8Array({ maxLength: 2000 }),
        repeated.map(([part, count]) =>
          Uint8Array.from({ length: part.length * count }, (_, i) => part[i % part.length] ?? 0),
        ),
      );
      fc.assert(
        fc.property(content, (raw) =>
          expect(decompressBlock(compression, compression.compress(raw), raw.length)).toEqual(raw),
        ),
      );
      expect(compression.compress(new Uint8Array(100_000)).length).toBeLessThan(8000);
    });
    test('a body tells its length, and more than is allowed is refused', () => {
      const body = compressBody(compression, hello);
      expect(decompressBody(compression, body, 0, body.length, 35)).toEqual(hello);
      expect(decompressBody(compression, body, 0, body.length, 34)).toMatch('Request is too big: length 35');
      expect(decompressBody(compression, body, 0, 0, 34)).toMatch('do not tell their length');
    });
    test('a wrong length is a fault', () => {
      const block = compression.compress(hello);
      for (const length of [1, hello.length - 1, hello.length + 1, 130_000, 2 ** 31])
        expect(typeof decompressBlock(compression, block, length)).toBe('string');
    });
    test('anything decompresses to what was announced or to a fault', () =>
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5000), (block, length) => {
          const raw = decompressBlock(compression, block, length);
          expect(typeof raw === 'string' || raw.length === length).toBe(true);
        }),
        { numRuns: 1000 },
      ));
    test('so does a block with a byte changed', () =>
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 20, maxLength: 300 }), fc.nat(), fc.nat(255), (raw, at, byte) => {
          const block = compression.compress(Uint8Array.from([...raw, ...raw])).slice();
          block[at % block.length] = byte;
          const out = decompressBlock(compression, block, 2 * raw.length);
          expect(typeof out === 'string' || out.length === 2 * raw.length).toBe(true);
        }),
        { numRuns: 500 },
      ));
  });
}

test('lz4: a long announced length in a short block gets no memory', () =>
  expect(toHex(utf8(String(decompressBlock(lz4, new Uint8Array(4), 2 ** 31 - 1))))).not.toBe(''));
