/** Rows as they come: what is left by filters, up to limits, page by page. */
import type { Execution, ResultSink } from '../contract.ts';
import { compareBytes } from './byte-ranges.ts';
import { accepts } from './filters.ts';
import type { PagingState } from './paging-state.ts';
import type { RowSource, Position } from './row.ts';
import { RowCopies } from './row-copies.ts';
import type { RowWriter } from './row-writer.ts';
import type { SelectParts } from './select-parts.ts';
import { StoredSource } from './stored-source.ts';
import { checkTombstones, rowsBetweenLooks } from './tombstone-guard.ts';

/** Bytes of a page at which it is cut, however many rows were asked for. */
export const pageSizeMaxBytes = 16 * 1024 * 1024;

export class RowWalk {
  readonly #parts: SelectParts;
  readonly #writer: RowWriter;
  readonly #copies: RowCopies;

  constructor(parts: SelectParts, writer: RowWriter) {
    this.#parts = parts;
    this.#writer = writer;
    this.#copies = new RowCopies(parts);
  }
  walk(
    source: RowSource,
    execution: Execution,
    sink: ResultSink,
    resume: PagingState | undefined,
    limit: number,
    perPartition: number,
  ): PagingState | undefined {
    const { distinct, staticRows, filters, guardrails, schema } = this.#parts;
    const page = execution.pageSize > 0 ? execution.pageSize : Infinity;
    const paged = execution.pageSize > 0;
    let left = resume?.rowsLeft ?? limit;
    let given = 0;
    let looks = 0;
    let last: PagingState | undefined;
    /** The first partition goes on where the last page ended. */
    let resumed = resume?.position.clustering !== undefined;
    const copies = this.#copies;
    const isCopied = copies.begin(source, sink, paged ? pageSizeMaxBytes : undefined);
    while (left > 0) {
      // The last row of a page or of all is shown in the long way, which knows what comes then.
      if (isCopied && !resumed && last === undefined) {
        const copied = copies.partitions(Math.min(left, page - given) - 1);
        given += copied;
        left -= copied;
      }
      if (!source.nextPartition()) break;
      let ofPartition = 0;
      if (resumed && resume !== undefined && isAt(source, resume.position)) ofPartition = resume.rowsOfPartition;
      const continued = resumed;
      resumed = false;
      let any = continued;
      let isCopying = isCopied;
      while (ofPartition < perPartition) {
        if (isCopying && last === undefined) {
          const copied = copies.rows(Math.min(left, page - given, perPartition - ofPartition) - 1);
          given += copied;
          left -= copied;
          ofPartition += copied;
          // Where none could be, none of the rest is likely to be.
          isCopying = copied > 0;
          any ||= isCopying;
        }
        let isStatic = false;
        if (!source.nextRow()) {
          if (any || !staticRows || !source.staticRow()) break;
          isStatic = true;
        }
        any = true;
        if (++looks % rowsBetweenLooks === 0) checkTombstones(guardrails, schema, source, execution);
        if (accepts(filters, source.row)) {
          if (last !== undefined) return last;
          this.#writer.write(source, execution, sink);
          given += 1;
          ofPartition += 1;
          left -= 1;
          if (left <= 0) return undefined;
          if (given >= page || (paged && sink.sizeBytes > pageSizeMaxBytes)) {
            const position = source.position();
            const whole = isStatic || distinct || ofPartition >= perPartition;
            last = {
              position: whole ? { key: position.key, clustering: undefined } : position,
              rowsLeft: left,
              rowsOfPartition: ofPartition,
            };
          }
          if (distinct) break;
        }
        if (isStatic) break;
      }
    }
    return undefined;
  }
}
function isAt(source: RowSource, { key }: Position): boolean {
  return source instanceof StoredSource
    ? compareBytes(
        source.reader.keyBytes.subarray(source.reader.keyFrom, source.reader.keyFrom + source.reader.keySize),
        key,
      ) === 0
    : true;
}
