import { compareBytes, utf8 } from '@skerry/kernel';
import { data } from '@skerry/proto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { listBatchCount } from './limits.ts';
import { type Batches, compareNames, withName } from './listing-batches.ts';

const entry = (name: string, size = 0): data.DirectoryEntry => data.DirectoryEntry.fromPartial({ name, size });
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 3 });

describe('batches of a listing', () => {
  it('names are in the order of their bytes', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(Math.sign(compareBytes(utf8(a), utf8(b))));
      }),
    );
    expect(compareNames('\u{1f600}', '\uffee')).toBeGreaterThan(0);
    expect(compareNames('\ue000', '\u{10000}')).toBeLessThan(0);
  });
  it('hold what a map with the same changes holds, in order, and leave readers what they had', () => {
    const change = fc.record({ name, size: fc.option(fc.nat(), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const model = new Map<string, data.DirectoryEntry>();
        let batches: Batches = [];
        let count = 0;
        for (const { name: changed, size } of changes) {
          const [had, before] = [batches, batches.flat()];
          const next = size === undefined ? undefined : entry(changed, size);
          if (next === undefined) model.delete(changed);
          else model.set(changed, next);
          const result = withName(batches, changed, next);
          batches = result.batches;
          count += result.grown;
          expect(had.flat()).toEqual(before);
        }
        expect(count).toBe(model.size);
        expect(batches.flat()).toEqual([...model.values()].toSorted((a, b) => compareNames(a.name, b.name)));
        expect(batches.every(({ length }) => length > 0)).toBe(true);
      }),
    );
  });
  it('a batch that grows too long becomes two', () => {
    const names = Array.from({ length: 2 * listBatchCount }, (_, i) => `${i}`.padStart(5, '0'));
    let batches: Batches = [];
    for (const each of names) ({ batches } = withName(batches, each, entry(each)));
    expect(batches.length).toBeGreaterThan(1);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(listBatchCount);
    expect(batches.flat().map((each) => each.name)).toEqual(names);
  });
});
