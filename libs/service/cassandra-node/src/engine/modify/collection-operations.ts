/** Operations on sets, maps and user types whose elements are cells of their own. Source: Cassandra 5.0, `Sets`, `Maps`, `UserTypes`. */
import type { Column } from '@skerry/domain-table';
import { fieldParts, type MapType, type SetType, type UserType } from '@skerry/domain-values';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { emptySlot, sizeNull, sizeUnset } from '../operands.ts';
import { elementsOf, emptyPart, fieldPath, KeyPaths, nullPart, partOf } from './elements.ts';
import type { Operation, Writing } from './writing.ts';

/** Has one operand. */
abstract class OneValue implements Operation {
  readonly requiresRead: boolean = false;
  readonly column: Column;
  protected readonly slot: Slot = emptySlot();
  readonly #operand: Operand;
  constructor(column: Column, operand: Operand) {
    this.column = column;
    this.#operand = operand;
  }
  bind(execution: Execution): boolean {
    this.#operand.evaluate(execution, this.slot);
    return this.slot.size !== sizeUnset && this.check(this.slot.size);
  }
  /** False: it does nothing. */
  protected check(_size: number): boolean {
    return true;
  }
  abstract write(writing: Writing): void;
}

const overwrite = ({ writer, beforeHi, beforeLo, nowSeconds }: Writing, id: number): void =>
  writer.collectionDeletion(id, beforeHi, beforeLo, nowSeconds);

