/** The kinds of operands: what a term becomes once its type is known. */
import {
  collectionParts,
  fieldParts,
  fieldsValue,
  fixedSizeBytes,
  listBytes,
  mapBytes,
  setBytes,
  validatePart,
  vectorBytes,
  type ListType,
  type MapType,
  type SetType,
  type TupleType,
  type UserType,
  type ValueType,
  type VectorType,
} from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import { invalid, type Execution, type Operand, type Slot } from './contract.ts';

/** Sizes that are none. */
export const sizeNull = -1;
export const sizeUnset = -2;

export const emptySlot = (): Slot => ({ bytes: new Uint8Array(0), from: 0, size: sizeNull });
/** A copy of a slot's bytes; null, or undefined for unset. */
export const slotBytes = ({ bytes, from, size }: Slot): Uint8Array | null | undefined =>
  size >= 0 ? bytes.slice(from, from + size) : size === sizeNull ? null : undefined;

export class ConstantOperand implements Operand {
  readonly type: ValueType;
  readonly constant: Uint8Array | null;
  readonly marker = undefined;
  constructor(type: ValueType, constant: Uint8Array | null) {
    this.type = type;
    this.constant = constant;
  }
  evaluate(_execution: Execution, out: Slot): void {
    if (this.constant === null) {
      out.size = sizeNull;
      return;
    }
    out.bytes = this.constant;
    out.from = 0;
    out.size = this.constant.length;
  }
}

/** Values of any bytes, of one size or none, or those that must be looked at. */
const anySize = -1;
const checked = -2;
const anyKinds: ReadonlySet<string> = new Set(['blob', 'varint', 'custom']);
const fixedKinds: ReadonlySet<string> = new Set(['int', 'bigint', 'timestamp', 'float', 'double', 'boolean', 'uuid']);
function sizeRule(type: ValueType): number {
  if (anyKinds.has(type.kind)) return anySize;
  if (type.kind === 'counter') return 8;
  return fixedKinds.has(type.kind) ? (fixedSizeBytes(type) ?? checked) : checked;
}

