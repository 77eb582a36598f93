/**
 * The operations that a state remembers: dozens of them in a row, so that one costs the store a part of a row; and by id
 * in memory, so that no record has to look for a row that is not there.
 *
 * row:       key `once/3/` · index of its first operation (8); value: its operations, one behind the other
 * operation: index of its record (8) · id (16) · length of the result (4) · result
 *
 * Assumes: the rows are a state's, so all that is decided here follows from rows and records alone. A row takes no more
 * operations when it is full; the oldest goes, whole, when its last operation may be forgotten.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { concatBytes, prefixEnd, utf8 } from './bytes.ts';
import { idFromBytes, idSizeBytes, idToBytes, OperationId } from './ids.ts';
import type { KeyRange, OrderedReader, OrderedWriter } from './ordered-store.ts';

/** Operations in one row: so many are forgotten together, and the last row, written anew at each batch of records, stays small. */
export const rowOperationsMax = 32;
/** Bytes in one row, beyond which it takes no more: one operation more passes. */
export const rowSizeMaxBytes = 4_096;
/** Records from the first operation of a row to the last one, at most: so much longer than it must be an operation is remembered. */
export const rowSpanMax = 256;
/** Rows forgotten at one record: more than the part of one that a record adds, so that it catches up; few, so that it is quick. */
const forgottenRowsMax = 4;
/** Places that are empty at the front before the array is cut. */
const emptyCountMax = 4_096;
/** Index, id, length of the result. */
const operationOverheadBytes = 8 + idSizeBytes + 4;

const rowPrefix = utf8('once/3/');
/** As written before: a row for each operation, by id: the index of its record, in 8 bytes, and the result. */
const singlePrefix = utf8('once/2/');
const indexSizeBytes = 8;
/** As written before that: the result by operation id, and the id by index. */
const oldResultPrefix = utf8('once/result/');
const oldIndexPrefix = utf8('once/index/');

const all = (prefix: Uint8Array): KeyRange => ({ from: prefix, to: prefixEnd(prefix) });
const byIndex = (prefix: Uint8Array, index: number): Uint8Array =>
  new ByteWriter(prefix.length + indexSizeBytes).raw(prefix).u64(index).finish();
const byId = (prefix: Uint8Array, id: OperationId): Uint8Array => concatBytes([prefix, idToBytes(id)]);

type Operation = { readonly index: number; readonly id: OperationId; readonly result: Uint8Array };
/** Rows of before are read, and forgotten when it is time: such a one has one operation. */
type Format = 'row' | 'single' | 'old';
class Row {
  readonly format: Format;
  readonly first: number;
  last: number;
  readonly ids: OperationId[] = [];
  sizeBytes = 0;
  constructor(format: Format, first: number) {
    this.format = format;
    this.first = first;
    this.last = first;
  }
  get isFull(): boolean {
    return this.format !== 'row' || this.ids.length >= rowOperationsMax || this.sizeBytes >= rowSizeMaxBytes;
  }
}

function* operationsIn(value: Uint8Array): Generator<Operation> {
  const reader = new ByteReader(value);
  while (reader.remaining > 0)
    yield { index: reader.u64(), id: reader.hex(idSizeBytes) as OperationId, result: reader.bytes() };
}

export class Remembered {
  readonly #rowOf = new Map<OperationId, Row>();
  /** In the order of their records. */
  #rows: Row[];
  #start = 0;
  /** What the last row holds, and what is not in the state yet of it. */
  #parts: Uint8Array[] = [];
  #isChanged = false;

