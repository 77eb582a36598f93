/** Rows that are asked for as they lie in memory go into the answer in one loop, without being shown one by one. */
import type { RowSink } from '../contract.ts';
import type { RowSource } from './row.ts';
import type { SelectParts } from './select-parts.ts';
import { StoredSource } from './stored-source.ts';

/** Rows that are copied as they lie in one go, before the turn may end. */
export const copiedInOneGoMax = 1_024;
/** Bytes that are copied in one go. */
export const copiedInOneGoMaxBytes = 1024 * 1024;

export class RowCopies {
  readonly #parts: SelectParts;
  #source: StoredSource | undefined;
  #sink: RowSink | undefined;
  #sizeMaxBytes = Infinity;

  constructor(parts: SelectParts) {
    this.#parts = parts;
  }
  /**
   * False: what is asked for is not all of each row, or not of the table's own rows in their order, or the sink takes none.
   * @param sizeMaxBytes of the answer; undefined: as large as it becomes.
   */
  begin(source: RowSource, sink: RowSink, sizeMaxBytes: number | undefined): boolean {
    const { whole, filters } = this.#parts;
    this.#source = undefined;
    if (!whole || filters.length > 0 || sink.rowTarget === undefined) return false;
    if (!(source instanceof StoredSource) || source.isFound) return false;
    this.#source = source;
    this.#sink = sink;
    this.#sizeMaxBytes = sizeMaxBytes ?? Infinity;
    return true;
  }
  /** @returns how many of the current partition's next rows were copied, at most `most`. */
  rows(most: number): number {
    const target = this.#sink?.rowTarget;
    if (most <= 0 || target === undefined || this.#source === undefined) return 0;
    return this.#wrote(this.#source.copyRows(target, Math.min(most, copiedInOneGoMax), this.#sizeLeftBytes));
  }
  /** @returns how many rows of the next partitions were copied, at most `most`. */
  partitions(most: number): number {
    const target = this.#sink?.rowTarget;
    if (most <= 0 || target === undefined || this.#source === undefined) return 0;
    return this.#wrote(this.#source.copyPartitions(target, Math.min(most, copiedInOneGoMax), this.#sizeLeftBytes));
  }
  get #sizeLeftBytes(): number {
    return Math.min(copiedInOneGoMaxBytes, this.#sizeMaxBytes - (this.#sink?.sizeBytes ?? 0));
  }
  #wrote(count: number): number {
    if (count > 0) this.#sink?.wroteRows?.(count);
    return count;
  }
}
