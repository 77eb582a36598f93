/** A planned SELECT at work: partitions, rows, filters, groups, limits, pages. */
import type { Slices, TableLayout, TableReader, TableSchema } from '@skerry/domain-table';
import { comparePart } from '@skerry/domain-values';
import { CqlFault, invalid, type Execution, type Operand, type ResultColumn, type ResultSink } from '../contract.ts';
import type { IndexSearch } from '../index/search.ts';
import { emptySlot } from '../operands.ts';
import { compareBytes } from './byte-ranges.ts';
import type { ClusteringSlices } from './clustering-slices.ts';
import type { Filter } from './filters.ts';
import { jsonRow } from './json-row.ts';
import { decodePagingState, encodePagingState, type PagingState, type Seal } from './paging-state.ts';
import { tokenRange, type PartitionKeys } from './partition-keys.ts';
import type { VirtualTable } from './relation.ts';
import type { ColumnRef, Position, RowSource } from './row.ts';
import { selectedBytes, type Selected } from './selected.ts';
import type { ResultSelector } from './selectors.ts';
import { StoredSource, type Opener } from './stored-source.ts';
import { VirtualSource } from './virtual-source.ts';
import type { TokenBound } from './where.ts';

export type SelectParts = {
  readonly columns: readonly ResultColumn[];
  readonly selectors: readonly ResultSelector[];
  readonly json: boolean;
  readonly distinct: boolean;
  /** Rows are aggregated. */
  readonly grouped: boolean;
  /** What a group's rows have in common; none: all rows are one group. */
  readonly groups: readonly Selected[];
  readonly schema: TableSchema;
  /** What is warned of when rows are aggregated. */
  readonly aggregation: string | undefined;
  readonly layout: TableLayout | undefined;
  readonly virtual: VirtualTable | undefined;
  readonly reader: (() => TableReader) | undefined;
  /** Undefined: no index is asked. */
  readonly search: IndexSearch | undefined;
  readonly keys: PartitionKeys | undefined;
  readonly tokens: readonly TokenBound[];
  readonly clustering: ClusteringSlices;
  readonly slices: Slices;
  readonly filters: readonly Filter[];
  /** A partition without rows is told by its static columns. */
  readonly staticRows: boolean;
  readonly reverse: boolean;
  /** Rows of several partitions in the order of so many clustering columns; 0: partition by partition. */
  readonly sorted: number;
  readonly limit: Operand | undefined;
  readonly perPartition: Operand | undefined;
  readonly seal: Seal;
  readonly statement: Uint8Array;
  readonly guardrails: { readonly tombstonesWarn: number; readonly tombstonesFail: number };
  /** `*` of a table without static columns: a dense row is one copy. */
  readonly whole: boolean;
  /** All that is selected are columns. */
  readonly plain: readonly ColumnRef[] | undefined;
};

/** Bytes of a page at which it is cut, however many rows were asked for. */
export const pageSizeMaxBytes = 16 * 1024 * 1024;
/** Rows, and bytes, that are copied as they lie in one go: more than any answer has. */
const copiedMax = 0x3fff_ffff;
const copiedMaxBytes = 0x3fff_ffff;
/** Rows between two looks at the tombstones. */
const rowsBetweenLooks = 256;

export class SelectRun {
  readonly #parts: SelectParts;
  #stored: StoredSource | undefined;
  readonly #virtual: VirtualSource | undefined;
  readonly #slot = emptySlot();
  readonly #keyRefs: readonly ColumnRef[];
  /** One row at most is asked for, by its key alone: nothing is made for such a request. */
  readonly #isPoint: boolean;

  constructor(parts: SelectParts) {
    this.#parts = parts;
    this.#virtual = parts.virtual === undefined ? undefined : new VirtualSource(parts.virtual);
    this.#keyRefs = parts.schema.partitionKey.map((column) => ({ column, multiCell: false, counter: false }));
    this.#isPoint =
      parts.keys?.isOne === true &&
      parts.schema.clustering.length === 0 &&
      parts.filters.length === 0 &&
      parts.virtual === undefined &&
      parts.limit === undefined &&
      parts.perPartition === undefined &&
      !parts.grouped;
  }

