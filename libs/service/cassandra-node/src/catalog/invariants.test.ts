/** Any sequence of statements keeps the schema whole, and what is written is what is read. */
import { expect, test } from '@jest/globals';
import { Prng } from '@skerry/kernel';
import fc from 'fast-check';
import { allColumns, createOrder } from './columns.ts';
import { keyspaceDocuments, readKeyspaces } from './document.ts';
import { emptySnapshot, execute, snapshotOf, type DdlStatement } from './execute.ts';
import {
  add,
  addField,
  alterUdt,
  contextOf,
  drop,
  index,
  keyspace,
  md5,
  remove,
  removeKeyspace,
  rename,
  table,
  udt,
  view,
  withOptions,
} from './fixture.ts';
import { findRelation, liveNumbers, type Snapshot } from './state.ts';
import { referencesUserType, someType } from './type-names.ts';

const pick = (prng: Prng, ...of: readonly string[]): string => of[prng.below(of.length)]!;
const anyType = (prng: Prng): string =>
  pick(prng, 'int', 'text', 'set<int>', 'map<int, text>', 'frozen<list<a>>', 'frozen<b>', 'a', 'tuple<int, a>');

/** Something that is often possible, and often not. */
function statement(prng: Prng): DdlStatement {
  const of = `${pick(prng, 'ks', 'ks', 'ks2')}.${pick(prng, 't1', 't2', 't3')}`;
  const column = pick(prng, 'v1', 'v2', 'v3');
  const user = `ks.${pick(prng, 'a', 'b', 'c')}`;
  const makers: readonly (() => DdlStatement)[] = [
    () => keyspace(pick(prng, 'ks', 'ks2')),
    () => (prng.chance(0.1) ? removeKeyspace(pick(prng, 'ks', 'ks2')) : keyspace('ks')),
    () => table(of, `k int, c int, s text static, v1 ${anyType(prng)}, v2 ${anyType(prng)}, PRIMARY KEY (k, c)`),
    () => table(of, 'k text PRIMARY KEY, v1 int'),
    () => add(of, `${column} ${anyType(prng)}`),
    () => drop(of, [column], prng.chance(0.5) ? prng.below(1000) : undefined),
    () => rename(of, pick(prng, 'k', 'c', 'k2'), pick(prng, 'k', 'c', 'k2')),
    () => withOptions(of, { comment: pick(prng, 'x', 'y') }),
    () => (prng.chance(0.3) ? remove('dropTable', of) : add(of, 'v1 int')),
    () => udt(user, `f ${pick(prng, 'int', 'frozen<a>', 'frozen<b>')}, g text`),
    () => addField(user, `${column} ${pick(prng, 'int', 'frozen<a>', 'frozen<c>')}`),
    () => alterUdt(user, { kind: 'rename', ifExists: false, renames: [['f', column]] }),
    () => remove('dropType', user),
    () => index(of, column),
    () => remove('dropIndex', `ks.t1_${column}_idx`),
    () =>
      view(`ks.${pick(prng, 'm1', 'm2')}`, of, `${column}, k, c`, {
        columns: prng.chance(0.5) ? [] : [column, 'k', 'c'],
      }),
    () => view(`ks.${pick(prng, 'm1', 'm2')}`, of, `${column}, k`),
    () => remove('dropView', `ks.${pick(prng, 'm1', 'm2')}`),
  ];
  return makers[prng.below(makers.length)]!();
}

/** For each table number the columns it ever had: a number of a column is of one name, type and kind for ever. */
type History = Map<number, Map<number, string>>;

function checkHistory(snapshot: Snapshot, history: History): void {
  for (const { tables } of snapshot.keyspaces.values())
    for (const { number, partitionKey, clustering, statics, regulars } of tables.values()) {
      const known = history.get(number) ?? new Map<number, string>();
      for (const column of [...partitionKey, ...clustering]) known.set(column.id, `key ${column.kind}`);
      for (const column of [...statics, ...regulars]) {
        const kind = `${column.kind} ${column.name} ${column.type.kind}`;
        expect(known.get(column.id) ?? kind).toBe(kind);
        known.set(column.id, kind);
      }
      history.set(number, known);
    }
}

