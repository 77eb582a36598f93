import { describe, expect, it } from '@jest/globals';
import type { LogIndex, Term } from '@skerry/kernel';
import fc from 'fast-check';
import { LogIndexTable } from './log-index.ts';

const at = (index: number, term: number): { index: LogIndex; term: Term } => ({
  index: index as LogIndex,
  term: term as Term,
});
/** The same table as a plain array of terms and sizes, from `base + 1`. */
type Model = { base: number; baseTerm: number; entries: { term: number; size: number }[] };

const operation = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), raise: fc.nat(2), size: fc.nat(100) }),
  fc.record({ kind: fc.constant('truncate' as const), back: fc.nat(10) }),
  fc.record({ kind: fc.constant('compact' as const), forward: fc.nat(10) }),
);

describe('LogIndexTable', () => {
  it('answers as a plain list would, whatever is appended, cut off and cut away', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), fc.array(operation, { maxLength: 200 }), (base, baseTerm, operations) => {
        const table = new LogIndexTable(at(base, baseTerm));
        const model: Model = { base, baseTerm, entries: [] };
        for (const op of operations) {
          const last = model.base + model.entries.length;
          if (op.kind === 'append') {
            const term = (model.entries.at(-1)?.term ?? model.baseTerm) + op.raise;
            table.append(term as Term, op.size);
            model.entries.push({ term, size: op.size });
          } else if (op.kind === 'truncate' && last - op.back > model.base) {
            table.truncateFrom((last - op.back) as LogIndex);
            model.entries.splice(last - op.back - model.base - 1);
          } else if (op.kind === 'compact' && model.base + op.forward <= last) {
            table.compact((model.base + op.forward) as LogIndex);
            const gone = model.entries.splice(0, op.forward);
            model.base += gone.length;
            model.baseTerm = gone.at(-1)?.term ?? model.baseTerm;
          }
          expectSame(table, model);
        }
      }),
      { numRuns: 100 },
    );
  });
  const log = new LogIndexTable(at(0, 0));
  for (const term of [1, 1, 2, 2, 5]) log.append(term as Term, 10);
  it.each([
    ['the place itself, when its term fits', 4, 2, 4, 2],
    ['before the first entry of a later term', 5, 4, 4, 2],
    ['at the end of an older term', 5, 1, 2, 1],
    ['the base, when every term is later', 5, 0, 0, 0],
    ['not beyond the end', 9, 9, 5, 5],
  ])('agreeable: %s', (_, index, term, wantedIndex, wantedTerm) => {
    expect(log.agreeable(index, term as Term)).toEqual(at(wantedIndex, wantedTerm));
  });
  it.each([
    ['as many as fit', 0, 30, 3],
    ['one, though it is larger than the limit', 2, 5, 3],
    ['nothing after the end', 5, 100, 5],
  ])('a batch: %s', (_, after, limit, end) => {
    expect(log.batchEnd(after, limit)).toBe(end);
  });
});

function expectSame(table: LogIndexTable, { base, baseTerm, entries }: Model): void {
  expect(table.base).toEqual(at(base, baseTerm));
  expect(table.lastIndex).toBe(base + entries.length);
  const terms = Array.from({ length: entries.length + 3 }, (_, n) => table.term(base - 1 + n));
  expect(terms).toEqual([undefined, baseTerm, ...entries.map(({ term }) => term), undefined]);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  expect(table.sizeBytes(base, base + entries.length)).toBe(total);
}