/** `s = s + {…}`; with `isWhole` `s = {…}`. */
export class AddToSet extends OneValue {
  readonly #paths: KeyPaths;
  readonly #isWhole: boolean;
  constructor(column: Column, type: SetType, operand: Operand, isWhole: boolean) {
    super(column, operand);
    this.#paths = new KeyPaths(type.element);
    this.#isWhole = isWhole;
  }
  protected override check(size: number): boolean {
    return this.#isWhole || size > 0;
  }
  write(writing: Writing): void {
    const { id } = this.column;
    if (this.#isWhole) overwrite(writing, id);
    if (this.slot.size === sizeNull) return;
    for (const element of elementsOf('set', this.slot)) {
      const key = partOf(element);
      const { hi, lo, ttl, expiry } = writing;
      writing.writer.element(id, this.#paths.path(key), key, emptyPart, hi, lo, ttl, expiry);
    }
  }
}

/** `m = m + {…}`; with `isWhole` `m = {…}`. */
export class PutIntoMap extends OneValue {
  readonly #paths: KeyPaths;
  readonly #isWhole: boolean;
  constructor(column: Column, type: MapType, operand: Operand, isWhole: boolean) {
    super(column, operand);
    this.#paths = new KeyPaths(type.key);
    this.#isWhole = isWhole;
  }
  protected override check(size: number): boolean {
    return this.#isWhole || size > 0;
  }
  write(writing: Writing): void {
    const { id } = this.column;
    if (this.#isWhole) overwrite(writing, id);
    if (this.slot.size === sizeNull) return;
    const parts = elementsOf('map', this.slot);
    for (let i = 0; i + 1 < parts.length; i += 2) {
      const key = partOf(parts[i] as Uint8Array);
      const { hi, lo, ttl, expiry } = writing;
      writing.writer.element(id, this.#paths.path(key), key, partOf(parts[i + 1] as Uint8Array), hi, lo, ttl, expiry);
    }
  }
}

/** `s = s - {…}`, and of a map `m = m - {keys}`. */
export class DiscardKeys extends OneValue {
  readonly #paths: KeyPaths;
  constructor(column: Column, type: SetType | MapType, operand: Operand) {
    super(column, operand);
    this.#paths = new KeyPaths(type.kind === 'set' ? type.element : type.key);
  }
  protected override check(size: number): boolean {
    return size > 0;
  }
  write({ writer, hi, lo, nowSeconds }: Writing): void {
    for (const element of elementsOf('set', this.slot)) {
      const key = partOf(element);
      writer.elementTombstone(this.column.id, this.#paths.path(key), key, hi, lo, nowSeconds);
    }
  }
}

/** `DELETE s['a']`, `DELETE m['a']`. */
export class DeleteKey extends OneValue {
  readonly #paths: KeyPaths;
  readonly #kind: 'set' | 'map';
  constructor(column: Column, type: SetType | MapType, operand: Operand) {
    super(column, operand);
    this.#kind = type.kind;
    this.#paths = new KeyPaths(type.kind === 'set' ? type.element : type.key);
  }
  override bind(execution: Execution): boolean {
    const isSet = super.bind(execution);
    if (!isSet && this.#kind === 'map') throw invalid('Invalid unset map key');
    if (this.slot.size === sizeNull)
      throw invalid(this.#kind === 'set' ? 'Invalid null set element' : 'Invalid null map key');
    return isSet;
  }
  write({ writer, hi, lo, nowSeconds }: Writing): void {
    writer.elementTombstone(this.column.id, this.#paths.path(this.slot), this.slot, hi, lo, nowSeconds);
  }
}

/** `m['a'] = …`. */
export class PutKey extends OneValue {
  readonly #paths: KeyPaths;
  readonly #key: Operand;
  readonly #keySlot: Slot = emptySlot();
  constructor(column: Column, type: MapType, key: Operand, value: Operand) {
    super(column, value);
    this.#key = key;
    this.#paths = new KeyPaths(type.key);
  }
  override bind(execution: Execution): boolean {
    const key = this.#keySlot;
    this.#key.evaluate(execution, key);
    if (key.size === sizeUnset) throw invalid('Invalid unset map key');
    if (key.size === sizeNull) throw invalid('Invalid null map key');
    return super.bind(execution);
  }
  write({ writer, hi, lo, ttl, expiry, nowSeconds }: Writing): void {
    const { id } = this.column;
    const path = this.#paths.path(this.#keySlot);
    if (this.slot.size === sizeNull) writer.elementTombstone(id, path, this.#keySlot, hi, lo, nowSeconds);
    else writer.element(id, path, this.#keySlot, this.slot, hi, lo, ttl, expiry);
  }
}

/** `u = {…}` of a user type that is not frozen. */
export class SetFields extends OneValue {
  readonly #type: UserType;
  constructor(column: Column, type: UserType, operand: Operand) {
    super(column, operand);
    this.#type = type;
  }
  write(writing: Writing): void {
    const { id } = this.column;
    overwrite(writing, id);
    const { bytes, from, size } = this.slot;
    if (size === sizeNull) return;
    const parts = fieldParts(this.#type, bytes.subarray(from, from + size));
    if (!parts.ok) throw invalid(parts.error);
    const { writer, hi, lo, ttl, expiry } = writing;
    for (const [field, part] of parts.value.entries())
      if (part !== undefined) writer.element(id, fieldPath(field), nullPart, partOf(part), hi, lo, ttl, expiry);
  }
}
/** `u.f = …`. */
export class SetField extends OneValue {
  readonly #field: number;
  constructor(column: Column, field: number, operand: Operand) {
    super(column, operand);
    this.#field = field;
  }
  write({ writer, hi, lo, ttl, expiry, nowSeconds }: Writing): void {
    const path = fieldPath(this.#field);
    if (this.slot.size === sizeNull) writer.elementTombstone(this.column.id, path, nullPart, hi, lo, nowSeconds);
    else writer.element(this.column.id, path, nullPart, this.slot, hi, lo, ttl, expiry);
  }
}
/** `DELETE u.f`. */
export class DeleteField implements Operation {
  readonly requiresRead = false;
  readonly column: Column;
  readonly #field: number;
  constructor(column: Column, field: number) {
    this.column = column;
    this.#field = field;
  }
  bind(): boolean {
    return true;
  }
  write({ writer, hi, lo, nowSeconds }: Writing): void {
    writer.elementTombstone(this.column.id, fieldPath(this.#field), nullPart, hi, lo, nowSeconds);
  }
}
