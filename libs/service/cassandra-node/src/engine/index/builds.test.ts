import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { StatusError } from '@skerry/kernel';
import { eventually } from '@skerry/testing';
import { Bench } from '../bench.fixture.ts';
import { readBuildState, writeBuildState } from './build-states.ts';
import { Builds, buildRetryFirstMs, buildRetryMaxMs } from './builds.ts';

type Timer = { readonly delayMs: number; readonly callback: () => void };
class Subject {
  readonly b = new Bench();
  readonly timers: Timer[] = [];
  readonly failures: string[] = [];
  readonly builds: Builds;
  constructor() {
    const { b, timers, failures } = this;
    b.run('CREATE TABLE t (k int PRIMARY KEY, v int, w text)');
    for (let k = 0; k < 300; k++) b.run(`INSERT INTO t (k, v, w) VALUES (${k}, ${k % 3}, 'x')`);
    b.run('CREATE INDEX by_v ON t (v)');
    b.run('CREATE INDEX by_w ON t (w)');
    this.builds = new Builds({
      environment: b.environment,
      world: b.world,
      clock: {
        monotonicMs: () => 0,
        wallMs: () => 0,
        setTimer: (delayMs, callback) => {
          const timer = { delayMs, callback };
          timers.push(timer);
          return { cancel: () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0) };
        },
      },
      snapshot: () => b.snapshot,
      nowMs: () => b.micros / 1000,
      failed: (error, { name, failures: count }, retryMs) =>
        failures.push(`${name} ${count} ${error.reason} ${retryMs}`),
    });
    for (const number of [this.number('by_v'), this.number('by_w')]) b.unbuilt.add(number);
  }
  number(name: string): number {
    return this.b.snapshot.keyspaces.get('ks')?.indexes.get(name)?.number ?? 0;
  }
  isBuilt(name: string): boolean {
    return this.builds.isBuilt(this.number(name));
  }
  /** The store takes nothing. */
  full(): { mockRestore(): void } {
    return jest.spyOn(this.b.store, 'apply').mockImplementation(() => {
      throw new StatusError('disk_full', 'Cannot write: the disk is full');
    });
  }
}

let subject: Subject | undefined;
afterEach(() => subject?.builds.stop());

describe('a build that fails', () => {
  test('is tried again while the node runs, later each time, and ends whole', async () => {
    subject = new Subject();
    const { builds, failures, timers, b } = subject;
    builds.begin();
    const full = subject.full();
    await eventually(() => timers.length === 2);
    expect(failures).toEqual([`by_v 1 disk_full ${buildRetryFirstMs}`, `by_w 1 disk_full ${buildRetryFirstMs}`]);
    expect(builds.figures()[0]).toEqual({
      kind: 'index',
      keyspace: 'ks',
      table: 't',
      name: 'by_v',
      state: 'waiting',
      failures: 1,
      failure: 'Cannot write: the disk is full',
    });
    for (let count = 2; count <= 8; count++) {
      timers.splice(0, 1)[0]?.callback();
      await eventually(() => timers.length === 2);
      timers.reverse();
    }
    expect(failures.filter((each) => each.startsWith('by_v'))).toHaveLength(8);
    expect(failures.at(-1)).toBe(`by_v 8 disk_full ${buildRetryMaxMs}`);
    full.mockRestore();
    for (const { callback } of timers.splice(0)) callback();
    await eventually(() => subject?.isBuilt('by_v') === true && subject.isBuilt('by_w'));
    expect(builds.figures()).toEqual([]);
    b.unbuilt.clear();
    expect(b.rows('SELECT k FROM t WHERE v = 2')).toHaveLength(100);
  });
  test('is tried no more when it was dropped meanwhile', async () => {
    subject = new Subject();
    const { builds, failures, timers, b } = subject;
    builds.begin();
    const full = subject.full();
    await eventually(() => timers.length === 2);
    full.mockRestore();
    b.run('DROP INDEX by_v');
    for (const { callback } of timers.splice(0)) callback();
    await eventually(() => subject?.isBuilt('by_w') === true);
    expect(failures).toHaveLength(2);
    expect(builds.figures()).toEqual([]);
  });
});

test('an index does without values that are too large for it and were there before', async () => {
  subject = new Subject();
  const { b, builds } = subject;
  b.run('CREATE TABLE big (k int PRIMARY KEY, v text)');
  b.run(`INSERT INTO big (k, v) VALUES (1, '${'x'.repeat(65_535)}')`);
  b.run(`INSERT INTO big (k, v) VALUES (2, 'y')`);
  b.run('CREATE INDEX of_big ON big (v)');
  builds.begin();
  await eventually(() => subject?.isBuilt('of_big') === true);
  expect(b.rows(`SELECT k FROM big WHERE v = 'y'`)).toEqual(['2']);
  expect(b.fault(`INSERT INTO big (k, v) VALUES (3, '${'x'.repeat(65_535)}')`)).toContain('Cannot index value of size');
});

test('what is told of an index that is there no more goes at the start', async () => {
  subject = new Subject();
  const { b, builds } = subject;
  const gone = 4_000_000;
  writeBuildState(b.environment, gone, { built: true, after: undefined }, 1);
  b.store.apply();
  const seconds = Math.floor(b.micros / 1e6);
  expect(readBuildState(b.environment, gone, seconds).built).toBe(true);
  builds.begin();
  expect(readBuildState(b.environment, gone, seconds).built).toBe(false);
});
