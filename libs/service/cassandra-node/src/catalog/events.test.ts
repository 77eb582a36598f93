/** As Cassandra 5.0.9 tells them, which names tables of one statement in no order. */
import { describe, expect, test } from '@jest/globals';
import { parse } from '@skerry/protocol-cql';
import { emptySnapshot, execute, isDdl } from './execute.ts';
import { contextOf, md5 } from './fixture.ts';

function after(...texts: readonly string[]): (text: string) => readonly string[] {
  let snapshot = emptySnapshot(md5);
  const told = (text: string): readonly string[] => {
    const parsed = parse(text);
    if (!parsed.ok || !isDdl(parsed.value.statement)) throw new Error(`not a change of schema: ${text}`);
    const done = execute(snapshot, parsed.value.statement, contextOf('k'), md5);
    if (!done.ok) throw new Error(done.error.message);
    snapshot = done.value.snapshot;
    return done.value.events.map(({ change, target, name }) =>
      [change, target, ...(name === undefined ? [] : [name])].join(' '),
    );
  };
  for (const text of texts) told(text);
  return told;
}
const schema = [
  "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}",
  'CREATE TYPE u (a int, b text)',
  'CREATE TYPE u2 (a frozen<u>, b text)',
  'CREATE TABLE t (k int PRIMARY KEY, v int, w frozen<u>)',
  'CREATE TABLE t2 (k int PRIMARY KEY, v int, w list<frozen<u2>>)',
  'CREATE TABLE t3 (k int PRIMARY KEY, v int)',
  'CREATE MATERIALIZED VIEW narrow AS SELECT k, v FROM t WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)',
  'CREATE MATERIALIZED VIEW wide AS SELECT * FROM t2 WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)',
];

describe('events of a statement', () => {
  test('one, of what is made or goes', () => {
    const told = after();
    expect(schema.map((text) => told(text)[0])).toEqual([
      'CREATED KEYSPACE',
      'CREATED TYPE u',
      'CREATED TYPE u2',
      ...['t', 't2', 't3', 'narrow', 'wide'].map((name) => `CREATED TABLE ${name}`),
    ]);
    expect(told('CREATE INDEX i ON t3 (v)')).toEqual(['UPDATED TABLE t3']);
    expect(told('DROP MATERIALIZED VIEW wide')).toEqual(['DROPPED TABLE wide']);
    expect(told('DROP TABLE t3')).toEqual(['DROPPED TABLE t3']);
    expect(told('ALTER KEYSPACE k WITH durable_writes = false')).toEqual(['UPDATED KEYSPACE']);
  });
  test('none, where nothing is changed', () => {
    const told = after(...schema);
    expect(told('CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY)')).toEqual([]);
    expect(told("ALTER TABLE t WITH comment = ''")).toEqual([]);
  });
  test('views that show what a table gets', () => {
    const told = after(...schema);
    expect(told('ALTER TABLE t ADD x int')).toEqual(['UPDATED TABLE t']);
    expect(told('ALTER TABLE t2 ADD x int')).toEqual(['UPDATED TABLE t2', 'UPDATED TABLE wide']);
    expect(told('ALTER TABLE t RENAME k TO kk')).toEqual(['UPDATED TABLE t', 'UPDATED TABLE narrow']);
    expect(told('ALTER TABLE t2 WITH gc_grace_seconds = 5')).toEqual(['UPDATED TABLE t2']);
  });
  test('all that is made of a type', () => {
    expect(after(...schema)('ALTER TYPE u ADD c int')).toEqual([
      'UPDATED TYPE u',
      'UPDATED TYPE u2',
      'UPDATED TABLE t',
      'UPDATED TABLE t2',
      'UPDATED TABLE wide',
    ]);
    expect(after(...schema)('ALTER TYPE u2 RENAME b TO c')).toEqual([
      'UPDATED TYPE u2',
      'UPDATED TABLE t2',
      'UPDATED TABLE wide',
    ]);
  });
  test('all that goes with a keyspace', () => {
    expect(after(...schema)('DROP KEYSPACE k')).toEqual([
      'DROPPED TABLE narrow',
      'DROPPED TABLE wide',
      'DROPPED TABLE t',
      'DROPPED TABLE t2',
      'DROPPED TABLE t3',
      'DROPPED TYPE u',
      'DROPPED TYPE u2',
      'DROPPED KEYSPACE',
    ]);
  });
});
