import { describe, expect, test } from '@jest/globals';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { GatherWriter, raft } from './index.ts';
import { uint64Of } from './wire.ts';

const written = (value: bigint): Uint8Array => new BinaryWriter().uint64(value).finish();

describe('numbers of 64 bits', () => {
  const around = fc.constantFrom(0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1);
  const count = fc.oneof(around, fc.maxSafeNat());
  test('are read as they were written', () => {
    fc.assert(
      fc.property(count, (value) => {
        const reader = new BinaryReader(written(BigInt(value)));
        expect(uint64Of(reader)).toBe(value);
        expect(reader.pos).toBe(reader.len);
      }),
    );
  });
  test('are written as the generated writer writes them', () => {
    fc.assert(
      fc.property(count, (value) => {
        expect(new GatherWriter().uint64(value).finish()).toEqual(written(BigInt(value)));
      }),
    );
  });
  test('one that is no safe integer is refused', () => {
    for (const value of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])
      expect(() => uint64Of(new BinaryReader(written(value)))).toThrow(/MAX_SAFE_INTEGER/);
  });
  test('in a message of generated code, go there and back', () => {
    fc.assert(
      fc.property(count, count, (term, match) => {
        const message = raft.RaftMessage.fromPartial({ term, body: { $case: 'appended', value: { match } } });
        const bytes = raft.RaftMessage.encode(message, new GatherWriter()).finish();
        expect(raft.RaftMessage.decode(bytes)).toEqual(message);
      }),
    );
  });
});