export class MarkerOperand implements Operand {
  readonly type: ValueType;
  readonly constant = undefined;
  readonly marker: number;
  readonly #rule: number;
  constructor(type: ValueType, marker: number) {
    this.type = type;
    this.marker = marker;
    this.#rule = sizeRule(type);
  }
  evaluate({ values }: Execution, out: Slot): void {
    const at = values.first + this.marker;
    const size = values.lengths[at] as number;
    out.bytes = values.buffer;
    out.from = values.starts[at] as number;
    out.size = size;
    if (size > 0 && size !== this.#rule && this.#rule !== anySize) this.#check(out);
    // Some types have no empty values.
    else if (size === 0 && this.#rule === checked) this.#check(out);
  }
  #check({ bytes, from, size }: Slot): void {
    const fault = validatePart(this.type, bytes, from, from + size);
    if (fault !== undefined) throw invalid(fault);
  }
}

type Collection = ListType | SetType | MapType;
const isCollection = (type: ValueType): type is Collection =>
  type.kind === 'list' || type.kind === 'set' || type.kind === 'map';
const hasOrder = (type: ValueType): boolean =>
  type.kind === 'set' || type.kind === 'map' || (type.kind === 'list' && hasOrder(type.element));
/** A collection that is sorted, or has such ones in it. Those in a tuple stay as they were sent: so Cassandra does. */
export const keepsOrder = (type: ValueType): type is Collection =>
  isCollection(type) &&
  (type.kind === 'map'
    ? type.frozen || hasOrder(type.key) || hasOrder(type.value)
    : (type.kind === 'set' && type.frozen) || hasOrder(type.element));

/** A value of one cell as it is kept: of sets and maps, also within, sorted, each element once. @throws CqlFault it is none. */
export function kept(type: ValueType, bytes: Uint8Array): Uint8Array {
  if (!hasOrder(type) || !isCollection(type)) return bytes;
  const parts = collectionParts(type.kind, bytes);
  if (!parts.ok) throw invalid(parts.error);
  switch (type.kind) {
    case 'list':
      return listBytes(parts.value.map((part) => kept(type.element, part)));
    case 'set':
      return setBytes(
        type.element,
        parts.value.map((part) => kept(type.element, part)),
      );
    case 'map':
      return mapBytes(
        type.key,
        pairs(parts.value).map(([key, value]) => [kept(type.key, key), kept(type.value, value)] as const),
      );
    default:
      return unreachable(type);
  }
}

/** A bound set or map that is kept as one value: sorted, each element once, however it was sent; and so what it holds. */
export class SortedMarkerOperand implements Operand {
  readonly type: Collection;
  readonly constant = undefined;
  readonly marker: number;
  readonly #bound: MarkerOperand;
  constructor(type: Collection, marker: number) {
    this.type = type;
    this.marker = marker;
    this.#bound = new MarkerOperand(type, marker);
  }
  evaluate(execution: Execution, out: Slot): void {
    this.#bound.evaluate(execution, out);
    if (out.size <= 0) return;
    const bytes = kept(this.type, out.bytes.subarray(out.from, out.from + out.size));
    out.bytes = bytes;
    out.from = 0;
    out.size = bytes.length;
  }
}
/** Values of a list that is bound to an IN. @throws CqlFault it is none. */
export function listedValues({ type }: Operand, bytes: Uint8Array): readonly Uint8Array[] {
  const parts = collectionParts('list', bytes);
  if (!parts.ok) throw invalid(parts.error);
  return type.kind === 'list' ? parts.value.map((each) => kept(type.element, each)) : parts.value;
}
const pairs = (parts: readonly Uint8Array[]): readonly (readonly [Uint8Array, Uint8Array])[] =>
  parts.flatMap((key, i) => (i % 2 === 0 ? [[key, parts[i + 1] ?? key] as const] : []));

/** One field of a tuple that is given as a whole. */
export class ComponentOperand implements Operand {
  readonly type: ValueType;
  readonly constant = undefined;
  readonly marker = undefined;
  readonly #tuple: Operand;
  readonly #component: number;
  constructor(type: ValueType, tuple: Operand, component: number) {
    this.type = type;
    this.#tuple = tuple;
    this.#component = component;
  }
  evaluate(execution: Execution, out: Slot): void {
    this.#tuple.evaluate(execution, out);
    if (out.size < 0) return;
    const { type } = this.#tuple;
    const parts =
      type.kind === 'tuple' ? fieldParts(type, out.bytes.subarray(out.from, out.from + out.size)) : undefined;
    if (parts === undefined) throw invalid('Expected a tuple');
    if (!parts.ok) throw invalid(parts.error);
    const part = parts.value[this.#component];
    out.size = sizeNull;
    if (part === undefined) return;
    out.bytes = part;
    out.from = 0;
    out.size = part.length;
  }
}

/** What every value made of others has: they are evaluated one after another, and nothing is kept between requests. */
abstract class Composite<T extends ValueType> implements Operand {
  readonly type: T;
  readonly constant = undefined;
  readonly marker = undefined;
  protected readonly parts: readonly Operand[];
  readonly #slot = emptySlot();
  constructor(type: T, parts: readonly Operand[]) {
    this.type = type;
    this.parts = parts;
  }
  evaluate(execution: Execution, out: Slot): void {
    const values = this.parts.map((part, i) => {
      part.evaluate(execution, this.#slot);
      return this.checked(slotBytes(this.#slot), i);
    });
    const bytes = this.compose(values);
    out.bytes = bytes;
    out.from = 0;
    out.size = bytes.length;
  }
  protected abstract checked(value: Uint8Array | null | undefined, part: number): Uint8Array | null;
  protected abstract compose(values: readonly (Uint8Array | null)[]): Uint8Array;
}

/** A list, set or map with functions inside; of a map keys and values by turns. */
export class CollectionOperand extends Composite<ListType | SetType | MapType> {
  protected checked(value: Uint8Array | null | undefined): Uint8Array {
    if (value === null || value === undefined) throw invalid('null is not supported inside collections');
    return value;
  }
  protected compose(values: readonly (Uint8Array | null)[]): Uint8Array {
    const { type } = this;
    const parts = values.filter((value) => value !== null);
    switch (type.kind) {
      case 'list':
        return listBytes(parts);
      case 'set':
        return setBytes(type.element, parts);
      case 'map':
        return mapBytes(type.key, pairs(parts));
      default:
        return unreachable(type);
    }
  }
}
/** A tuple or a value of a user type. */
export class FieldsOperand extends Composite<TupleType | UserType> {
  protected checked(value: Uint8Array | null | undefined, part: number): Uint8Array | null {
    if (value !== undefined) return value;
    const { type } = this;
    throw invalid(
      type.kind === 'tuple'
        ? `Invalid unset value for tuple field number ${part}`
        : `Invalid unset value for field '${type.fields[part]?.name}' of user defined type ${type.name}`,
    );
  }
  protected compose(values: readonly (Uint8Array | null)[]): Uint8Array {
    return fieldsValue(values.map((value) => value ?? undefined));
  }
}
export class VectorOperand extends Composite<VectorType> {
  protected checked(value: Uint8Array | null | undefined): Uint8Array {
    if (value === null) throw invalid('null is not supported inside vectors');
    if (value === undefined) throw invalid('unset is not supported inside vectors');
    return value;
  }
  protected compose(values: readonly (Uint8Array | null)[]): Uint8Array {
    return vectorBytes(
      this.type,
      values.filter((value) => value !== null),
    );
  }
}
