/**
 * Indexes and views that are being built, one after the other, while the node serves. How far each is stands in the store:
 * a node that starts goes on where it was.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { toStatusError, type StatusError } from '@skerry/kernel';
import { findKeyspace } from '../../catalog/catalog.ts';
import type { Outcome } from '../../catalog/context.ts';
import { indexesOf, viewsOf, type Snapshot } from '../../catalog/state.ts';
import type { Environment } from '../environment.ts';
import type { World } from '../function-world.ts';
import { Markers } from '../planning.ts';
import { readBuildState } from './build-states.ts';
import { buildSteps, numberOf, type Build } from './build-steps.ts';

/** Steps of a build that CREATE waits for: what is small is there when it answers. */
export const buildStepsAwaited = 64;
/** Milliseconds until a build asks again for memory that was full. */
const fullPauseMs = 10;

export type BuildsParts = {
  readonly environment: Environment;
  readonly world: World;
  snapshot(): Snapshot;
  nowMs(): number;
  /** A build that ended without being done; it is begun again when the node starts. */
  failed(error: StatusError): void;
};

export class Builds {
  readonly #parts: BuildsParts;
  readonly #built = new Set<number>();
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #stopped = false;

  constructor(parts: BuildsParts) {
    this.#parts = parts;
  }
  isBuilt(number: number): boolean {
    return this.#built.has(number);
  }
  /** At the start: learns what is built, and goes on with the rest. */
  begin(): void {
    const { environment, snapshot, nowMs } = this.#parts;
    const nowSeconds = Math.floor(nowMs() / 1000);
    for (const build of allBuilds(snapshot())) {
      if (readBuildState(environment, numberOf(build), nowSeconds).built) this.#built.add(numberOf(build));
      else this.#queue(build, () => undefined);
    }
  }
  /** Resolves when what is new is built, or takes longer than one waits. */
  async add({ builtIndexes, builtViews }: Outcome): Promise<void> {
    const builds: readonly Build[] = [
      ...builtIndexes.map(({ table: base, index }) => ({ kind: 'index', base, index }) as const),
      ...builtViews.map(({ base, view }) => ({ kind: 'view', base, view }) as const),
    ];
    await Promise.all(builds.map((build) => new Promise<void>((enough) => this.#queue(build, enough))));
  }
  /** What is built is built no further; it resolves when nothing is written any more. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#last;
  }

  #queue(build: Build, enough: () => void): void {
    // Nobody waits for what others began.
    if (this.#waiting > 0) enough();
    this.#waiting += 1;
    this.#last = this.#last
      .then(() => this.#run(build, enough))
      .catch((thrown: unknown) => {
        // Not a failure: what was dropped meanwhile takes no more, nor does a store that is closed.
        if (this.#isWanted(build)) this.#parts.failed(toStatusError(thrown));
      })
      .finally(() => {
        this.#waiting -= 1;
        enough();
      });
  }
  /** It is there, and still of this table as it is. */
  #isWanted(build: Build): boolean {
    return !this.#stopped && this.#current(build) !== undefined;
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
