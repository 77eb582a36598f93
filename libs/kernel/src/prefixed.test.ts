import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex, utf8 } from './bytes.ts';
import { MemoryStore } from './memory-store.ts';
import type { KeyRange, KeyValue } from './ordered-store.ts';
import { prefixedReader, prefixedWriter } from './prefixed.ts';

const rows = (found: Iterable<KeyValue>): string[] => [...found].map(([key, value]) => `${toHex(key)}=${toHex(value)}`);
const key = fc.uint8Array({ minLength: 0, maxLength: 3 });
const range = fc.record({
  from: key,
  to: fc.option(key, { nil: undefined }),
  reverse: fc.boolean(),
  limit: fc.integer({ min: 0, max: 5 }),
});

describe('a prefixed part of a store', () => {
  for (const prefix of [utf8('s/'), Uint8Array.of(0xff), Uint8Array.of(1, 0xff), new Uint8Array(0)])
    test(`is like a store of its own (prefix ${toHex(prefix)})`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(key, key), { maxLength: 20 }),
          fc.array(range, { maxLength: 5 }),
          (puts, ranges) => {
            const whole = new MemoryStore();
            const alone = new MemoryStore();
            whole.transaction((writer) => {
              for (const [each, value] of puts) prefixedWriter(writer, prefix).put(each, value);
            });
            alone.transaction((writer) => {
              for (const [each, value] of puts) writer.put(each, value);
            });
            const part = prefixedReader(whole, prefix);
            for (const [each] of puts) expect(part.get(each)).toEqual(alone.get(each));
            for (const each of ranges as KeyRange[]) expect(rows(part.range(each))).toEqual(rows(alone.range(each)));
          },
        ),
      );
    });
  test('does not see or change what lies beside it', () => {
    const store = new MemoryStore();
    store.transaction((writer) => {
      writer.put(utf8('r/a'), utf8('1'));
      writer.put(utf8('t/a'), utf8('2'));
      const part = prefixedWriter(writer, utf8('s/'));
      part.put(utf8('a'), utf8('3'));
      part.delete(utf8('b'));
      expect(rows(part.range({ from: new Uint8Array(0) }))).toEqual(['61=33']);
    });
    expect(rows(store.range({ from: new Uint8Array(0) }))).toHaveLength(3);
  });
});
