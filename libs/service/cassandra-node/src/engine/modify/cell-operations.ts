/** Operations on columns of one cell, and on whole columns. Source: Cassandra 5.0, `Constants`. */
import { placeOfShard, nextShard } from './counter-shards.ts';
import type { Column } from '@skerry/domain-table';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { emptySlot, sizeNull, sizeUnset } from '../operands.ts';
import type { Operation, Writing } from './writing.ts';

/** `c = …` of a column of one cell. Its value is in `slot` once it is bound. */
export class SetCell implements Operation {
  readonly requiresRead = false;
  readonly column: Column;
  readonly slot: Slot = emptySlot();
  /** Its value stands in the request, behind its size: not what was sorted or made otherwise. */
  isBound = false;
  readonly #operand: Operand;
  constructor(column: Column, operand: Operand) {
    this.column = column;
    this.#operand = operand;
  }
  bind(execution: Execution): boolean {
    this.#operand.evaluate(execution, this.slot);
    this.isBound = this.#operand.marker !== undefined && this.slot.bytes === execution.values.buffer;
    return this.slot.size !== sizeUnset;
  }
  write({ writer, hi, lo, ttl, expiry, nowSeconds }: Writing): void {
    const { bytes, from, size } = this.slot;
    if (size === sizeNull) writer.tombstone(this.column.id, hi, lo, nowSeconds);
    else writer.value(this.column.id, bytes, from, size, hi, lo, ttl, expiry);
  }
}

/** `DELETE c`. */
export class DeleteColumn implements Operation {
  readonly requiresRead = false;
  readonly column: Column;
  readonly #isMultiCell: boolean;
  constructor(column: Column, isMultiCell: boolean) {
    this.column = column;
    this.#isMultiCell = isMultiCell;
  }
  bind(): boolean {
    return true;
  }
  write({ writer, hi, lo, nowSeconds }: Writing): void {
    if (this.#isMultiCell) writer.collectionDeletion(this.column.id, hi, lo, nowSeconds);
    else writer.tombstone(this.column.id, hi, lo, nowSeconds);
  }
}

/** The number whose negative is none of 64 bits. */
const longMin = -(2n ** 63n);

type Addend = { readonly operand: Operand; readonly isNegative: boolean };

/** `c = c + …`, `c = c - …` of a counter; more than one of the same column are one. */
export class AddToCounter implements Operation {
  readonly requiresRead = true;
  readonly column: Column;
  readonly addends: readonly Addend[];
  readonly #slot = emptySlot();
  #delta = 0n;
  constructor(column: Column, addends: readonly Addend[]) {
    this.column = column;
    this.addends = addends;
  }
  bind(execution: Execution): boolean {
    let isSet = false;
    this.#delta = 0n;
    for (const { operand, isNegative } of this.addends) {
      operand.evaluate(execution, this.#slot);
      if (this.#slot.size === sizeUnset) continue;
      isSet = true;
      this.#delta += deltaOf(this.#slot, isNegative);
    }
    return isSet;
  }
  write(writing: Writing): void {
    const shard = nextShard(
      writing,
      placeOfShard(writing.row, this.column.id, writing.environment.hostId),
      this.#delta,
    );
    writing.writer.counter(this.column.id, { bytes: shard, from: 0, size: shard.length }, writing.hi, writing.lo);
  }
}
function deltaOf({ bytes, from, size }: Slot, isNegative: boolean): bigint {
  if (size === sizeNull) throw invalid('Invalid null value for counter increment');
  const delta = size === 0 ? 0n : new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(from);
  if (isNegative && delta === longMin)
    throw invalid(`The negation of ${delta} overflows supported counter precision (signed 8 bytes integer)`);
  return isNegative ? -delta : delta;
}

/** Of the same counter all together. */
export function joinCounters(operations: readonly Operation[]): readonly Operation[] {
  const joined: Operation[] = [];
  for (const operation of operations) {
    const at = joined.findIndex((each) => each instanceof AddToCounter && each.column === operation.column);
    const known = joined[at];
    if (known instanceof AddToCounter && operation instanceof AddToCounter)
      joined[at] = new AddToCounter(known.column, [...known.addends, ...operation.addends]);
    else joined.push(operation);
  }
  return joined;
}