function checkWhole(snapshot: Snapshot): void {
  const numbers: number[] = [];
  const ids: string[] = [];
  for (const { name, tables, views, types, indexes } of snapshot.keyspaces.values()) {
    const all = [...tables.values(), ...[...views.values()].map(({ schema }) => schema)];
    numbers.push(...all.map(({ number }) => number), ...[...indexes.values()].map(({ number }) => number));
    ids.push(...all.map(({ id }) => id));
    expect(new Set(all.map((relation) => relation.name)).size).toBe(all.length);
    for (const relation of all) {
      const columns = allColumns(relation);
      expect(relation.keyspace).toBe(name);
      expect(new Set(columns.map(({ id }) => id)).size).toBe(columns.length);
      expect(new Set(columns.map((column) => column.name)).size).toBe(columns.length);
      expect(createOrder(relation)).toHaveLength(columns.length);
      for (const kind of [relation.partitionKey, relation.clustering, relation.statics, relation.regulars])
        expect(kind.map(({ position }) => position)).toEqual(kind.map((_, at) => at));
      // A user type inside a column is the one that is declared, but for being frozen.
      for (const column of columns)
        someType(column.type, (part) => {
          if (part.kind === 'udt')
            expect(part.fields.map((field) => field.name)).toEqual(
              types.get(part.name)!.fields.map((field) => field.name),
            );
          return false;
        });
    }
    for (const type of types.values())
      expect(type.fields.some((field) => referencesUserType(field.type, type.name))).toBe(false);
    for (const { base, schema } of views.values()) {
      const table_ = tables.get(base)!;
      for (const column of allColumns(schema))
        expect(allColumns(table_).map((other) => other.name)).toContain(column.name);
    }
    for (const { table: of, targets } of indexes.values())
      for (const target of targets)
        expect(allColumns(tables.get(of)!).map((column) => column.name)).toContain(target.column);
  }
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Math.max(...numbers)).toBeLessThan(snapshot.nextNumber);
}

/** Sequences that are played; `SKERRY_DDL_RUNS` asks for more. */
const runCount = Number(process.env['SKERRY_DDL_RUNS'] ?? 20);

test('a random sequence of statements keeps numbers, names and references whole', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const prng = new Prng(seed);
      const context = contextOf('ks', seed);
      let snapshot = emptySnapshot(md5);
      let used = liveNumbers(snapshot);
      const history: History = new Map();
      for (let step = 0; step < 60; step++) {
        const result = execute(snapshot, statement(prng), context, md5);
        if (!result.ok) continue;
        const { value } = result;
        if (value.change !== undefined) accepted++;
        checkWhole(value.snapshot);
        checkHistory(value.snapshot, history);
        const live = liveNumbers(value.snapshot);
        expect(value.snapshot.nextNumber).toBeGreaterThanOrEqual(snapshot.nextNumber);
        // What is new has a number from above; what is gone is told.
        for (const number of live) if (!used.has(number)) expect(number).toBeGreaterThanOrEqual(snapshot.nextNumber);
        expect(value.dropped.toSorted()).toEqual([...used].filter((number) => !live.has(number)).toSorted());
        expect(value.change === undefined).toBe(value.snapshot === snapshot);
        for (const [name, keyspace_] of value.snapshot.keyspaces) {
          const before = snapshot.keyspaces.get(name);
          for (const [of, after] of keyspace_.tables) {
            const old = before === undefined ? undefined : findRelation(before, of);
            if (old !== undefined && old !== after && old.id === after.id) expect(after.version).toBe(old.version + 1);
          }
        }
        snapshot = value.snapshot;
        used = live;
      }
      const document = JSON.parse(
        JSON.stringify({ nextNumber: snapshot.nextNumber, keyspaces: keyspaceDocuments(snapshot.keyspaces) }),
      ) as Parameters<typeof readKeyspaces>[0];
      const loaded = snapshotOf(readKeyspaces(document), document.nextNumber, md5);
      expect(loaded.version).toBe(snapshot.version);
      expect(keyspaceDocuments(loaded.keyspaces)).toEqual(keyspaceDocuments(snapshot.keyspaces));
    }),
    { numRuns: runCount },
  );
  expect(accepted).toBeGreaterThan(3 * runCount);
});
