/** Rows as they come: what is left by filters, up to limits, page by page. */
import type { Execution, ResultSink } from '../contract.ts';
import { compareBytes } from './byte-ranges.ts';
import { accepts } from './filters.ts';
import type { PagingState } from './paging-state.ts';
import type { RowSource, Position } from './row.ts';
import type { RowWriter } from './row-writer.ts';
import type { SelectParts } from './select-parts.ts';
import { StoredSource } from './stored-source.ts';
import { checkTombstones, rowsBetweenLooks } from './tombstone-guard.ts';

/** Bytes of a page at which it is cut, however many rows were asked for. */
export const pageSizeMaxBytes = 16 * 1024 * 1024;

export class RowWalk {
  readonly #parts: SelectParts;
  readonly #writer: RowWriter;

  constructor(parts: SelectParts, writer: RowWriter) {
    this.#parts = parts;
    this.#writer = writer;
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
    while (left > 0 && source.nextPartition()) {
      let ofPartition = 0;
      if (resumed && resume !== undefined && isAt(source, resume.position)) ofPartition = resume.rowsOfPartition;
      const continued = resumed;
      resumed = false;
      let any = continued;
      while (ofPartition < perPartition) {
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
