/**
 * WRITETIME, MAXWRITETIME and TTL: of a column, of one element or field of it, of a slice. A column with elements of its own
 * has a time for each. Source: Cassandra 5.0, ColumnTimestamps, WritetimeOrTTLSelector.
 */
import { allFields, collectionParts, compare, isMultiCell, type ValueType } from '@skerry/domain-values';
import type { Execution, Slot } from '../contract.ts';
import type { ColumnRef, Row } from './row.ts';
import {
  int64,
  Leaf,
  selectedBytes,
  setSlot,
  type ElementSelected,
  type FieldSelected,
  type Selected,
  type SliceSelected,
} from './selected.ts';

export type TimesKind = 'writetime' | 'maxwritetime' | 'ttl';
type Time = { readonly hi: number; readonly lo: number; readonly ttl: number };
/** Of each element, in the order of the value; of what is one cell, one for all. `undefined`: it has none. */
type Times = { readonly each: readonly (Time | undefined)[] } | { readonly one: Time | undefined };
const none: Times = { one: undefined };

/** What times are asked of. */
export interface TimesPart {
  readonly type: ValueType;
  times(row: Row, execution: Execution): Times;
}
const oneOf = (times: Times, index: number): Times =>
  'one' in times ? times : times.each.length === 0 ? none : { one: times.each[index] };

export class ColumnTimes implements TimesPart {
  readonly type: ValueType;
  readonly #ref: ColumnRef;
  readonly #value: Selected;
  constructor(ref: ColumnRef, value: Selected) {
    this.#ref = ref;
    this.#value = value;
    this.type = ref.column.type;
  }
  times(row: Row, execution: Execution): Times {
    const each: Time[] = [];
    row.times(this.#ref, ({ hi, lo, ttl }) => void each.push({ hi, lo, ttl }));
    if (!this.#ref.multiCell) return { one: each[0] };
    const { type } = this;
    if (type.kind !== 'udt' || each.length === 0) return { each };
    // Fields that are null have no time, and their place all the same.
    const value = selectedBytes(this.#value, row, execution);
    const fields = value === null ? undefined : allFields(type, value);
    if (fields?.ok !== true) return { each };
    let next = 0;
    return { each: type.fields.map((_, i) => (fields.value[i] === undefined ? undefined : each[next++])) };
  }
}
/** Of a part of what has times. */
abstract class PartTimes<S extends Selected> implements TimesPart {
  readonly type: ValueType;
  protected readonly of: TimesPart;
  protected readonly selected: S;
  constructor(of: TimesPart, selected: S) {
    this.of = of;
    this.selected = selected;
    this.type = selected.type;
  }
  abstract times(row: Row, execution: Execution): Times;
}
export class FieldTimes extends PartTimes<FieldSelected> {
  times(row: Row, execution: Execution): Times {
    if (selectedBytes(this.selected, row, execution) === null) return none;
    return oneOf(this.of.times(row, execution), this.selected.index);
  }
}

/** Of a set its elements, of a map its keys. */
function keysOf(selected: ElementSelected | SliceSelected, row: Row, execution: Execution): readonly Uint8Array[] {
  const value = selectedBytes(selected.collection, row, execution);
  if (value === null) return [];
  const { kind } = selected.of;
  const parts = collectionParts(kind, value);
  return parts.ok ? parts.value.filter((_, i) => kind === 'set' || i % 2 === 0) : [];
}
export class ElementTimes extends PartTimes<ElementSelected> {
  times(row: Row, execution: Execution): Times {
    const { keyType, key } = this.selected;
    const wanted = selectedBytes(key, row, execution)?.slice() ?? null;
    if (wanted === null) return none;
    const index = keysOf(this.selected, row, execution).findIndex((each) => compare(keyType, each, wanted) === 0);
    return index < 0 ? none : oneOf(this.of.times(row, execution), index);
  }
}
export class SliceTimes extends PartTimes<SliceSelected> {
  times(row: Row, execution: Execution): Times {
    const isWithin = this.selected.bounds(row, execution);
    const chosen = keysOf(this.selected, row, execution).map(isWithin);
    if (!chosen.includes(true)) return none;
    const times = this.of.times(row, execution);
    return 'one' in times ? times : { each: times.each.filter((_, i) => chosen[i] === true) };
  }
}

const bigintType: ValueType = { kind: 'bigint' };
const intType: ValueType = { kind: 'int' };

export class TimesSelected extends Leaf {
  readonly type: ValueType;
  readonly #kind: TimesKind;
  readonly #part: TimesPart;
  constructor(kind: TimesKind, part: TimesPart) {
    super();
    this.#kind = kind;
    this.#part = part;
    const single = kind === 'ttl' ? intType : bigintType;
    const isList = isMultiCell(part.type) && kind !== 'maxwritetime';
    this.type = isList ? { kind: 'list', element: single, frozen: true } : single;
  }
  evaluate(row: Row, execution: Execution, out: Slot): void {
    const times = this.#part.times(row, execution);
    if (this.#kind === 'maxwritetime')
      return setSlot(out, this.#bytes(newest('one' in times ? [times.one] : times.each)));
    if ('one' in times) return setSlot(out, this.#bytes(times.one));
    return setSlot(out, times.each.length === 0 ? null : timesBytes(times.each.map((time) => this.#bytes(time))));
  }
  #bytes(time: Time | undefined): Uint8Array | null {
    if (time === undefined) return null;
    if (this.#kind === 'ttl') return time.ttl > 0 ? int32(time.ttl) : null;
    return int64(time.hi, time.lo);
  }
}
function newest(times: readonly (Time | undefined)[]): Time | undefined {
  let found: Time | undefined;
  for (const time of times) {
    if (time === undefined) continue;
    if (found === undefined || time.hi > found.hi || (time.hi === found.hi && time.lo >>> 0 > found.lo >>> 0))
      found = time;
  }
  return found;
}
/** A list in which what never expires is null. */
function timesBytes(times: readonly (Uint8Array | null)[]): Uint8Array {
  const bytes = new Uint8Array(times.reduce((size, time) => size + 4 + (time?.length ?? 0), 4));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, times.length);
  let at = 4;
  for (const time of times) {
    view.setInt32(at, time?.length ?? -1);
    if (time !== null) bytes.set(time, at + 4);
    at += 4 + (time?.length ?? 0);
  }
  return bytes;
}
function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}
