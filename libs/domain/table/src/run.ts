/** A run as memory knows it; see `run-format.ts`. */
import { StatusError } from '@skerry/kernel';
import type { BlockCodec } from './block.ts';
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

  constructor(codec: BlockCodec, reader: BlockReader) {
    this.#codec = codec;
    this.#reader = reader;
  }
  /** @throws StatusError `corrupt`. */
  load({ table, number }: RunFigures, block: number): void {
    if (this.block === block && this.#run === number) return;
    this.block = -1;
    const reader = this.#reader;
    if (!reader.load(number, block))
      throw new StatusError('corrupt', `Cannot read table ${table}: block ${block} of run ${number} is missing`);
    this.#codec.check(table, number, block, reader);
    this.bytes = reader.bytes;
    this.view = reader.view;
    this.size = reader.size;
    this.#run = number;
    this.block = block;
  }
}