  execute(execution: Execution, sink: ResultSink): void {
    if (this.#isPoint && execution.pagingState === undefined && this.#point(execution, sink)) return;
    const { filters, columns, sorted, grouped, seal, statement } = this.#parts;
    const limit = limitOf(this.#parts.limit, execution, 'LIMIT');
    const perPartition = limitOf(this.#parts.perPartition, execution, 'PER PARTITION LIMIT');
    for (const filter of filters) filter.begin(execution);
    const resume =
      execution.pagingState === undefined ? undefined : decodePagingState(execution.pagingState, seal, statement);
    if (sorted > 0 && execution.pageSize > 0)
      throw invalid(
        'Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the ' +
          'ORDER BY or the IN and sort client side, or disable paging for this query',
      );
    if (grouped) this.#warnOfAggregation(execution);
    const source = this.#open(execution, resume?.position);
    sink.beginRows(columns, execution.skipMetadata);
    let state: PagingState | undefined;
    if (sorted && !grouped) this.#sorted(source, execution, sink, limit, perPartition);
    else if (grouped) state = this.#groups(source, execution, sink, resume, limit, perPartition);
    else state = this.#rows(source, execution, sink, resume, limit, perPartition);
    this.#checkTombstones(source, execution);
    sink.endRows(state === undefined ? undefined : encodePagingState(state, seal, statement));
    this.#parts.search?.clean(execution.nowSeconds);
  }

  #point(execution: Execution, sink: ResultSink): boolean {
    const { keys, layout, reader, columns } = this.#parts;
    if (keys === undefined || layout === undefined || reader === undefined) return false;
    const source = (this.#stored ??= new StoredSource(reader(), layout));
    keys.one(execution);
    source.beginOne(keys.bytes, keys.from, keys.size, execution.nowSeconds);
    sink.beginRows(columns, execution.skipMetadata);
    if (source.nextPartition() && source.nextRow()) this.#emit(source, execution, sink);
    this.#checkTombstones(source, execution);
    sink.endRows(undefined);
    return true;
  }
  #warnOfAggregation({ warnings }: Execution): void {
    if (this.#parts.aggregation !== undefined) warnings.push(this.#parts.aggregation);
  }
  #open(execution: Execution, resume: Position | undefined): RowSource {
    const { layout, reader } = this.#parts;
    if (this.#virtual !== undefined) {
      this.#openVirtual(this.#virtual, execution, resume);
      return this.#virtual;
    }
    if (layout === undefined || reader === undefined) throw invalid('This table holds nothing');
    const found = this.#parts.search?.open(execution, resume);
    if (found !== undefined) return found;
    this.#stored ??= new StoredSource(reader(), layout);
    this.#stored.begin(this.#opener(execution, layout, resume), execution.nowSeconds);
    return this.#stored;
  }
  #openVirtual(source: VirtualSource, execution: Execution, after: Position | undefined): void {
    const { keys, tokens, clustering, reverse } = this.#parts;
    const range = tokenRange(tokens, execution, undefined);
    source.begin({
      keys: keys?.all(execution),
      ranges: clustering.ranges(execution),
      reverse,
      after,
      inTokens: (hi, lo) =>
        range !== undefined &&
        compareToken(hi, lo, range.fromHi, range.fromLo) >= (range.fromInclusive ? 0 : 1) &&
        compareToken(hi, lo, range.toHi, range.toLo) <= 0,
    });
  }
  /** One opening after the other: partitions by their keys, or one walk; a partition that a page cut comes first. */
  #opener(execution: Execution, layout: TableLayout, resume: Position | undefined): Opener {
    const { keys, clustering, slices, reverse } = this.#parts;
    const { nowSeconds } = execution;
    const openKey = (
      reader: TableReader,
      key: Uint8Array,
      from: number,
      size: number,
      after: Uint8Array | undefined,
    ): boolean => {
      if (clustering.isEverything && after === undefined)
        reader.openPartition(layout, key, from, size, undefined, reverse, nowSeconds);
      else if (clustering.fill(slices, execution, after, reverse))
        reader.openPartition(layout, key, from, size, slices, reverse, nowSeconds);
      else return false;
      return true;
    };
    if (keys?.isOne === true) {
      let opened = false;
      return (reader) => {
        if (opened || (resume !== undefined && resume.clustering === undefined)) return false;
        opened = true;
        keys.one(execution);
        return openKey(reader, keys.bytes, keys.from, keys.size, resume?.clustering);
      };
    }
    if (keys !== undefined) return this.#keysOpener(keys.all(execution), resume, openKey);
    return this.#scanOpener(execution, layout, resume, openKey);
  }
  #keysOpener(all: readonly Uint8Array[], resume: Position | undefined, openKey: OpenKey): Opener {
    let next = 0;
    let after: Uint8Array | undefined;
    if (resume !== undefined) {
      next = all.findIndex((key) => compareBytes(key, resume.key) === 0);
      if (next < 0) next = all.length;
      else if (resume.clustering === undefined) next += 1;
      else after = resume.clustering;
    }
    return (reader) => {
      while (next < all.length) {
        const key = all[next] as Uint8Array;
        const from = after;
        next += 1;
        after = undefined;
        if (openKey(reader, key, 0, key.length, from)) return true;
      }
      return false;
    };
  }
  #scanOpener(execution: Execution, layout: TableLayout, resume: Position | undefined, openKey: OpenKey): Opener {
    const { tokens, clustering, slices, reverse } = this.#parts;
    let cut = resume?.clustering !== undefined;
    let opened = false;
    return (reader) => {
      if (cut && resume !== undefined) {
        cut = false;
        if (openKey(reader, resume.key, 0, resume.key.length, resume.clustering)) return true;
      }
      if (opened) return false;
      opened = true;
      const range = tokenRange(tokens, execution, resume?.key);
      if (range === undefined) return false;
      if (clustering.isEverything) reader.openScan(layout, range, undefined, reverse, execution.nowSeconds);
      else if (clustering.fill(slices, execution, undefined, reverse))
        reader.openScan(layout, range, slices, reverse, execution.nowSeconds);
      else return false;
      return true;
    };
  }

  #accepts(source: RowSource): boolean {
    const { filters } = this.#parts;
    for (let i = 0; i < filters.length; i++) if (!(filters[i] as Filter).accepts(source.row)) return false;
    return true;
  }
  #rows(
    source: RowSource,
    execution: Execution,
    sink: ResultSink,
    resume: PagingState | undefined,
    limit: number,
    perPartition: number,
  ): PagingState | undefined {
    const { distinct, staticRows } = this.#parts;
    const page = execution.pageSize > 0 ? execution.pageSize : Infinity;
    const paged = execution.pageSize > 0;
    let left = resume?.rowsLeft ?? limit;
    let given = 0;
    let looks = 0;
    let last: PagingState | undefined;
    /** The first partition goes on where the last page ended. */
    let resumed = resume?.position.clustering !== undefined;
    const copies = this.#copies(source, sink);
    const sizeMaxBytes = paged ? pageSizeMaxBytes : copiedMaxBytes;
    while (left > 0) {
      // The last row of a page or of all is shown in the long way, which knows what comes then.
      if (copies && !resumed && last === undefined) {
        const most = Math.min(left, page - given, copiedMax) - 1;
        const copied = this.#copyPartitions(sink, most, sizeMaxBytes);
        given += copied;
        left -= copied;
      }
      if (!source.nextPartition()) break;
      let ofPartition = 0;
      if (resumed && resume !== undefined && isAt(source, resume.position)) ofPartition = resume.rowsOfPartition;
      const continued = resumed;
      resumed = false;
      let any = continued;
      let isCopying = copies;
      while (ofPartition < perPartition) {
        if (isCopying && last === undefined) {
          const most = Math.min(left, page - given, perPartition - ofPartition, copiedMax) - 1;
          const copied = this.#copyRows(sink, most, sizeMaxBytes);
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
        if (++looks % rowsBetweenLooks === 0) this.#checkTombstones(source, execution);
        if (this.#accepts(source)) {
          if (last !== undefined) return last;
          this.#emit(source, execution, sink);
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
  /** Rows are what is asked for as they lie in memory, all of them, and the sink takes them so. */
  #copies(source: RowSource, sink: ResultSink): boolean {
    const { whole, filters } = this.#parts;
    return whole && filters.length === 0 && source === this.#stored && sink.rowTarget !== undefined;
  }
  #copyRows(sink: ResultSink, most: number, sizeMaxBytes: number): number {
    const { rowTarget } = sink;
    if (most <= 0 || rowTarget === undefined || this.#stored === undefined) return 0;
    const copied = this.#stored.copyRows(rowTarget, most, sizeMaxBytes - sink.sizeBytes);
    if (copied > 0) sink.wroteRows?.(copied);
    return copied;
  }
  #copyPartitions(sink: ResultSink, most: number, sizeMaxBytes: number): number {
    const { rowTarget } = sink;
    if (most <= 0 || rowTarget === undefined || this.#stored === undefined) return 0;
    const copied = this.#stored.copyPartitions(rowTarget, most, sizeMaxBytes - sink.sizeBytes);
    if (copied > 0) sink.wroteRows?.(copied);
    return copied;
  }
  #emit(source: RowSource, execution: Execution, sink: ResultSink): void {
    const { whole, plain, json, selectors } = this.#parts;
    const slot = this.#slot;
    const { row } = source;
    if (whole && source instanceof StoredSource && !source.isStatic && source.reader.row.dense) {
      const keys = this.#keyRefs;
      for (let i = 0; i < keys.length; i++) {
        row.load(keys[i] as ColumnRef, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
      const { bytes, wireFrom, cellsTo } = source.reader.row;
      sink.cells(bytes, wireFrom, cellsTo - wireFrom);
    } else if (json) {
      const text = jsonRow(selectors, row, execution);
      sink.cell(text, 0, text.length);
    } else if (plain !== undefined) {
      for (let i = 0; i < plain.length; i++) {
        row.load(plain[i] as ColumnRef, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
    } else
      for (const { selected } of selectors) {
        selected.evaluate(row, execution, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
    sink.endRow();
  }

  /** Rows of all partitions, then sorted by their clustering: no pages. */
  #sorted(source: RowSource, execution: Execution, sink: ResultSink, limit: number, perPartition: number): void {
    const { schema, selectors, reverse, json } = this.#parts;
    // Of equal ones the partition decides that was asked for first.
    const ordered = schema.clustering.slice(0, this.#parts.sorted);
    const clusteringRefs = ordered.map((column) => ({ column, multiCell: false, counter: false }));
    const rows: { readonly order: readonly Uint8Array[]; readonly cells: readonly (Uint8Array | null)[] }[] = [];
    const slot = this.#slot;
    while (source.nextPartition())
      for (let count = 0; count < perPartition && source.nextRow();) {
        if (!this.#accepts(source)) continue;
        count += 1;
        const order = clusteringRefs.map((ref) => {
          source.row.load(ref, slot);
          return slot.bytes.slice(slot.from, slot.from + Math.max(0, slot.size));
        });
        const cells = json
          ? [jsonRow(selectors, source.row, execution)]
          : selectors.map(({ selected }) => selectedBytes(selected, source.row, execution));
        rows.push({ order, cells });
      }
    rows.sort((a, b) => {
      for (const [i, { type, reversed }] of ordered.entries()) {
        const [left, right] = [a.order[i] as Uint8Array, b.order[i] as Uint8Array];
        const order = comparePart(type, left, 0, left.length, right, 0, right.length);
        if (order !== 0) return reversed !== reverse ? -order : order;
      }
      return 0;
    });
    for (const { cells } of rows.slice(0, limit)) {
      for (const cell of cells) sink.cell(cell ?? none, 0, cell?.length ?? -1);
      sink.endRow();
    }
  }

  #groups(
    source: RowSource,
    execution: Execution,
    sink: ResultSink,
    resume: PagingState | undefined,
    limit: number,
    perPartition: number,
  ): PagingState | undefined {
    const { groups, selectors, staticRows, distinct } = this.#parts;
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
        if (++looks % rowsBetweenLooks === 0) this.#checkTombstones(source, execution);
        if (this.#accepts(source)) {
          const key = groups.map((group) => selectedBytes(group, source.row, execution));
          if (current !== undefined && !sameKey(current, key)) {
            if (this.#emitGroup(execution, source, sink)) {
              given += 1;
              left -= 1;
              if (left <= 0) return undefined;
              if (given >= page && position !== undefined)
                return { position, rowsLeft: left, rowsOfPartition: ofPartition };
            }
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
      this.#emitGroup(execution, source, sink);
    return undefined;
  }
  #emitGroup(execution: Execution, source: RowSource, sink: ResultSink): boolean {
    const { selectors, json } = this.#parts;
    const slot = this.#slot;
    if (json) {
      const text = jsonRow(selectors, source.row, execution);
      sink.cell(text, 0, text.length);
    } else
      for (const { selected } of selectors) {
        selected.evaluate(source.row, execution, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
    sink.endRow();
    for (const { selected } of selectors) selected.reset();
    return true;
  }

  #checkTombstones(source: RowSource, execution: Execution): void {
    const { tombstonesWarn, tombstonesFail } = this.#parts.guardrails;
    const { keyspace, name } = this.#parts.schema;
    const { tombstones } = source;
    if (tombstones <= tombstonesWarn) return;
    if (tombstones > tombstonesFail)
      throw new CqlFault(
        { kind: 'readFailure', consistency: execution.consistency, received: 0, required: 1, dataPresent: false },
        `Operation failed - received 0 responses and 1 failures: scanned over ${tombstones} tombstones during query of ` +
          `${keyspace}.${name} (last scanned row is not told)`,
      );
    const said = `tombstone cells for query of ${keyspace}.${name}`;
    const at = execution.warnings.findIndex((warning) => warning.includes(said));
    const warning = `Read ${tombstones} ${said} (see tombstone_warn_threshold)`;
    if (at >= 0) execution.warnings[at] = warning;
    else execution.warnings.push(warning);
  }
}
type OpenKey = (
  reader: TableReader,
  key: Uint8Array,
  from: number,
  size: number,
  after: Uint8Array | undefined,
) => boolean;
const none = new Uint8Array(0);

const limitSlot = emptySlot();
function limitOf(operand: Operand | undefined, execution: Execution, name: string): number {
  if (operand === undefined) return Infinity;
  const slot = limitSlot;
  operand.evaluate(execution, slot);
  if (slot.size === -2) return Infinity;
  if (slot.size === -1) throw invalid(`Invalid null value of ${name === 'LIMIT' ? 'limit' : 'per partition limit'}`);
  if (slot.size !== 4) throw invalid('Invalid limit value');
  const { bytes, from } = slot;
  const value =
    ((bytes[from] as number) << 24) |
    ((bytes[from + 1] as number) << 16) |
    ((bytes[from + 2] as number) << 8) |
    (bytes[from + 3] as number);
  if (value <= 0) throw invalid('LIMIT must be strictly positive');
  return value;
}
const compareToken = (aHi: number, aLo: number, bHi: number, bLo: number): number =>
  Math.sign(aHi - bHi || (aLo >>> 0) - (bLo >>> 0));
const sameKey = (a: readonly (Uint8Array | null)[], b: readonly (Uint8Array | null)[]): boolean =>
  a.every((value, i) => {
    const other = b[i];
    return value === null || other === null || other === undefined ? value === other : compareBytes(value, other) === 0;
  });
function isAt(source: RowSource, { key }: Position): boolean {
  return source instanceof StoredSource
    ? compareBytes(
        source.reader.keyBytes.subarray(source.reader.keyFrom, source.reader.keyFrom + source.reader.keySize),
        key,
      ) === 0
    : true;
}
