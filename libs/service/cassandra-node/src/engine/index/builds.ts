/**
 * Indexes and views that are being built, one after the other, while the node serves. How far each is stands in the store:
 * a node that starts goes on where it was.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { toStatusError, type StatusError } from '@skerry/kernel';
import { pause, type Clock } from '@skerry/runtime-world';
import { findKeyspace } from '../../catalog/catalog.ts';
import type { Outcome } from '../../catalog/context.ts';
import { indexesOf, viewsOf, type Snapshot } from '../../catalog/state.ts';
import type { Environment } from '../environment.ts';
import type { World } from '../function-world.ts';
import { Markers } from '../planning.ts';
import { forgetBuildStates, readBuildState } from './build-states.ts';
import { buildSteps, numberOf, type Build } from './build-steps.ts';

/** Steps of a build that CREATE waits for: what is small is there when it answers. */
export const buildStepsAwaited = 64;
/** Milliseconds until a build asks again for memory that was full. */
const fullPauseMs = 10;

/** Milliseconds until a build that failed is tried again; twice as long each time it fails again. */
export const buildRetryFirstMs = 1_000;
/** Milliseconds that a build waits at most until it is tried again. */
export const buildRetryMaxMs = 60_000;

export type BuildsParts = {
  readonly environment: Environment;
  readonly world: World;
  readonly clock: Clock;
  snapshot(): Snapshot;
  nowMs(): number;
  /** A build ended without being done; it goes on from where it stood in `retryMs`. */
  failed(error: StatusError, figures: BuildFigures, retryMs: number): void;
};
/** What is told of an index or a view that is not whole yet. */
export type BuildFigures = {
  readonly kind: Build['kind'];
  readonly keyspace: string;
  readonly table: string;
  readonly name: string;
  /** `waiting` for others, or until it is tried again. */
  readonly state: 'running' | 'waiting';
  /** How often it failed in a row, and why the last time. */
  readonly failures: number;
  readonly failure: string | undefined;
};
type Work = {
  readonly build: Build;
  state: BuildFigures['state'];
  failures: number;
  failure: StatusError | undefined;
};

export class Builds {
  readonly #parts: BuildsParts;
  readonly #built = new Set<number>();
  readonly #works = new Set<Work>();
  readonly #stop = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #queued = 0;

  constructor(parts: BuildsParts) {
    this.#parts = parts;
  }
  isBuilt(number: number): boolean {
    return this.#built.has(number);
  }
  /** Of all that is not whole yet. */
  figures(): readonly BuildFigures[] {
    return Array.from(this.#works, figuresOf);
  }
  /** At the start: learns what is built, goes on with the rest, and forgets what is there no more. */
  begin(): void {
    const { environment, snapshot, nowMs } = this.#parts;
    const nowSeconds = Math.floor(nowMs() / 1000);
    const all = allBuilds(snapshot());
    forgetBuildStates(environment, new Set(all.map(numberOf)), nowMs());
    for (const build of all) {
      if (readBuildState(environment, numberOf(build), nowSeconds).built) this.#built.add(numberOf(build));
      else this.#queue(newWork(build), () => undefined);
    }
  }
  /** Resolves when what is new is built, or takes longer than one waits. */
  async add({ builtIndexes, builtViews }: Outcome): Promise<void> {
    const builds: readonly Build[] = [
      ...builtIndexes.map(({ table: base, index }) => ({ kind: 'index', base, index }) as const),
      ...builtViews.map(({ base, view }) => ({ kind: 'view', base, view }) as const),
    ];
    await Promise.all(builds.map((build) => new Promise<void>((enough) => this.#queue(newWork(build), enough))));
  }
  /** What is built is built no further; it resolves when nothing is written any more. */
  stop(): Promise<void> {
    this.#stop.abort();
    return this.#last;
  }

  #queue(work: Work, enough: () => void): void {
    // Nobody waits for what others began.
    if (this.#queued > 0) enough();
    this.#queued += 1;
    this.#works.add(work);
    this.#last = this.#last
      .then(() => {
        work.state = 'running';
        return this.#run(work.build, enough);
      })
      .then(
        () => void this.#works.delete(work),
        (thrown: unknown) => this.#again(work, toStatusError(thrown)),
      )
      .finally(() => {
        this.#queued -= 1;
        enough();
      });
  }
  #again(work: Work, error: StatusError): void {
    // Not a failure: what was dropped meanwhile takes no more, nor does a store that is closed.
    if (!this.#isWanted(work.build)) return void this.#works.delete(work);
    const retryMs = Math.min(buildRetryMaxMs, buildRetryFirstMs * 2 ** work.failures);
    work.state = 'waiting';
    work.failures += 1;
    work.failure = error;
    this.#parts.failed(error, figuresOf(work), retryMs);
    const { signal } = this.#stop;
    void pause(this.#parts.clock, retryMs, signal).then(() => {
      if (!signal.aborted) this.#queue(work, () => undefined);
    });
  }
  /** It is there, and still of this table as it is. */
  #isWanted(build: Build): boolean {
    return !this.#stop.signal.aborted && this.#current(build) !== undefined;
  }
  #current(build: Build): Build | undefined {
    return allBuilds(this.#parts.snapshot()).find((other) => numberOf(other) === numberOf(build));
  }
  async #run(given: Build, enough: () => void): Promise<void> {
    const { environment, world, snapshot, nowMs } = this.#parts;
    const { store } = environment;
    const number = numberOf(given);
    const build = this.#current(given);
    if (build === undefined) return;
    const { keyspace } = build.base;
    const planning = { schema: snapshot(), keyspace, markers: new Markers([]), world, nowMs: nowMs() };
    let steps = 0;
    for (const step of buildSteps(planning, environment, build, nowMs)) {
      await store.endTurn();
      steps += 1;
      if (steps >= buildStepsAwaited) enough();
      await (step === 'full' ? setTimeout(fullPauseMs) : setImmediate());
      await store.room();
      if (!this.#isWanted(build)) return;
      // The table was changed: its rows are seen anew.
      if (this.#current(build)?.base !== build.base) return this.#run(given, enough);
    }
    await store.endTurn();
    this.#built.add(number);
  }
}

const newWork = (build: Build): Work => ({ build, state: 'waiting', failures: 0, failure: undefined });
const figuresOf = ({ build, state, failures, failure }: Work): BuildFigures => ({
  kind: build.kind,
  keyspace: build.base.keyspace,
  table: build.base.name,
  name: build.kind === 'index' ? build.index.name : build.view.schema.name,
  state,
  failures,
  failure: failure?.message,
});

function allBuilds(snapshot: Snapshot): readonly Build[] {
  const builds: Build[] = [];
  for (const name of snapshot.keyspaces.keys()) {
    const keyspace = findKeyspace(snapshot, name);
    if (keyspace === undefined) continue;
    for (const base of keyspace.tables.values()) {
      for (const index of indexesOf(keyspace, base.name)) builds.push({ kind: 'index', base, index });
      for (const view of viewsOf(keyspace, base.name)) builds.push({ kind: 'view', base, view });
    }
  }
  return builds;
}