  constructor(state: OrderedReader) {
    const rows = Array.from(state.range(all(rowPrefix)), ([, value]) => rowOf(value));
    this.#rows = [...oldRows(state), ...rows].sort((a, b) => a.first - b.first);
    for (const row of this.#rows) for (const id of row.ids) this.#rowOf.set(id, row);
    const last = this.#last;
    const value = last === undefined || last.isFull ? undefined : state.get(byIndex(rowPrefix, last.first));
    if (value !== undefined) this.#parts.push(value.slice());
  }
  get #last(): Row | undefined {
    return this.#start < this.#rows.length ? this.#rows[this.#rows.length - 1] : undefined;
  }
  /** Undefined: it is not remembered. A view. */
  result(id: OperationId, state: OrderedReader): Uint8Array | undefined {
    const row = this.#rowOf.get(id);
    switch (row?.format) {
      case undefined:
        return undefined;
      case 'old':
        return state.get(byId(oldResultPrefix, id));
      case 'single':
        return state.get(byId(singlePrefix, id))?.subarray(indexSizeBytes);
      case 'row': {
        const isOpen = row === this.#last && !row.isFull;
        const value = isOpen ? concatBytes(this.#parts) : state.get(byIndex(rowPrefix, row.first));
        for (const operation of operationsIn(value ?? new Uint8Array(0)))
          if (operation.id === id) return operation.result;
        return undefined;
      }
    }
  }
  /** The state has it after {@link save}. */
  add({ index, id, result }: Operation, state: OrderedWriter): void {
    let row = this.#last;
    if (row === undefined || row.isFull || index - row.first >= rowSpanMax) {
      this.save(state);
      row = new Row('row', index);
      this.#rows.push(row);
      this.#parts = [];
    }
    const sizeBytes = operationOverheadBytes + result.length;
    this.#parts.push(new ByteWriter(sizeBytes).u64(index).hex(id).bytes(result).finish());
    row.last = index;
    row.sizeBytes += sizeBytes;
    row.ids.push(id);
    this.#rowOf.set(id, row);
    this.#isChanged = true;
    if (row.isFull) this.save(state);
  }
  /** Rows whose operations are all of records up to there go: the oldest ones first, a few at a time. */
  forget(upTo: number, state: OrderedWriter): void {
    for (let count = 0; count < forgottenRowsMax; count++) {
      const row = this.#rows[this.#start];
      if (row === undefined || row.last > upTo) return;
      if (row === this.#last) this.#isChanged = false;
      for (const id of row.ids) this.#rowOf.delete(id);
      this.#start += 1;
      removeRow(row, state);
    }
    if (this.#start < emptyCountMax) return;
    this.#rows = this.#rows.slice(this.#start);
    this.#start = 0;
  }
  /** Brings the last row into the state. */
  save(state: OrderedWriter): void {
    const row = this.#last;
    if (!this.#isChanged || row === undefined) return;
    this.#isChanged = false;
    const value = concatBytes(this.#parts);
    this.#parts = [value];
    state.put(byIndex(rowPrefix, row.first), value);
  }
}

function rowOf(value: Uint8Array): Row {
  let row: Row | undefined;
  for (const { index, id, result } of operationsIn(value)) {
    row ??= new Row('row', index);
    row.last = index;
    row.ids.push(id);
    row.sizeBytes += operationOverheadBytes + result.length;
  }
  return row ?? new Row('row', 0);
}
function oldRows(state: OrderedReader): readonly Row[] {
  const one = (format: Format, index: number, id: Uint8Array): Row => {
    const row = new Row(format, index);
    row.ids.push(OperationId(idFromBytes(id)));
    return row;
  };
  const singles = Array.from(state.range(all(singlePrefix)), ([key, value]) =>
    one('single', new ByteReader(value).u64(), key.subarray(singlePrefix.length)),
  );
  const olds = Array.from(state.range(all(oldIndexPrefix)), ([key, id]) =>
    one('old', new ByteReader(key.subarray(oldIndexPrefix.length)).u64(), id),
  );
  return [...olds, ...singles];
}
function removeRow({ format, first, ids }: Row, state: OrderedWriter): void {
  if (format === 'row') return state.delete(byIndex(rowPrefix, first));
  for (const id of ids)
    if (format === 'single') state.delete(byId(singlePrefix, id));
    else {
      state.delete(byId(oldResultPrefix, id));
      state.delete(byIndex(oldIndexPrefix, first));
    }
}
