/** Groups of rows, and what is told of each: GROUP BY, and aggregates of all rows. */
import type { Execution, RowSink } from '../contract.ts';
import { compareBytes } from './byte-ranges.ts';
import { accepts } from './filters.ts';
import type { Look } from './look.ts';
import type { PagingState } from './paging-state.ts';
import { isAt, wholly, type Position, type RowSource } from './row.ts';
import type { RowWriter } from './row-writer.ts';
import type { SelectParts } from './select-parts.ts';
import { selectedBytes } from './selected.ts';
import type { Pause, Walk } from './walk.ts';

type GroupKey = readonly (Uint8Array | null)[];

export class GroupWalk implements Walk {
  readonly #parts: SelectParts;
  readonly #writer: RowWriter;
  readonly #look: Look;
  #page = Infinity;
  #perPartition = Infinity;
  /** Groups of LIMIT that are left. */
  #left = 0;
  /** Groups of this page. */
  #given = 0;
  /** Groups of the partition that is read. */
  #ofPartition = 0;
  /** Of that partition a row was seen, before a page or a turn cut it. */
  #any = true;
  #isFirstPage = true;
  /** The group that is gathered. */
  #current: GroupKey | undefined;
  /** Its last row so far, when it may be the last of a page. */
  #position: Position | undefined;
  state: PagingState | undefined;

  constructor(parts: SelectParts, writer: RowWriter, look: Look) {
    this.#parts = parts;
    this.#writer = writer;
    this.#look = look;
  }
  begin(resume: PagingState | undefined, limit: number, perPartition: number, page: number): void {
    const { groups, selectors } = this.#parts;
    this.#page = groups.length > 0 ? page : Infinity;
    this.#perPartition = perPartition;
    this.#left = resume?.rowsLeft ?? limit;
    this.#given = 0;
    this.#ofPartition = resume?.rowsOfPartition ?? 0;
    this.#any = true;
    this.#isFirstPage = resume === undefined;
    this.#current = undefined;
    this.#position = undefined;
    this.state = undefined;
    for (const { selected } of selectors) selected.reset();
  }
  walk(source: RowSource, execution: Execution, sink: RowSink, from: Position | undefined): Pause | undefined {
    const { groups, staticRows, distinct, filters } = this.#parts;
    const look = this.#look;
    const between = look.rows;
    let looks = 0;
    let resumed = from?.clustering !== undefined;
    for (;;) {
      if (looks >= between) {
        looks = 0;
        if (look.isOver(source, execution)) return { at: wholly(source) };
      }
      if (!source.nextPartition()) {
        if (!source.takePause()) break;
        if (look.isOver(source, execution)) return { at: source.pausedAt() };
        continue;
      }
      looks += 1;
      const continued = resumed && isAt(source, from);
      resumed = false;
      if (!continued) this.#ofPartition = 0;
      let any = continued && this.#any;
      for (;;) {
        let isStatic = false;
        if (!source.nextRow()) {
          if (source.takePause()) {
            if (!look.isOver(source, execution)) continue;
            this.#any = any;
            return { at: source.pausedAt() };
          }
          if (any || !staticRows || !source.staticRow()) break;
          isStatic = true;
        }
        any = true;
        looks += 1;
        if (accepts(filters, source.row)) {
          const outcome = this.#add(source, execution, sink, isStatic);
          if (outcome === 'full') return undefined;
          if (outcome === 'next partition') break;
        }
        if (isStatic || distinct) break;
        if (looks >= between) {
          looks = 0;
          if (look.isOver(source, execution)) {
            this.#any = true;
            return { at: source.position() };
          }
        }
      }
      // Groups end with their partition, but for the one of all rows.
    }
    // Without GROUP BY there is one row, of nothing if need be.
    const isAsked = this.#current !== undefined || groups.length === 0;
    if (isAsked && this.#left > 0 && (this.#isFirstPage || groups.length > 0))
      this.#writer.writeGroup(source, execution, sink);
    // A full page says that more may come, as of rows.
    if (this.#current !== undefined && this.#left > 1 && this.#given + 1 >= this.#page && this.#position !== undefined)
      this.state = { position: this.#position, rowsLeft: this.#left - 1, rowsOfPartition: this.#ofPartition };
    return undefined;
  }
  /** The row belongs to the group that is gathered, or begins the next. */
  #add(source: RowSource, execution: Execution, sink: RowSink, isStatic: boolean): 'added' | 'full' | 'next partition' {
    const { groups, selectors, distinct } = this.#parts;
    const key = groups.map((group) => selectedBytes(group, source.row, execution));
    if (this.#current !== undefined && !sameKey(this.#current, key)) {
      this.#writer.writeGroup(source, execution, sink);
      this.#given += 1;
      this.#left -= 1;
      if (this.#left <= 0) return 'full';
      if (this.#given >= this.#page && this.#position !== undefined) {
        this.state = { position: this.#position, rowsLeft: this.#left, rowsOfPartition: this.#ofPartition };
        return 'full';
      }
      this.#current = undefined;
    }
    if (this.#current === undefined) {
      if (this.#ofPartition >= this.#perPartition) return 'next partition';
      this.#ofPartition += 1;
    }
    this.#current = key;
    for (const { selected } of selectors) selected.accumulate(source.row, execution);
    if (this.#given + 1 >= this.#page) this.#position = isStatic || distinct ? wholly(source) : source.position();
    return 'added';
  }
}
const sameKey = (a: GroupKey, b: GroupKey): boolean =>
  a.every((value, i) => {
    const other = b[i];
    return value === null || other === null || other === undefined ? value === other : compareBytes(value, other) === 0;
  });
