/** Random lives of a log against a list of the states it may be in, under power cuts, kills and full disks at any point. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeRecord, LogIndex, type StatusError } from '@skerry/kernel';
import { Simulation } from '@skerry/runtime-simulation';
import { openRaftLog } from './index.ts';
import {
  common,
  compacted,
  describeEntry,
  describeState,
  describeStored,
  entry,
  firstState,
  hardState,
  identity,
  lastIndexOf,
  mark,
  type State,
  stateOf,
  statesOf,
  storedOf,
  termAt,
  write,
} from './model-fixture.ts';
import type { LogWrite, OpenedRaftLog, RaftLog } from './types.ts';

const node = 'node';
const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const count = fc.integer({ min: 1, max: 5 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('append' as const), count, encoded: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('vote' as const), count: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('conflict' as const), at: fraction, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), at: fraction, vote: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('install' as const),
      ahead: fc.nat(8),
      count: fc.nat(2),
      vote: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('compact' as const), at: fraction }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), at: fraction, sizeMaxBytes: fc.nat(3_000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('full' as const), leftBytes: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('roomy' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('crash' as const, 'kill' as const),
      events: fc.nat(12),
      // Cut off again while it opens, so many events later.
      again: fc.array(fc.nat(30), { maxLength: 2 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const sizes = fc.record({
  segmentSizeBytes: fc.constantFrom(600, 2_000, 8_000),
  allocationStepBytes: fc.constantFrom(512, 1_000, 4_096),
  cacheSizeBytes: fc.constantFrom(0, 1_500, 1_000_000),
});
type Sizes = typeof sizes extends fc.Arbitrary<infer S> ? S : never;

const marks = { crashes: 0, refusals: 0, partial: 0, fromDisk: 0, cuts: 0, truncated: 0, installed: 0 };

class Life {
  readonly #simulation: Simulation;
  readonly #sizes: Sizes;
  #log: RaftLog | undefined;
  /** From the last acknowledged state on. */
  #states: State[] = [firstState];
  #acknowledged = 0;
  /** The state that the newest mark made. */
  #marked = 0;
  #outstanding = 0;
  #refused: StatusError | undefined;
  #counter = 0;

  constructor(seed: number, chosen: Sizes) {
    this.#simulation = new Simulation(seed);
    this.#sizes = chosen;
    this.#simulation.world(node);
  }
  get #now(): State {
    return this.#states.at(-1) ?? firstState;
  }
  async #open(): Promise<OpenedRaftLog> {
    return openRaftLog({ world: this.#simulation.world(node), ...common, ...this.#sizes });
  }
  async begin(): Promise<void> {
    this.#simulation.disk(node).capacityBytes = Infinity;
    const opened = await this.#simulation.complete(() => this.#open());
    this.#log = opened.log;
    const found = await this.#simulation.complete(() => stateOf(opened.log));
    const allowed = this.#states.slice(this.#acknowledged).map(describeState);
    expect(allowed).toContain(describeState(found));
    if (describeState(found) !== allowed[0] && describeState(found) !== allowed.at(-1)) marks.partial += 1;
    expect(describeStored(opened)).toEqual(storedOf(found));
    expect(opened.report).toMatchObject({ origin: opened.report.origin, entryCount: found.entries.length });
    expect(opened.stored).toMatchObject({ hardState: found.hardState, snapshot: found.snapshot });
    this.#states = [found];
    this.#marked = 0;
    this.#acknowledged = 0;
    this.#refused = undefined;
  }
  #write(next: LogWrite): void {
    if (this.#log === undefined) return;
    const before = this.#states.length;
    this.#states.push(...statesOf(this.#now, next));
    if (next.snapshot !== undefined) this.#marked = before;
    this.#track(this.#log.write(next));
  }
  /** Of what was just asked for, which ends with the state as of now. */
  #track(done: Promise<void>, end = this.#states.length - 1): void {
    this.#outstanding += 1;
    done
      .then(
        () => {
          // In order: nothing is acknowledged behind a refusal.
          if (end > this.#acknowledged) expect(this.#refused).toBeUndefined();
          this.#acknowledged = Math.max(this.#acknowledged, end);
        },
        (thrown: StatusError) => {
          expect(thrown.reason).toBe('disk_full');
          this.#refused = thrown;
          marks.refusals += 1;
        },
      )
      .finally(() => (this.#outstanding -= 1));
  }
  #entries(first: number, term: number, howMany: number, encoded: boolean): LogWrite['entries'] {
    return Array.from({ length: howMany }, (_, i) => {
      const n = this.#counter++;
      const size = [8, 40, 420, 900][n % 4] ?? 8;
      const kind = n % 11 === 0 ? 'noop' : n % 7 === 0 ? 'configuration' : 'command';
      const plain = entry(first + i, term, `e${n}`.padEnd(size, '-'), kind);
      return encoded ? { ...plain, record: encodeRecord(identity, plain) } : plain;
    });
  }
  async do(step: Step): Promise<void> {
    if (this.#refused !== undefined && step.do !== 'crash' && step.do !== 'kill') await this.#reopen();
    const { snapshot } = this.#now;
    const last = lastIndexOf(this.#now);
    const { term } = this.#now.hardState;
    const place = (at: number): number => snapshot.last.index + 1 + Math.floor(at * (last - snapshot.last.index - 1));
    switch (step.do) {
      case 'append':
        return this.#write(write({ entries: this.#entries(last + 1, term, step.count, step.encoded) }));
      case 'vote':
        return this.#write(
          write({
            hardState: hardState(term + 1, step.count === 0 ? undefined : 'data_2'),
            entries: this.#entries(last + 1, term + 1, step.count, false),
          }),
        );
      case 'conflict': {
        if (last === snapshot.last.index) return;
        marks.truncated += 1;
        const from = place(step.at);
        const entries = this.#entries(from, term + 1, step.count, true);
        return this.#write(write({ hardState: hardState(term + 1), truncateFrom: LogIndex(from), entries }));
      }
      case 'truncate': {
        if (last === snapshot.last.index) return;
        const next = step.vote ? hardState(term + 1) : undefined;
        return this.#write(write({ hardState: next, truncateFrom: LogIndex(place(step.at)) }));
      }
      case 'install': {
        marks.installed += 1;
        const at = snapshot.last.index + step.ahead;
        const next = step.vote ? hardState(term + 1, 'data_3') : undefined;
        const entries = this.#entries(at + 1, next?.term ?? term, step.count, true);
        return this.#write(write({ hardState: next, snapshot: mark(at, term), entries }));
      }
      case 'compact':
        return this.#compact(last === snapshot.last.index ? last : place(step.at));
      case 'read':
        return this.#read(snapshot.last.index + Math.floor(step.at * (last - snapshot.last.index)), step.sizeMaxBytes);
      case 'settle':
        return this.#simulation.run(() => this.#outstanding === 0);
      case 'full': {
        const disk = this.#simulation.disk(node);
        disk.capacityBytes = disk.usedBytes() + step.leftBytes;
        return;
      }
      case 'roomy':
        this.#simulation.disk(node).capacityBytes = Infinity;
        return;
      case 'reopen':
        return this.#reopen();
      case 'crash':
      case 'kill':
        return this.#crash(step);
    }
  }
  #compact(at: number): void {
    const term = termAt(this.#now, at);
    if (this.#log === undefined || term === undefined) return;
    marks.cuts += 1;
    const isNew = at > this.#now.snapshot.last.index;
    if (isNew) this.#states.push(compacted(this.#now, mark(at, term)));
    if (isNew) this.#marked = this.#states.length - 1;
    // One that says nothing new waits for the mark that is there, not for what came behind it.
    this.#track(this.#log.compact(mark(at, term)), this.#marked);
  }
  async #read(after: number, sizeMaxBytes: number): Promise<void> {
    const log = this.#log;
    const state = this.#now;
    const term = termAt(state, after);
    if (log === undefined || term === undefined) return;
    const previous = { index: LogIndex(after), term };
    const wanted = state.entries.filter(({ index }) => index > after);
    const last = LogIndex(lastIndexOf(state));
    const cached = log.readCached(previous, last, sizeMaxBytes);
    const found = await this.#simulation.complete(() => log.read(previous, last, sizeMaxBytes));
    // A full disk may have refused meanwhile: then nothing is served.
    if (found === undefined) return expect(log.failure?.reason).toBe('disk_full');
    if (cached === undefined) marks.fromDisk += 1;
    else expect(cached.map(describeEntry)).toEqual(found.map(describeEntry));
    expect(found.map(describeEntry)).toEqual(wanted.slice(0, found.length).map(describeEntry));
    for (const each of found) expect(each.record).toEqual(encodeRecord(identity, each));
    const bytes = found.reduce((sum, { record }) => sum + record.length, 0);
    const next = wanted[found.length];
    if (wanted.length > 0) expect(found.length).toBeGreaterThan(0);
    if (found.length > 1) expect(bytes).toBeLessThanOrEqual(sizeMaxBytes);
    if (next !== undefined) expect(bytes + encodeRecord(identity, next).length).toBeGreaterThan(sizeMaxBytes);
    expect(log.readCached({ ...previous, term: (term + 1000) as typeof term }, last, 1)).toBeUndefined();
    expect(log.readCached(previous, LogIndex(last + 1), 1)).toBeUndefined();
  }
  async #reopen(): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    await this.#simulation.complete(() => log.close());
    expect(this.#outstanding).toBe(0);
    // Nothing was cut off: what was refused is not there, all else is.
    const refusedNothing = this.#refused === undefined;
    if (refusedNothing) expect(this.#acknowledged).toBe(this.#states.length - 1);
    else this.#states.length = this.#acknowledged + 1;
    await this.begin();
  }
  async #crash({ do: how, events, again }: Extract<Step, { do: 'crash' | 'kill' }>): Promise<void> {
    let left = events;
    await this.#simulation.run(() => this.#outstanding === 0 || left-- <= 0);
    this.#simulation[how](node);
    for (const opening of again) {
      let over = false;
      left = opening;
      this.#simulation.world(node);
      this.#simulation.disk(node).capacityBytes = Infinity;
      void this.#open().finally(() => (over = true));
      await this.#simulation.run(() => over || left-- <= 0);
      this.#simulation.crash(node);
    }
    marks.crashes += 1;
    this.#outstanding = 0;
    this.#simulation.world(node);
    await this.begin();
  }
}

const runs = Number(process.env['SKERRY_SIM_SEEDS'] ?? 100);

test('after any crash the log is in a state that its writes led through, none acknowledged being lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), sizes, fc.array(step, { minLength: 5, maxLength: 60 }), async (seed, chosen, steps) => {
      const life = new Life(seed, chosen);
      await life.begin();
      for (const each of steps) await life.do(each);
      await life.do({ do: 'crash', events: 3, again: [] });
    }),
    { numRuns: runs },
  );
  // Rare ones need many runs to be met for sure.
  if (runs < 1_000) return;
  for (const [what, times] of Object.entries(marks)) expect(`${what}: ${Math.min(times, 3)}`).toBe(`${what}: 3`);
}, 600_000);
