/** By how often a keyspace is to be kept. Messages as Cassandra 5.0.9 gives them. */
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
const cannot = (name: string, required: number, alive = 1): string =>
  `Cannot achieve consistency level ${name}: ${name} ${required} ${alive}`;

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
  test('what is not more than a keyspace keeps is answered', () => {
    for (const name of ['ANY', 'TWO', 'QUORUM', 'ALL', 'LOCAL_QUORUM', 'EACH_QUORUM'] as const) {
      expect(asked('INSERT INTO two.r (k, v) VALUES (2, 2)', name)).toBe('done');
      expect(asked('BEGIN BATCH DELETE FROM two.r WHERE k = 2 APPLY BATCH', name)).toBe('done');
      if (name !== 'ANY') expect(asked('SELECT * FROM two.r', name)).toBe('done');
    }
    for (const text of [
      'INSERT INTO two.r (k, v) VALUES (2, 2)',
      'SELECT * FROM two.r WHERE k = 2',
      'SELECT * FROM two.r',
      'UPDATE two.n SET c = c + 1 WHERE k = 1',
      'BEGIN BATCH DELETE FROM two.r WHERE k = 2 APPLY BATCH',
      'BEGIN COUNTER BATCH UPDATE two.n SET c = c + 1 WHERE k = 1 APPLY BATCH',
    ])
      expect(asked(text, 'THREE')).toBe(cannot('THREE', 3, 2));
    expect(asked('SELECT * FROM net.r', 'THREE')).toBe('done');
    expect(asked('BEGIN BATCH DELETE FROM two.r WHERE k = 2 APPLY BATCH', 'SERIAL')).toBe('done');
  });
  test('a condition asks for more only where something is written, and then nothing is', () => {
    const text = 'INSERT INTO r (k) VALUES (9) IF NOT EXISTS';
    expect(asked(text, 'EACH_QUORUM')).toBe(
      'consistency level EACH_QUORUM not compatible with replication strategy (org.apache.cassandra.locator.SimpleStrategy)',
    );
    expect(asked(text.replace('INTO r', 'INTO net.r'), 'EACH_QUORUM')).toBe('done');
    expect(asked(text, 'TWO')).toBe(cannot('TWO', 2));
    expect(asked(text, 'ONE')).toBe('done');
    expect(asked(text, 'TWO')).toBe('done');
  });
  test('ALTER KEYSPACE counts at once', () => {
    bench.run(`ALTER KEYSPACE two WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`);
    expect(asked('SELECT * FROM two.r', 'TWO')).toBe(cannot('TWO', 2));
  });
});
