/** A run as memory knows it; see `run-format.ts`. */
import { StatusError } from '@skerry/kernel';
import type { BlockCodec } from './block.ts';
import type { BlockCache, CachedBlock } from './block-cache.ts';
import { BlockIndex, type IndexParts } from './block-index.ts';
import type { BlockReader } from './block-store.ts';
import { KeyFilter } from './key-filter.ts';

/** {@link RunFigures.deadFrom} of a run in which nothing is dead or will be. */
export const neverDead = 0xffff_ffff;

export type RunFigures = {
  /** Given once, never used again for another. From 1. */
  readonly number: number;
  readonly table: number;
  readonly blockCount: number;
  readonly sizeBytes: number;
  readonly partitionCount: number;
  /** No timestamp in it is newer, none is older: signed upper, lower half. */
  readonly newestHi: number;
  readonly newestLo: number;
  readonly oldestHi: number;
  readonly oldestLo: number;
  /** When the first of its deletions was made, or the first of its cells expires: seconds since 1970. */
  readonly deadFrom: number;
};
export type Run = RunFigures & { readonly index: BlockIndex; readonly filter: KeyFilter };
/** As another thread can be given it. */
export type RunParts = { readonly figures: RunFigures; readonly index: IndexParts; readonly words: Int32Array };
export function partsOf({ index, filter, ...figures }: Run): RunParts {
  return { figures, index: index.parts, words: filter.words };
}
export const runOf = ({ figures, index, words }: RunParts): Run => ({
  ...figures,
  index: new BlockIndex(index),
  filter: new KeyFilter(words),
});

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);

/** One block, checked; asked for again it is there. */
export class LoadedBlock {
  bytes: Uint8Array = noBytes;
  view: DataView = noView;
  size = 0;
  block = -1;
  #run = 0;
  readonly #codec: BlockCodec;
  readonly #reader: BlockReader;
  readonly #cache: BlockCache | undefined;
  #cached: CachedBlock | undefined;

  /** @param cache of blocks that were checked, for readers who come again. */
  constructor(codec: BlockCodec, reader: BlockReader, cache: BlockCache | undefined) {
    this.#codec = codec;
    this.#reader = reader;
    this.#cache = cache;
  }
  /** @throws StatusError `corrupt`. */
  load(run: RunFigures, block: number): void {
    const { number } = run;
    if (this.block === block && this.#run === number) return;
    this.block = -1;
    if (this.#cached !== undefined) this.#cached.readers -= 1;
    const cached = (this.#cached = this.#cache?.find(number, block) ?? this.#read(run, block));
    if (cached !== undefined) {
      cached.readers += 1;
      this.bytes = cached.bytes;
      this.view = cached.view;
      this.size = cached.size;
    }
    this.#run = number;
    this.block = block;
  }
  /** What the cache keeps of it; undefined: it is the reader's, and shown. */
  #read({ table, number }: RunFigures, block: number): CachedBlock | undefined {
    // It may throw: what was held is not held any more.
    this.#cached = undefined;
    const reader = this.#reader;
    if (!reader.load(number, block))
      throw new StatusError('corrupt', `Cannot read table ${table}: block ${block} of run ${number} is missing`);
    this.#codec.check(table, number, block, reader);
    const kept = this.#cache?.keep(number, block, reader.bytes, reader.size);
    if (kept !== undefined) return kept;
    this.bytes = reader.bytes;
    this.view = reader.view;
    this.size = reader.size;
    return undefined;
  }
}
