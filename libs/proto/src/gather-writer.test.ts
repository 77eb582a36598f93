import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { common, data, GatherWriter, group } from './index.ts';

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
  test('writes submessages within submessages as the generated writer does, small and large ones in any order', () => {
    const operation = fc.record({
      number: fc.nat(),
      size: fc.constantFrom(0, 1, 100, 127, 128, 300, 2047, 2048, 20_000),
      isQuery: fc.boolean(),
    });
    const writer = new GatherWriter();
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const message = group.OperateRequest.fromPartial({
          group: 'g',
          operations: operations.map(({ number, size, isQuery }) => {
            const bytes = new Uint8Array(size).fill(number);
            if (isQuery) return { number, kind: { $case: 'query', value: bytes } };
            return {
              number,
              kind: { $case: 'proposal', value: { operationId: bytes.subarray(0, 16), command: bytes } },
            };
          }),
        });
        const plain = group.OperateRequest.encode(message).finish();
        expect(equalBytes(group.OperateRequest.encode(message, writer).finish(), plain)).toBe(true);
      }),
    );
  });
  test('keeps what is small in one piece, whatever is nested in it', () => {
    const writer = new GatherWriter();
    const value = { operationId: new Uint8Array(16), command: new Uint8Array(300) };
    const operations = Array.from({ length: 20 }, (_, number) => ({
      number,
      kind: { $case: 'proposal' as const, value },
    }));
    group.OperateRequest.encode(group.OperateRequest.fromPartial({ group: 'g', operations }), writer);
    expect(writer.takePieces()).toHaveLength(1);
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
