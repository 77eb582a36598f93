/** The partition keys that a SELECT names, and the range of tokens that it walks. */
import {
  appendKeyComponent,
  hashToken,
  Sink,
  tokenHalves,
  type TableSchema,
  type TokenRange,
} from '@skerry/domain-table';
import { compare } from '@skerry/domain-values';
import { invalid, type Execution } from '../contract.ts';
import { joinKey } from '../key-bytes.ts';
import { emptySlot, operandBytes } from '../operands.ts';
import { combinationsMax } from './clustering-slices.ts';
import { inValues, requiredBytes, requiredValue } from './filters.ts';
import type { KeyRestriction, TokenBound } from './restrictions.ts';

export class PartitionKeys {
  readonly #restrictions: readonly KeyRestriction[];
  readonly #sink = new Sink(256);
  readonly #slot = emptySlot();
  /** One partition at most. */
  readonly isOne: boolean;
  /** Of {@link one}. */
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  size = 0;

  constructor(schema: TableSchema, restrictions: readonly KeyRestriction[]) {
    this.#restrictions = schema.partitionKey.flatMap((column) =>
      restrictions.filter((restriction) => restriction.column === column),
    );
    this.isOne = restrictions.every(({ kind }) => kind === 'equal');
  }
  /** Leaves the one key in `bytes`, `from`, `size`, without making anything. */
  one(execution: Execution): void {
    const slot = this.#slot;
    const restrictions = this.#restrictions;
    if (restrictions.length === 1) {
      const [only] = restrictions;
      if (only?.kind === 'equal') requiredValue(only.operand, execution, slot, only.column.name);
      this.bytes = slot.bytes;
      this.from = slot.from;
      this.size = slot.size;
    } else {
      const sink = this.#sink;
      sink.length = 0;
      for (const restriction of restrictions) {
        if (restriction.kind === 'equal') requiredValue(restriction.operand, execution, slot, restriction.column.name);
        appendKeyComponent(sink, slot);
      }
      this.bytes = sink.bytes;
      this.from = 0;
      this.size = sink.length;
    }
    checkKeySize(this.size);
  }
  /** Each once, in the order of their values. */
  all(execution: Execution): readonly Uint8Array[] {
    let tuples: (readonly Uint8Array[])[] = [[]];
    for (const restriction of this.#restrictions) {
      const { column } = restriction;
      const values =
        restriction.kind === 'equal'
          ? [requiredBytes(restriction.operand, execution, column.name)]
          : sortedOnce(inValues(restriction.values, execution, column.name), (a, b) => compare(column.type, a, b));
      if (tuples.length * values.length > combinationsMax)
        throw invalid(`Cannot select: its IN restrictions have more than ${combinationsMax} combinations`);
      tuples = tuples.flatMap((tuple) => values.map((value) => [...tuple, value]));
    }
    return tuples.map((tuple) => keyOf(tuple));
  }
}
function sortedOnce(
  values: readonly Uint8Array[],
  order: (a: Uint8Array, b: Uint8Array) => number,
): readonly Uint8Array[] {
  const sorted = values.toSorted(order);
  return sorted.filter((value, i) => i === 0 || order(sorted[i - 1] as Uint8Array, value) !== 0);
}
function keyOf(components: readonly Uint8Array[]): Uint8Array {
  const key = joinKey(components);
  checkKeySize(key.length);
  return key;
}
function checkKeySize(size: number): void {
  if (size === 0) throw invalid('Key may not be empty');
  if (size > 65_535) throw invalid(`Key length of ${size} is longer than maximum of 65535`);
}

const minHi = -0x80000000;
const maxHi = 0x7fffffff;

/** The tokens that the bounds allow; undefined: none. @param after a page ended with this partition. */
export function tokenRange(
  bounds: readonly TokenBound[],
  execution: Execution,
  after: Uint8Array | undefined,
): TokenRange | undefined {
  let [fromHi, fromLo, fromInclusive, toHi, toLo] = [minHi, 0, true, maxHi, -1];
  for (const { operator, operand } of bounds) {
    const bytes = operandBytes(operand, execution);
    if (bytes === null) throw invalid('Invalid null token value');
    if (bytes.length !== 8) throw invalid(`Expected 8 or 0 byte long (${bytes.length})`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    const [hi, lo] = [view.getInt32(0), view.getInt32(4)];
    if (operator === '=' || operator.startsWith('>')) {
      // What is furthest counts.
      [fromHi, fromLo, fromInclusive] = [hi, lo, operator !== '>'];
    }
    if (operator === '=' || operator.startsWith('<')) {
      // Cassandra takes the least token as an end for "no bound".
      if (hi === minHi && lo === 0 && operator !== '=') continue;
      [toHi, toLo] = [hi, lo];
      if (operator === '<') {
        toLo = (lo - 1) | 0;
        if (lo === 0) toHi = hi - 1;
      }
    }
  }
  if (after !== undefined) {
    hashToken(after, 0, after.length);
    const { hi, lo } = tokenHalves;
    [fromHi, fromLo, fromInclusive] = [hi, lo, false];
  }
  if (fromHi > toHi || (fromHi === toHi && fromLo >>> 0 > toLo >>> 0)) return undefined;
  return { fromHi, fromLo, fromInclusive, toHi, toLo, ...(after === undefined ? {} : { afterKey: after }) };
}
