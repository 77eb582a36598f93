/** Recorded on one Cassandra 5.0.9 node: what it answers at each level by how often a keyspace is to be kept. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { consistencies } from '@skerry/protocol-cql';
import { Bench } from './bench.fixture.ts';
import { CqlFault } from './contract.ts';

const level = (name: (typeof consistencies)[number]): number => consistencies.indexOf(name);
/** What was thrown: the level it names, how many it wants, how many there are. */
function fault(run: () => void): string {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof CqlFault)) throw thrown;
    const { detail, message } = thrown;
    return detail.kind === 'unavailable'
      ? `${message}: ${consistencies[detail.consistency]} ${detail.required} ${detail.alive}`
      : message;
  }
  return 'done';
}
const cannot = (name: string, required: number, where = '', alive = 1): string =>
  `Cannot achieve consistency level ${name}${where}: ${name} ${required} ${alive}`;

describe('levels', () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench();
    bench.run(`CREATE KEYSPACE two WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}`);
    bench.run(`CREATE KEYSPACE net WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 3}`);
    for (const keyspace of ['ks', 'two', 'net']) {
      bench.run(`CREATE TABLE ${keyspace}.r (k int PRIMARY KEY, v int)`);
      bench.run(`CREATE TABLE ${keyspace}.n (k int PRIMARY KEY, c counter)`);
    }
  });
  const asked = (text: string, name: (typeof consistencies)[number], serial = -1): string =>
    fault(() => {
      bench.run(text, [], { consistency: level(name), serialConsistency: serial });
    });

  test('one copy is enough for most', () => {
    for (const name of ['ONE', 'QUORUM', 'ALL', 'LOCAL_QUORUM', 'EACH_QUORUM', 'LOCAL_ONE'] as const) {
      expect(asked('INSERT INTO r (k, v) VALUES (1, 1)', name)).toBe('done');
      expect(asked('SELECT * FROM r WHERE k = 1', name)).toBe('done');
      expect(asked('UPDATE n SET c = c + 1 WHERE k = 1', name)).toBe('done');
    }
    expect(asked('SELECT * FROM r', 'SERIAL')).toBe('done');
    expect(asked('INSERT INTO r (k) VALUES (1)', 'TWO')).toBe(cannot('TWO', 2));
    expect(asked('SELECT * FROM r', 'THREE')).toBe(cannot('THREE', 3));
  });
  test('of two copies, one is missing', () => {
    expect(asked('INSERT INTO two.r (k) VALUES (1)', 'ANY')).toBe('done');
    expect(asked('SELECT * FROM two.r', 'ONE')).toBe('done');
    for (const name of ['TWO', 'QUORUM', 'ALL', 'LOCAL_QUORUM', 'EACH_QUORUM'] as const)
      for (const text of [
        'INSERT INTO two.r (k, v) VALUES (2, 2)',
        'SELECT * FROM two.r WHERE k = 2',
        'SELECT * FROM two.r',
        'UPDATE two.n SET c = c + 1 WHERE k = 1',
        'BEGIN BATCH DELETE FROM two.r WHERE k = 2 APPLY BATCH',
      ])
        expect(asked(text, name)).toBe(cannot(name, 2));
    expect(asked('BEGIN BATCH DELETE FROM two.r WHERE k = 2 APPLY BATCH', 'SERIAL')).toBe(cannot('SERIAL', 2));
    expect(asked('SELECT * FROM two.r', 'SERIAL')).toBe(cannot('SERIAL', 2));
    expect(asked('SELECT * FROM two.r WHERE k = 2', 'SERIAL')).toBe(cannot('QUORUM', 2));
    expect(asked('SELECT * FROM two.r WHERE k IN (1, 2)', 'LOCAL_SERIAL')).toBe(cannot('LOCAL_QUORUM', 2));
  });
  test('conditions want a quorum, whatever the level', () => {
    const text = (keyspace: string): string => `INSERT INTO ${keyspace}.r (k) VALUES (9) IF NOT EXISTS`;
    expect(asked(text('two'), 'ONE')).toBe(cannot('QUORUM', 2));
    expect(asked(text('net'), 'ONE', level('LOCAL_SERIAL'))).toBe(cannot('LOCAL_QUORUM', 2));
    expect(asked(text('net'), 'EACH_QUORUM')).toBe(cannot('QUORUM', 2));
    expect(asked(text('ks'), 'EACH_QUORUM')).toBe(
      'consistency level EACH_QUORUM not compatible with replication strategy (org.apache.cassandra.locator.SimpleStrategy)',
    );
    // Only what is written asks for more, and then nothing is.
    expect(asked(text('ks'), 'TWO')).toBe(cannot('TWO', 2));
    expect(asked(text('ks'), 'ONE')).toBe('done');
    expect(asked(text('ks'), 'TWO')).toBe('done');
  });
  test('data centers are looked at one by one', () => {
    expect(asked('SELECT * FROM net.r', 'QUORUM')).toBe(cannot('QUORUM', 2));
    expect(asked('SELECT * FROM net.r', 'ALL')).toBe(cannot('ALL', 3));
    expect(asked('SELECT * FROM net.r', 'EACH_QUORUM')).toBe(cannot('EACH_QUORUM', 2, ' in DC datacenter1', 0));
  });
  test('ALTER KEYSPACE counts at once', () => {
    bench.run(`ALTER KEYSPACE two WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`);
    expect(asked('SELECT * FROM two.r', 'QUORUM')).toBe('done');
  });
});
