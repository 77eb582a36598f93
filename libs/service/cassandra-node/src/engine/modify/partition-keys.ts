/** The partitions that a statement names: usually one, whose key stands in the request as it is stored. */
import { appendKeyComponent, partitionKeySizeMaxBytes, Sink, type Column } from '@skerry/domain-table';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { joinKey } from '../key-bytes.ts';
import { emptySlot, listedValues, sizeNull, sizeUnset, slotBytes, type InValues } from '../operands.ts';

/** Partitions that one statement may name, as the product of its IN lists. */
export const namedPartitionsMax = 10_000;

export const checkKeyPart = (column: Column, size: number): void => {
  if (size === sizeNull) throw invalid(`Invalid null value in condition for column ${column.name}`);
  if (size === sizeUnset) throw invalid(`Invalid unset value for column ${column.name}`);
};
export function checkKeySize(size: number): void {
  if (size === 0) throw invalid('Key may not be empty');
  if (size > partitionKeySizeMaxBytes)
    throw invalid(`Key length of ${size} is longer than maximum of ${partitionKeySizeMaxBytes}`);
}

/** All values of a key part. Equal ones are given once each. @throws CqlFault null, unset. */
export function keyPartValues(column: Column, values: InValues, execution: Execution): readonly Uint8Array[] {
  const slot = emptySlot();
  const evaluate = (operand: Operand): Uint8Array => {
    operand.evaluate(execution, slot);
    checkKeyPart(column, slot.size);
    return slotBytes(slot) ?? new Uint8Array(0);
  };
  if (values.kind === 'each') return values.operands.map(evaluate);
  values.operand.evaluate(execution, slot);
  if (slot.size === sizeNull) throw invalid(`Invalid null value for column ${column.name}`);
  checkKeyPart(column, slot.size);
  return listedValues(values.operand, slotBytes(slot) ?? new Uint8Array(0));
}

export class PartitionKeys {
  readonly #columns: readonly Column[];
  /** One for each column; undefined: there is an IN. */
  readonly #single: readonly Operand[] | undefined;
  readonly #values: readonly InValues[];
  readonly #slot: Slot = emptySlot();
  readonly #sink = new Sink(64);
  #keys: readonly Uint8Array[] = [];
  count = 0;
  /** The current key. */
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  size = 0;

  constructor(columns: readonly Column[], values: readonly InValues[]) {
    this.#columns = columns;
    this.#values = values;
    const single = values.flatMap((value) =>
      value.kind === 'each' && value.operands.length === 1 ? value.operands : [],
    );
    this.#single = single.length === columns.length ? single : undefined;
  }
  get isSingle(): boolean {
    return this.#single !== undefined;
  }
  /** Evaluates them: `count` tells how many there are, and the first is the current one. */
  bind(execution: Execution): void {
    if (this.#single !== undefined) return this.#bindSingle(this.#single, execution);
    this.#keys = this.#product(execution);
    this.count = this.#keys.length;
    if (this.count > 0) this.use(0);
  }
  use(index: number): void {
    if (this.#single !== undefined) return;
    const key = this.#keys[index] as Uint8Array;
    this.bytes = key;
    this.from = 0;
    this.size = key.length;
  }
  #bindSingle(operands: readonly Operand[], execution: Execution): void {
    const slot = this.#slot;
    this.count = 1;
    if (operands.length === 1) {
      (operands[0] as Operand).evaluate(execution, slot);
      checkKeyPart(this.#columns[0] as Column, slot.size);
      this.bytes = slot.bytes;
      this.from = slot.from;
      this.size = slot.size;
    } else {
      const sink = this.#sink;
      sink.length = 0;
      for (let i = 0; i < operands.length; i++) {
        (operands[i] as Operand).evaluate(execution, slot);
        checkKeyPart(this.#columns[i] as Column, slot.size);
        appendKeyComponent(sink, slot);
      }
      this.bytes = sink.bytes;
      this.from = 0;
      this.size = sink.length;
    }
    checkKeySize(this.size);
  }
  #product(execution: Execution): readonly Uint8Array[] {
    const parts = this.#columns.map((column, i) => keyPartValues(column, this.#values[i] as InValues, execution));
    const keys: Uint8Array[] = [];
    const total = parts.reduce((product, each) => product * each.length, 1);
    if (total > namedPartitionsMax)
      throw invalid(
        `Cartesian product of the partition key values exceeds the maximum of ${namedPartitionsMax}: ${total}`,
      );
    const seen = new Set<string>();
    const chosen: Uint8Array[] = [];
    const descend = (column: number): void => {
      if (column === parts.length) {
        const key = joinKey(chosen);
        checkKeySize(key.length);
        const name = key.join();
        if (seen.has(name)) return;
        seen.add(name);
        keys.push(key);
        return;
      }
      for (const value of parts[column] ?? []) {
        chosen[column] = value;
        descend(column + 1);
      }
    };
    descend(0);
    return keys;
  }
}
