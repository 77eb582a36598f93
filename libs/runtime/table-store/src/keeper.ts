/**
 * What is done to runs, apart from who may read them: sealed memory becomes runs, runs become one, runs go. Here, or on a
 * thread of its own: then it is the same code there.
 */
import {
  BlockCodec,
  layoutOf,
  type MemtableImage,
  MemoryInput,
  type MergeTime,
  orderOf,
  type Run,
  RunInput,
  RunMerger,
  type RunTimes,
  RunWriter,
  type KeyFilter,
  type PartitionInput,
  type TableSchema,
} from '@skerry/domain-table';
import { type Checksum, present, StatusError } from '@skerry/kernel';
import type { SortedChange, SortedStore } from '@skerry/runtime-kv';
import { partChanges, PlaceReader, removalsOf, type RunSizes, blockKey } from './run-keys.ts';

export type NewRun = { readonly run: Run; readonly sizes: RunSizes };
export type FlushJob = {
  readonly image: MemtableImage;
  /** Of those of other tables nothing is kept. */
  readonly tables: readonly { readonly schema: TableSchema; readonly run: number }[];
  readonly times: RunTimes;
  readonly nowSeconds: number;
};
export type MergeJob = {
  readonly schema: TableSchema;
  readonly runs: readonly Run[];
  /** Of the other runs of the table. */
  readonly others: readonly KeyFilter[];
  /** The new run's number. */
  readonly number: number;
  readonly time: MergeTime;
};
export interface RunKeeper {
  flush(job: FlushJob): Promise<readonly NewRun[]>;
  /** Undefined: nothing was left. @throws StatusError `shutting_down`. */
  merge(job: MergeJob): Promise<NewRun | undefined>;
  /** Idempotent. */
  remove(runs: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

/** Blocks handed to LMDB at once. */
export const blockBatchBytes = 2 * 1024 * 1024;
/** Batches on their way: LMDB commits together what waits for it. */
const batchesInFlightMax = 3;
/** Partitions merged between two looks at the clock. */
const partitionsInStep = 64;
/** Keys removed in one commit. */
const removedKeysMax = 2_000;

/** Gathers blocks, and has them written. */
class BlockSink {
  readonly #store: SortedStore;
  #changes: SortedChange[] = [];
  #bytes = 0;
  readonly #inFlight: Promise<void>[] = [];

  constructor(store: SortedStore) {
    this.#store = store;
  }
  put(run: number, block: number, value: Uint8Array): void {
    this.#changes.push({ key: blockKey(run, block), value });
    this.#bytes += value.length;
  }
  add(changes: readonly SortedChange[]): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += change.value?.length ?? 0;
    }
  }
  get isFull(): boolean {
    return this.#bytes >= blockBatchBytes;
  }
  /** Resolves when there is room for more. */
  async pass(): Promise<void> {
    const write = this.#store.write(this.#changes);
    this.#changes = [];
    this.#bytes = 0;
    // It is awaited later; until then its failure is nobody's.
    write.catch(() => undefined);
    this.#inFlight.push(write);
    if (this.#inFlight.length >= batchesInFlightMax) await this.#inFlight.shift();
  }
  /** All of it is durable. */
  async end(): Promise<void> {
    if (this.#changes.length > 0) await this.pass();
    for (const write of this.#inFlight.splice(0)) await write;
  }
}

export class Keeper implements RunKeeper {
  readonly #store: SortedStore;
  readonly #checksum: Checksum;
  readonly #codec: BlockCodec;
  readonly #pause: () => Promise<void> | undefined;
  #flushing: Promise<unknown> | undefined;
  #closed = false;

  /** @param pause is called often: it lets others have their turn when it is time. */
  constructor(store: SortedStore, checksum: Checksum, pause: () => Promise<void> | undefined) {
    this.#store = store;
    this.#checksum = checksum;
    this.#codec = new BlockCodec(checksum);
    this.#pause = pause;
  }
  flush(job: FlushJob): Promise<readonly NewRun[]> {
    const flushing = this.#flush(job);
    // A merge waits meanwhile.
    this.#flushing = flushing.catch(() => undefined);
    return flushing;
  }
  async #flush({ image, tables, times, nowSeconds }: FlushJob): Promise<readonly NewRun[]> {
    const order = orderOf(image);
    const sink = new BlockSink(this.#store);
    const made: NewRun[] = [];
    for (const { schema, run } of tables) {
      const own = order.get(schema.number);
      if (own === undefined) continue;
      const time = { nowSeconds, graceStart: 0, floorHi: 0, floorLo: 0 };
      const writer = new RunWriter(this.#codec, sink, run, schema.number, own.length);
      const merger = new RunMerger([new MemoryInput(image, own)], writer, layoutOf(schema), time, []);
      while (merger.step(partitionsInStep)) {
        if (sink.isFull) await sink.pass();
        await this.#pause();
      }
      const one = this.#finish(writer, times, sink);
      if (one !== undefined) made.push(one);
    }
    await sink.end();
    return made;
  }
  #finish(writer: RunWriter, times: RunTimes, sink: BlockSink): NewRun | undefined {
    const run = writer.finish(times);
    if (run === undefined) return undefined;
    const { changes, sizes } = partChanges(run, this.#checksum);
    sink.add(changes);
    return { run, sizes };
  }
  async merge({ schema, runs, others, number, time }: MergeJob): Promise<NewRun | undefined> {
    const sink = new BlockSink(this.#store);
    const reader = (): PlaceReader => new PlaceReader(this.#store.place());
    const inputs: PartitionInput[] = runs.map((run) => new RunInput(run, this.#codec, reader));
    const partitions = runs.reduce((sum, { partitionCount }) => sum + partitionCount, 0);
    const writer = new RunWriter(this.#codec, sink, number, schema.number, partitions);
    const merger = new RunMerger(inputs, writer, layoutOf(schema), time, others);
    while (merger.step(partitionsInStep)) {
      if (sink.isFull) await sink.pass();
      await this.#pause();
      for (let flushing = this.#flushing; flushing !== undefined; flushing = this.#flushing) {
        await flushing;
        if (this.#flushing === flushing) this.#flushing = undefined;
      }
      if (this.#closed) throw new StatusError('shutting_down', 'Cannot merge runs: the store is closed');
    }
    const made = this.#finish(writer, timesOf(runs), sink);
    await sink.end();
    return made;
  }
  async remove(runs: readonly number[]): Promise<void> {
    for (const run of runs)
      for (const changes of removalsOf(this.#store.place(), run, removedKeysMax)) {
        await this.#store.write(changes);
        await this.#pause();
        if (this.#closed) return;
      }
  }
  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}

function timesOf(runs: readonly Run[]): RunTimes {
  const first = present(runs[0], 'a run to merge');
  let { newestHi, newestLo, oldestHi, oldestLo } = first;
  for (const run of runs) {
    if (run.newestHi > newestHi || (run.newestHi === newestHi && run.newestLo >>> 0 > newestLo >>> 0))
      ({ newestHi, newestLo } = run);
    if (run.oldestHi < oldestHi || (run.oldestHi === oldestHi && run.oldestLo >>> 0 < oldestLo >>> 0))
      ({ oldestHi, oldestLo } = run);
  }
  return { newestHi, newestLo, oldestHi, oldestLo };
}
