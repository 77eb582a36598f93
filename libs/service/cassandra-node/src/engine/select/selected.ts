/** What a SELECT selects, ready to be evaluated on rows. */
import {
  allFields,
  collectionParts,
  compare,
  fieldsValue,
  listBytes,
  mapBytes,
  mapEntries,
  setBytes,
  vectorValue,
  type MapType,
  type ScalarFunction,
  type SetType,
  type UserType,
  type ValueType,
} from '@skerry/domain-values';
import type { Result } from '@skerry/kernel';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { orFault } from '../calls.ts';
import type { World } from '../function-world.ts';
import { emptySlot, sizeNull, sizeUnset, slotBytes } from '../operands.ts';
import type { ColumnRef, Row } from './row.ts';

export interface Selected {
  readonly type: ValueType;
  /** Leaves the value in `out`. Of what is aggregated: of all rows since {@link reset}; the row is not looked at then. */
  evaluate(row: Row, execution: Execution, out: Slot): void;
  /** A row of the group, where rows are aggregated. */
  accumulate(row: Row, execution: Execution): void;
  /** A group begins. */
  reset(): void;
}
export const selectedBytes = (selected: Selected, row: Row, execution: Execution): Uint8Array | null => {
  const slot = emptySlot();
  selected.evaluate(row, execution, slot);
  return slotBytes(slot) ?? null;
};
export function setSlot(out: Slot, bytes: Uint8Array | null): void {
  if (bytes === null) {
    out.size = -1;
    return;
  }
  out.bytes = bytes;
  out.from = 0;
  out.size = bytes.length;
}

/** Of a value that depends on nothing but its row. */
export abstract class Leaf implements Selected {
  abstract readonly type: ValueType;
  abstract evaluate(row: Row, execution: Execution, out: Slot): void;
  accumulate(_row: Row, _execution: Execution): void {}
  reset(): void {}
}

export class ColumnSelected extends Leaf {
  readonly ref: ColumnRef;
  readonly type: ValueType;
  constructor(ref: ColumnRef) {
    super();
    this.ref = ref;
    // Counters are told as such, their values as numbers.
    this.type = ref.column.type;
  }
  evaluate(row: Row, _execution: Execution, out: Slot): void {
    row.load(this.ref, out);
  }
}
export class OperandSelected extends Leaf {
  readonly type: ValueType;
  readonly #operand: Operand;
  constructor(operand: Operand) {
    super();
    this.type = operand.type;
    this.#operand = operand;
  }
  evaluate(_row: Row, execution: Execution, out: Slot): void {
    this.#operand.evaluate(execution, out);
    if (out.size < -1) throw invalid('Invalid unset value for a selected term');
  }
}

