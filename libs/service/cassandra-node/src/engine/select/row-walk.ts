/** Rows as they come: what is left by filters, up to limits, page by page. */
import type { Execution, RowSink } from '../contract.ts';
import { compareBytes } from './byte-ranges.ts';
import { accepts } from './filters.ts';
import type { Look } from './look.ts';
import type { PagingState } from './paging-state.ts';
import { isAt, wholly, type Position, type RowSource } from './row.ts';
import { RowCopies } from './row-copies.ts';
import type { RowWriter } from './row-writer.ts';
import type { SelectParts } from './select-parts.ts';
import type { Pause, Walk } from './walk.ts';

/** Bytes of a page at which it is cut, however many rows were asked for. */
export const pageSizeMaxBytes = 16 * 1024 * 1024;

export class RowWalk implements Walk {
  readonly #parts: SelectParts;
  readonly #writer: RowWriter;
  readonly #look: Look;
  readonly #copies: RowCopies;
  #page = Infinity;
  #perPartition = Infinity;
  /** Rows of LIMIT that are left. */
  #left = 0;
  /** Rows of this page. */
  #given = 0;
  /** Of the partition that a page or a turn cut. */
  #ofPartition = 0;
  /** Of that partition a row was seen: its static columns alone are none of it. */
  #any = true;
  /** The page is full; where it ended. */
  state: PagingState | undefined;

  constructor(parts: SelectParts, writer: RowWriter, look: Look) {
    this.#parts = parts;
    this.#writer = writer;
    this.#look = look;
    this.#copies = new RowCopies(parts);
  }
  begin(resume: PagingState | undefined, limit: number, perPartition: number, page: number): void {
    this.#page = page;
    this.#perPartition = perPartition;
    this.#left = resume?.rowsLeft ?? limit;
    this.#given = 0;
    this.#ofPartition = resume?.rowsOfPartition ?? 0;
    this.#any = true;
    this.state = undefined;
  }
  walk(source: RowSource, execution: Execution, sink: RowSink, from: Position | undefined): Pause | undefined {
    const { distinct, staticRows, filters, schema } = this.#parts;
    const perPartition = this.#perPartition;
    const page = this.#page;
    const look = this.#look;
    const between = look.rows;
    const copies = this.#copies;
    const isCopied = copies.begin(source, sink, page === Infinity ? undefined : pageSizeMaxBytes);
    let left = this.#left;
    let given = this.#given;
    let looks = 0;
    /** The first partition goes on where the last page or turn ended. */
    let resumed = from?.clustering !== undefined;
    while (left > 0) {
      if (looks >= between) {
        looks = 0;
        if (look.isOver(source, execution)) return this.#pause(left, given, 0, false, wholly(source));
      }
      // The last row of a page or of all is shown in the long way, which knows where it ends.
      if (isCopied && !resumed) {
        const copied = copies.partitions(Math.min(left, page - given) - 1);
        given += copied;
        left -= copied;
        looks += copied;
      }
      if (!source.nextPartition()) {
        if (!source.takePause()) return undefined;
        if (!look.isOver(source, execution)) continue;
        const at = source.pausedAt();
        return resumed
          ? this.#pause(left, given, this.#ofPartition, this.#any, at)
          : this.#pause(left, given, 0, false, at);
      }
      looks += 1;
      const continued = resumed && isAt(source, from);
      resumed = false;
      let ofPartition = continued ? this.#ofPartition : 0;
      let any = continued && this.#any;
      let isCopying = isCopied;
      while (ofPartition < perPartition) {
        if (isCopying) {
          const copied = copies.rows(Math.min(left, page - given, perPartition - ofPartition) - 1);
          given += copied;
          left -= copied;
          ofPartition += copied;
          looks += copied;
          // Where none could be, none of the rest is likely to be.
          isCopying = copied > 0;
          any ||= isCopying;
        }
        let isStatic = false;
        if (!source.nextRow()) {
          if (source.takePause()) {
            if (!look.isOver(source, execution)) continue;
            return this.#pause(left, given, ofPartition, any, source.pausedAt());
          }
          if (any || !staticRows || !source.staticRow()) break;
          isStatic = true;
        }
        any = true;
        looks += 1;
        if (accepts(filters, source.row)) {
          this.#writer.write(source, execution, sink);
          given += 1;
          ofPartition += 1;
          left -= 1;
          if (left <= 0) return undefined;
          if (given >= page || (page !== Infinity && sink.sizeBytes > pageSizeMaxBytes)) {
            const isWhole = isStatic || distinct || ofPartition >= perPartition || schema.clustering.length === 0;
            const position = isWhole ? wholly(source) : source.position();
            if (!isWhole || !this.#isLast(position.key, execution))
              this.state = { position, rowsLeft: left, rowsOfPartition: ofPartition };
            return undefined;
          }
          if (distinct) break;
        }
        if (isStatic) break;
        if (looks >= between) {
          looks = 0;
          if (look.isOver(source, execution)) return this.#pause(left, given, ofPartition, any, source.position());
        }
      }
    }
    return undefined;
  }
  /**
   * Of the partitions that are asked for by their keys. Otherwise a full page says that more may come, and the last one
   * may be empty: Cassandra does not look, and drivers' tests count pages.
   */
  #isLast(key: Uint8Array, execution: Execution): boolean {
    const { keys } = this.#parts;
    if (keys === undefined || keys.isOne) return keys !== undefined;
    const last = keys.all(execution).at(-1);
    return last !== undefined && compareBytes(last, key) === 0;
  }
  #pause(left: number, given: number, ofPartition: number, any: boolean, at: Position | undefined): Pause {
    this.#left = left;
    this.#given = given;
    this.#ofPartition = ofPartition;
    this.#any = any;
    return { at };
  }
}
