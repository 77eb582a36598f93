/** Older records, from disk: read in batches, more than was asked for, since a follower that is behind asks for what follows. */
import { type RecordCodec, type RecordEntry, StatusError, toStatusError } from '@skerry/kernel';
import type { Wal } from '@skerry/runtime-wal';
import { takeFitting } from './recent-records.ts';

/** Bytes of records read at once, at least: what one sequential read of the wal brings. */
const batchSizeBytes = 1024 * 1024;
/** Batches kept: one for each follower that is behind, in most groups. */
const batchCountMax = 4;

/** Records one behind the other. */
type Batch = readonly RecordEntry[];
/** What to read: entries [first, last], each at its position. */
export type Stretch = {
  readonly first: number;
  readonly last: number;
  readonly position: (index: number) => number | undefined;
};

export class DiskReader {
  readonly #wal: Wal;
  readonly #codec: RecordCodec;
  readonly #directory: string;
  /** Oldest use first. */
  #batches: Batch[] = [];
  #generation = 0;

  constructor(wal: Wal, codec: RecordCodec, directory: string) {
    this.#wal = wal;
    this.#codec = codec;
    this.#directory = directory;
  }
  /** The log was truncated or replaced: what was read may no longer be in it. */
  forget(): void {
    this.#batches = [];
    this.#generation += 1;
  }
  /**
   * Records from `first` on, as far as they fit and one batch reaches, at least one; undefined when it is not on disk.
   * @throws StatusError `corrupt`; `no_such_entry` when the wal was cut meanwhile.
   */
  async read(stretch: Stretch, sizeMaxBytes: number): Promise<readonly RecordEntry[] | undefined> {
    const { first, last } = stretch;
    const known = this.#batches.findIndex((each) => (each[0]?.index ?? Infinity) <= first && first <= lastOf(each));
    let batch = this.#batches[known];
    if (batch === undefined) {
      const generation = this.#generation;
      batch = await this.#readBatch(stretch, Math.max(sizeMaxBytes, batchSizeBytes));
      if (generation !== this.#generation || batch.length === 0) return undefined;
    } else this.#batches.splice(known, 1);
    this.#batches.push(batch);
    if (this.#batches.length > batchCountMax) this.#batches.shift();
    const from = first - (batch[0]?.index ?? first);
    return takeFitting(batch, from, from + last - first + 1, sizeMaxBytes);
  }
  /** Up to so many bytes, and one record at least, beyond `last` if there are more. */
  async #readBatch({ first, position }: Stretch, sizeBytes: number): Promise<Batch> {
    const batch: RecordEntry[] = [];
    const start = position(first);
    if (start === undefined) return batch;
    const generation = this.#generation;
    let bytes = 0;
    let wanted: number | undefined = start;
    for await (const record of this.#wal.read(start)) {
      // Records of another kind lie between, and entries that were cut off.
      if (record.position !== wanted) continue;
      batch.push(this.#decode(record.bytes, record.position, first + batch.length));
      bytes += record.bytes.length;
      if (bytes >= sizeBytes || generation !== this.#generation) break;
      wanted = position(first + batch.length);
      if (wanted === undefined) break;
    }
    return batch;
  }
  #decode(bytes: Uint8Array, position: number, index: number): RecordEntry {
    const corrupt = (what: string, cause?: unknown): StatusError =>
      new StatusError('corrupt', `Cannot read record ${position} of log "${this.#directory}": ${what}`, { cause });
    try {
      const entry = this.#codec.decode(bytes);
      if (entry.index === index) return entry;
      throw corrupt(`it is entry ${entry.index}: wanted entry ${index}`);
    } catch (thrown) {
      throw toStatusError(thrown).reason === 'corrupt' ? thrown : corrupt(toStatusError(thrown).message, thrown);
    }
  }
}

const lastOf = (batch: Batch): number => batch.at(-1)?.index ?? 0;
