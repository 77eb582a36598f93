import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { common, data, GatherWriter } from './index.ts';

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

describe('gather writer', () => {
  test('writes what the generated writer writes, whatever the sizes', () => {
    const response = fc.record({
      size: fc.constantFrom(0, 1, 127, 128, 2047, 2048, 2049, 20_000),
      crc32c: fc.nat(),
      header: fc.option(
        fc.record({
          messageId: fc.string(),
          vectorClock: fc.dictionary(fc.string(), fc.nat(), { noNullPrototype: true }),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(response, ({ size, crc32c, header }) => {
        const message = data.RetrieveResponse.fromPartial({
          header,
          part: { $case: 'chunk', value: { data: new Uint8Array(size).fill(7), crc32c } },
        });
        const plain = data.RetrieveResponse.encode(message).finish();
        const writer = new GatherWriter();
        expect(equalBytes(data.RetrieveResponse.encode(message, writer).finish(), plain)).toBe(true);
        expect(equalBytes(data.RetrieveResponse.encode(message, writer).finish(), plain)).toBe(true);
      }),
    );
  });
  test('gathers into the memory that the caller gives', () => {
    const given: Uint8Array[] = [];
    const chunk = { data: new Uint8Array(5000).fill(1), crc32c: 9 };
    const writer = new GatherWriter();
    common.Chunk.encode(chunk, writer);
    const out = writer.gather((size) => {
      given.push(new Uint8Array(size));
      return given[0] as Uint8Array;
    });
    expect(out).toBe(given[0]);
    expect(common.Chunk.decode(out)).toEqual(chunk);
  });
  test('refuses a join without a fork', () => {
    expect(() => new GatherWriter().join()).toThrow('join without fork');
  });
});
