/** Groups of rows, and what is told of each: GROUP BY, and aggregates of all rows. */
import type { Execution, ResultSink } from '../contract.ts';
import { compareBytes } from './byte-ranges.ts';
import { accepts } from './filters.ts';
import type { PagingState } from './paging-state.ts';
import type { Position, RowSource } from './row.ts';
import type { RowWriter } from './row-writer.ts';
import type { SelectParts } from './select-parts.ts';
import { selectedBytes } from './selected.ts';
import { checkTombstones, rowsBetweenLooks } from './tombstone-guard.ts';

export class GroupWalk {
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
    const { groups, selectors, staticRows, distinct, filters, guardrails, schema } = this.#parts;
    const page = execution.pageSize > 0 && groups.length > 0 ? execution.pageSize : Infinity;
    for (const { selected } of selectors) selected.reset();
    let left = resume?.rowsLeft ?? limit;
    let given = 0;
    let looks = 0;
    let current: readonly (Uint8Array | null)[] | undefined;
    let position: Position | undefined;
    let resumed = resume?.position.clustering !== undefined;
    let ofPartition = 0;
    while (source.nextPartition()) {
      const continued = resumed;
      ofPartition = continued ? (resume?.rowsOfPartition ?? 0) : 0;
      resumed = false;
      for (let any = continued; ;) {
        let isStatic = false;
        if (!source.nextRow()) {
          if (any || !staticRows || !source.staticRow()) break;
          isStatic = true;
        }
        any = true;
        if (++looks % rowsBetweenLooks === 0) checkTombstones(guardrails, schema, source, execution);
        if (accepts(filters, source.row)) {
          const key = groups.map((group) => selectedBytes(group, source.row, execution));
          if (current !== undefined && !sameKey(current, key)) {
            this.#writer.writeGroup(source, execution, sink);
            given += 1;
            left -= 1;
            if (left <= 0) return undefined;
            if (given >= page && position !== undefined)
              return { position, rowsLeft: left, rowsOfPartition: ofPartition };
            current = undefined;
          }
          if (current === undefined) {
            if (ofPartition >= perPartition) break;
            ofPartition += 1;
          }
          current = key;
          for (const { selected } of selectors) selected.accumulate(source.row, execution);
          if (given + 1 >= page)
            position = isStatic ? { ...source.position(), clustering: undefined } : source.position();
        }
        if (isStatic || distinct) break;
      }
      // Groups end with their partition, but for the one of all rows.
    }
    // Without GROUP BY there is one row, of nothing if need be.
    if ((current !== undefined || groups.length === 0) && left > 0 && (resume === undefined || groups.length > 0))
      this.#writer.writeGroup(source, execution, sink);
    return undefined;
  }
}
const sameKey = (a: readonly (Uint8Array | null)[], b: readonly (Uint8Array | null)[]): boolean =>
  a.every((value, i) => {
    const other = b[i];
    return value === null || other === null || other === undefined ? value === other : compareBytes(value, other) === 0;
  });
