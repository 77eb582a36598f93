import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '@skerry/kernel';
import { CellTable } from './cell-table.ts';
import { type Layout, layoutOf } from './layout.ts';
import { MutationWriter } from './mutation-writer.ts';
import { Sink } from './sink.ts';
import { nothing, nullPart, part, setColumn, testSchema } from './test-table.ts';

type Cell =
  | { readonly kind: 'value'; readonly id: number; readonly at: number; readonly bytes: number[] }
  | {
      readonly kind: 'expiring';
      readonly id: number;
      readonly at: number;
      readonly bytes: number[];
      readonly local: number;
    }
  | { readonly kind: 'tombstone'; readonly id: number; readonly at: number; readonly local: number }
  | { readonly kind: 'deletion'; readonly at: number; readonly local: number }
  | {
      readonly kind: 'element';
      readonly at: number;
      readonly path: number;
      readonly bytes: number[];
      readonly ttl: number;
    }
  | { readonly kind: 'elementTombstone'; readonly at: number; readonly path: number; readonly local: number }
  | {
      readonly kind: 'counter';
      readonly at: number;
      readonly host: number;
      readonly clock: number;
      readonly count: number;
    };
type Row = {
  readonly live: { readonly at: number; readonly ttl: number; readonly expiry: number } | undefined;
  readonly deletion: { readonly at: number; readonly local: number } | undefined;
  readonly cells: readonly Cell[];
};

// Small ranges: ties are what the rules are about.
const at = fc.integer({ min: 1, max: 4 });
const local = fc.integer({ min: 100, max: 103 });
const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3 });
const id = fc.constantFrom(3, 4, 5);
const path = fc.integer({ min: 0, max: 3 });
const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.record({ kind: fc.constant('value' as const), id, at, bytes }),
  fc.record({ kind: fc.constant('expiring' as const), id, at, bytes, local }),
  fc.record({ kind: fc.constant('tombstone' as const), id, at, local }),
  fc.record({ kind: fc.constant('deletion' as const), at, local }),
  fc.record({ kind: fc.constant('element' as const), at, path, bytes, ttl: fc.constantFrom(0, 5) }),
  fc.record({ kind: fc.constant('elementTombstone' as const), at, path, local }),
);
/** Apart from deletions: what was deleted of a counter and counted on is lost or not, in Cassandra as here. */
const counters: fc.Arbitrary<Row> = fc.record({
  live: fc.constant(undefined),
  deletion: fc.constant(undefined),
  cells: fc.array(
    fc.record({
      kind: fc.constant('counter' as const),
      at,
      host: path,
      clock: fc.integer({ min: 0, max: 3 }),
      count: fc.integer({ min: -2, max: 2 }),
    }),
    { maxLength: 1 },
  ),
});
const plain: fc.Arbitrary<Row> = fc.record({
  live: fc.option(fc.record({ at, ttl: fc.constantFrom(0, 5, 6), expiry: local }), { nil: undefined }),
  deletion: fc.option(fc.record({ at, local }), { nil: undefined, freq: 4 }),
  cells: fc.array(cell, { maxLength: 6 }),
});

const runs = { numRuns: 2_000 };

const schema = testSchema({ regulars: [...testSchema().regulars, setColumn] });
const layout = layoutOf(schema).regulars;
const denseLayout = layoutOf(testSchema()).regulars;

function shard({ host, clock, count }: Extract<Cell, { kind: 'counter' }>): Uint8Array {
  const out = new Uint8Array(32).fill(host, 0, 16);
  const view = new DataView(out.buffer);
  view.setUint32(20, clock);
  view.setInt32(24, count < 0 ? -1 : 0);
  view.setInt32(28, count);
  return out;
}
function write(writer: MutationWriter, one: Cell): void {
  switch (one.kind) {
    case 'value':
      return writer.value(one.id, Uint8Array.from(one.bytes), 0, one.bytes.length, 0, one.at);
    case 'expiring':
      return writer.value(one.id, Uint8Array.from(one.bytes), 0, one.bytes.length, 0, one.at, 50, one.local);
    case 'tombstone':
      return writer.tombstone(one.id, 0, one.at, one.local);
    case 'deletion':
      return writer.collectionDeletion(6, 0, one.at, one.local);
    case 'element':
      return writer.element(
        6,
        part(Uint8Array.of(one.path)),
        part(Uint8Array.of(one.path, 9)),
        part(Uint8Array.from(one.bytes)),
        0,
        one.at,
        one.ttl,
        one.ttl === 0 ? 0 : 101,
      );
    case 'elementTombstone':
      return writer.elementTombstone(6, part(Uint8Array.of(one.path)), nullPart, 0, one.at, one.local);
    case 'counter':
      return writer.counter(9, part(shard(one)), 0, one.at);
  }
}
/** The stored bytes of a row. */
function encoded({ live, deletion, cells }: Row): Uint8Array {
  const writer = new MutationWriter();
  writer.begin(7, Uint8Array.of(1), 0, 1);
  const from = writer.sink.length;
  if (live === undefined) writer.row(nothing, nothing);
  else writer.insertedRow(nothing, nothing, 0, live.at, live.ttl, live.expiry);
  if (deletion !== undefined) writer.rowDeletion(0, deletion.at, deletion.local);
  for (const one of cells) write(writer, one);
  writer.endRow();
  return writer.sink.bytes.slice(from, writer.sink.length);
}
const table = (stored: Uint8Array): CellTable => {
  const cells = new CellTable();
  cells.parse(stored, new DataView(stored.buffer), 0);
  return cells;
};
function merge(a: Uint8Array, b: Uint8Array, as: Layout | undefined = layout): Uint8Array {
  const merged = new CellTable();
  merged.merge(table(a), table(b));
  merged.shadow();
  const sink = new Sink();
  merged.encode(sink, as);
  return sink.bytes.slice(0, sink.length);
}
const same = (a: Uint8Array, b: Uint8Array): void => expect(toHex(a)).toBe(toHex(b));
describe.each([
  ['of values and collections', plain],
  ['of counters', counters],
])('two versions of a row %s', (_name, row: fc.Arbitrary<Row>) => {
  test('become the same in either order', () =>
    fc.assert(
      fc.property(row, row, (a, b) => same(merge(encoded(a), encoded(b)), merge(encoded(b), encoded(a)))),
      runs,
    ));
  test('become the same in whatever groups', () =>
    fc.assert(
      fc.property(row, row, row, (a, b, c) => {
        const [x, y, z] = [encoded(a), encoded(b), encoded(c)];
        same(merge(merge(x, y), z), merge(x, merge(y, z)));
      }),
      runs,
    ));
  test('that are one become that one', () =>
    fc.assert(
      fc.property(row, row, (a, b) => {
        const once = merge(encoded(a), encoded(b));
        same(merge(once, once), once);
        same(merge(once, encoded(a)), once);
      }),
      runs,
    ));
});