/** The key of an element that is selected, or a bound of a slice: no bound when it is unset. */
export class KeySelected extends Leaf {
  readonly type: ValueType;
  readonly #operand: Operand;
  readonly #what: 'element' | 'slice';
  readonly #name: string;
  constructor(operand: Operand, what: 'element' | 'slice', name: string) {
    super();
    this.type = operand.type;
    this.#operand = operand;
    this.#what = what;
    this.#name = name;
  }
  evaluate(_row: Row, execution: Execution, out: Slot): void {
    this.#operand.evaluate(execution, out);
    if (out.size === sizeNull) throw invalid(`Invalid null value for ${this.#what} selection on ${this.#name}`);
    if (out.size === sizeUnset && this.#what === 'element')
      throw invalid(`Invalid unset value for element selection on ${this.#name}`);
    if (out.size === sizeUnset) out.size = sizeNull;
  }
}

/** In a group: the value of its first row. */
export class FirstSelected implements Selected {
  readonly type: ValueType;
  readonly #of: Selected;
  #value: Uint8Array | null = null;
  #has = false;
  constructor(of: Selected) {
    this.#of = of;
    this.type = of.type;
  }
  evaluate(_row: Row, _execution: Execution, out: Slot): void {
    setSlot(out, this.#value);
  }
  accumulate(row: Row, execution: Execution): void {
    if (this.#has) return;
    this.#has = true;
    this.#value = selectedBytes(this.#of, row, execution);
  }
  reset(): void {
    this.#has = false;
    this.#value = null;
  }
}

/** Made of others. */
abstract class Composed implements Selected {
  abstract readonly type: ValueType;
  protected readonly parts: readonly Selected[];
  constructor(parts: readonly Selected[]) {
    this.parts = parts;
  }
  evaluate(row: Row, execution: Execution, out: Slot): void {
    setSlot(
      out,
      this.compose(
        this.parts.map((part) => selectedBytes(part, row, execution)),
        execution,
      ),
    );
  }
  protected abstract compose(values: readonly (Uint8Array | null)[], execution: Execution): Uint8Array | null;
  accumulate(row: Row, execution: Execution): void {
    for (const part of this.parts) part.accumulate(row, execution);
  }
  reset(): void {
    for (const part of this.parts) part.reset();
  }
}

export class CallSelected extends Composed {
  readonly type: ValueType;
  readonly #called: ScalarFunction;
  readonly #world: World;
  constructor(world: World, called: ScalarFunction, args: readonly Selected[]) {
    super(args);
    this.type = called.returns;
    this.#called = called;
    this.#world = world;
  }
  protected compose(values: readonly (Uint8Array | null)[], execution: Execution): Uint8Array | null {
    const args = values.map((value) => value ?? undefined);
    return orFault(this.#called.apply(args, this.#world.at(execution)), this.#called) ?? null;
  }
}
export class FieldSelected extends Composed {
  readonly type: ValueType;
  readonly of: UserType;
  readonly index: number;
  constructor(of: Selected, type: UserType, field: number) {
    super([of]);
    this.of = type;
    this.index = field;
    this.type = type.fields[field]?.type ?? type;
  }
  protected compose([value]: readonly (Uint8Array | null)[]): Uint8Array | null {
    if (value === null || value === undefined) return null;
    const fields = allFields(this.of, value);
    return (fields.ok ? fields.value[this.index] : undefined) ?? null;
  }
}
/** `m[key]` of a map, `s[element]` of a set, `v[index]` of a vector is not there in CQL. */
export class ElementSelected extends Composed {
  readonly type: ValueType;
  readonly of: MapType | SetType;
  readonly collection: Selected;
  readonly key: Selected;
  constructor(of: Selected, type: MapType | SetType, key: Selected) {
    super([of, key]);
    this.of = type;
    this.collection = of;
    this.key = key;
    this.type = type.kind === 'map' ? type.value : type.element;
  }
  get keyType(): ValueType {
    return this.of.kind === 'map' ? this.of.key : this.of.element;
  }
  protected compose([value, key]: readonly (Uint8Array | null)[]): Uint8Array | null {
    if (value === null || value === undefined || key === null || key === undefined) return null;
    const { of } = this;
    if (of.kind === 'map') {
      const entries = mapEntries(value);
      return (entries.ok ? entries.value.find(([each]) => compare(of.key, each, key) === 0)?.[1] : undefined) ?? null;
    }
    const parts = collectionParts('set', value);
    return (parts.ok ? parts.value.find((each) => compare(of.element, each, key) === 0) : undefined) ?? null;
  }
}
export class SliceSelected extends Composed {
  readonly type: MapType | SetType;
  readonly of: MapType | SetType;
  readonly collection: Selected;
  readonly #from: Selected | undefined;
  readonly #to: Selected | undefined;
  constructor(of: Selected, type: MapType | SetType, from: Selected | undefined, to: Selected | undefined) {
    super([of, ...(from === undefined ? [] : [from]), ...(to === undefined ? [] : [to])]);
    this.type = this.of = type;
    this.collection = of;
    this.#from = from;
    this.#to = to;
  }
  /** Whether a key is in the slice. */
  bounds(row: Row, execution: Execution): (key: Uint8Array) => boolean {
    const value = (bound: Selected | undefined): Uint8Array | null =>
      bound === undefined ? null : selectedBytes(bound, row, execution);
    return this.#within(value(this.#from), value(this.#to));
  }
  #within(from: Uint8Array | null, to: Uint8Array | null): (key: Uint8Array) => boolean {
    const type = this.of.kind === 'map' ? this.of.key : this.of.element;
    return (key) => (from === null || compare(type, key, from) >= 0) && (to === null || compare(type, key, to) <= 0);
  }
  protected compose(values: readonly (Uint8Array | null)[]): Uint8Array | null {
    const [value] = values;
    if (value === null || value === undefined) return null;
    const from = this.#from === undefined ? null : (values[1] ?? null);
    const to = this.#to === undefined ? null : (values[this.#from === undefined ? 1 : 2] ?? null);
    const within = this.#within(from, to);
    if (this.type.kind === 'map') {
      const entries = mapEntries(value);
      const wanted = (entries.ok ? entries.value : []).filter(([each]) => within(each));
      return this.#isNothing(wanted) ? null : mapBytes(this.type.key, wanted);
    }
    const parts = collectionParts('set', value);
    const wanted = (parts.ok ? parts.value : []).filter(within);
    return this.#isNothing(wanted) ? null : setBytes(this.type.element, wanted);
  }
  /** Where elements are cells of their own, none of them is no value. */
  #isNothing(wanted: readonly unknown[]): boolean {
    return wanted.length === 0 && !this.type.frozen;
  }
}
function orInvalid<T>(result: Result<T, string>): T {
  if (!result.ok) throw invalid(result.error);
  return result.value;
}
export class CollectionSelected extends Composed {
  readonly type: ValueType;
  constructor(type: ValueType, parts: readonly Selected[]) {
    super(parts);
    this.type = type;
  }
  protected compose(values: readonly (Uint8Array | null)[]): Uint8Array | null {
    const { type } = this;
    if (type.kind === 'tuple' || type.kind === 'udt') return fieldsValue(values.map((value) => value ?? undefined));
    const there = values.map((value) => {
      if (value === null)
        throw invalid(`null is not supported inside ${type.kind === 'vector' ? 'vectors' : 'collections'}`);
      return value;
    });
    if (type.kind === 'list') return listBytes(there);
    if (type.kind === 'set') return setBytes(type.element, there);
    if (type.kind === 'vector') return orInvalid(vectorValue(type, there));
    if (type.kind !== 'map') return null;
    return mapBytes(
      type.key,
      there.flatMap((each, i) => (i % 2 === 0 ? [[each, there[i + 1] as Uint8Array] as const] : [])),
    );
  }
}

const bigintType: ValueType = { kind: 'bigint' };
export function int64(hi: number, lo: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, hi);
  view.setInt32(4, lo);
  return bytes;
}

/** A function over the rows of a group. Source: Cassandra 5.0, AggregateFcts. */
export type Aggregate = {
  /** As columns are named by it: `system.max`. */
  readonly name: string;
  readonly returns: ValueType;
  start(): { step(args: readonly (Uint8Array | null)[]): void; finish(): Uint8Array | null };
};
export class AggregateSelected implements Selected {
  readonly type: ValueType;
  readonly #aggregate: Aggregate;
  readonly #args: readonly Selected[];
  #state: ReturnType<Aggregate['start']>;
  constructor(aggregate: Aggregate, args: readonly Selected[]) {
    this.type = aggregate.returns;
    this.#aggregate = aggregate;
    this.#args = args;
    this.#state = aggregate.start();
  }
  evaluate(_row: Row, _execution: Execution, out: Slot): void {
    setSlot(out, this.#state.finish());
  }
  accumulate(row: Row, execution: Execution): void {
    this.#state.step(this.#args.map((arg) => selectedBytes(arg, row, execution)));
  }
  reset(): void {
    this.#state = this.#aggregate.start();
  }
}
/** `count(*)`. */
export class CountSelected implements Selected {
  readonly type = bigintType;
  #count = 0;
  evaluate(_row: Row, _execution: Execution, out: Slot): void {
    setSlot(out, int64(Math.floor(this.#count / 2 ** 32), this.#count | 0));
  }
  accumulate(): void {
    this.#count += 1;
  }
  reset(): void {
    this.#count = 0;
  }
}