describe('two inserts of one time', () => {
  test('become dense when their cells have one time, and mean the same', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(id, bytes), { maxLength: 5 }),
        fc.array(fc.tuple(id, bytes), { maxLength: 5 }),
        (a, b) => {
          const rows = [a, b].map((cells) =>
            encoded({
              live: { at: 2, ttl: 0, expiry: 0 },
              deletion: undefined,
              cells: cells.map(([one, value]) => ({ kind: 'value', id: one, at: 2, bytes: value })),
            }),
          );
          const [x = new Uint8Array(), y = new Uint8Array()] = rows;
          const dense = merge(x, y, denseLayout);
          expect((dense[4] ?? 0) & 4).toBe(4);
          same(merge(dense, dense, undefined), merge(x, y, undefined));
          same(merge(dense, x, denseLayout), dense);
        },
      ),
    ));
});

describe('of two cells of one place', () => {
  const value = (at_: number, ...content: number[]): Cell => ({ kind: 'value', id: 3, at: at_, bytes: content });
  const expiring = (at_: number, until: number, ...content: number[]): Cell => ({
    kind: 'expiring',
    id: 3,
    at: at_,
    bytes: content,
    local: until,
  });
  const gone = (at_: number, when: number): Cell => ({ kind: 'tombstone', id: 3, at: at_, local: when });
  test.each<[string, Cell, Cell]>([
    ['the newer wins', value(2, 1), value(1, 9)],
    ['the newer value wins over a tombstone', value(2, 1), gone(1, 103)],
    ['on a tie the tombstone', gone(1, 100), value(1, 9)],
    ['on a tie the tombstone over one that expires later', gone(1, 100), expiring(1, 103, 9)],
    ['on a tie the expiring over the plain', expiring(1, 100, 1), value(1, 9)],
    ['on a tie the one that expires later', expiring(1, 102, 1), expiring(1, 101, 9)],
    ['on a tie the later tombstone', gone(1, 102), gone(1, 101)],
    ['on a tie the larger bytes', value(1, 2), value(1, 1, 9)],
    ['on a tie the larger bytes, unsigned', value(1, 0x80), value(1, 0x7f)],
    ['on a tie the longer of two with one beginning', value(1, 1, 0), value(1, 1)],
  ])('%s', (_name, winner, loser) => {
    const alone = encoded({ live: undefined, deletion: undefined, cells: [winner] });
    const other = encoded({ live: undefined, deletion: undefined, cells: [loser] });
    const wanted = merge(alone, alone);
    same(merge(alone, other), wanted);
    same(merge(other, alone), wanted);
  });
  test('a counter that was deleted stays so', () => {
    const count: Cell = { kind: 'counter', at: 4, host: 1, clock: 2, count: 1 };
    const deleted = encoded({ live: undefined, deletion: undefined, cells: [{ ...gone(1, 100), id: 9 } as Cell] });
    same(merge(encoded({ live: undefined, deletion: undefined, cells: [count] }), deleted), merge(deleted, deleted));
  });
  test('what a deletion of its row covers is gone, at the same time too', () => {
    const covered = encoded({
      live: { at: 2, ttl: 0, expiry: 0 },
      deletion: undefined,
      cells: [value(2, 1), value(1, 2)],
    });
    const deletion = encoded({ live: undefined, deletion: { at: 2, local: 100 }, cells: [] });
    same(merge(covered, deletion), merge(deletion, deletion));
  });
});
