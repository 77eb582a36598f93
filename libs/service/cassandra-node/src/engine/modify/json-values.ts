/** INSERT JSON: the values of all columns from one text. Source: Cassandra 5.0, `cql3.Json`. */
import type { Column } from '@skerry/domain-table';
import { foldedKeys, fromJson, isJsonMap, parseJson, type Json, type ValueType } from '@skerry/domain-values';
import { fromUtf8 } from '@skerry/kernel';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { emptySlot, sizeNull, sizeUnset, slotBytes } from '../operands.ts';

export class JsonValues {
  readonly #text: Operand;
  readonly #columns: readonly Column[];
  readonly #missing: number;
  readonly #slot = emptySlot();
  #values: ReadonlyMap<string, Json> = new Map();

  /** @param defaultUnset columns that the text lacks keep what they have; else they are null. */
  constructor(text: Operand, columns: readonly Column[], defaultUnset: boolean) {
    this.#text = text;
    this.#columns = columns;
    this.#missing = defaultUnset ? sizeUnset : sizeNull;
  }
  /** Reads the text of this request. */
  readonly read = (execution: Execution): void => {
    this.#text.evaluate(execution, this.#slot);
    const bytes = slotBytes(this.#slot);
    if (bytes === null || bytes === undefined) throw invalid('Got null for INSERT JSON values');
    const text = fromUtf8(bytes) ?? '';
    const json = parseJson(text);
    if (!json.ok) throw invalid(`Could not decode JSON string as a map: ${json.error}. (String was: ${text})`);
    if (json.value === null) throw invalid('Got null for INSERT JSON values');
    if (!isJsonMap(json.value))
      throw invalid(`Could not decode JSON string as a map: it is none. (String was: ${text})`);
    this.#values = foldedKeys(json.value);
    const known = new Set(this.#columns.map(({ name }) => name));
    for (const name of this.#values.keys())
      if (!known.has(name)) throw invalid(`JSON values map contains unrecognized column: ${name}`);
  };
  /** The value of a column, as `read` found it. */
  operand(column: Column): Operand {
    return new JsonOperand(column.type, (out) => this.#evaluate(column, out));
  }
  #evaluate(column: Column, out: Slot): void {
    const json = this.#values.get(column.name);
    if (json === undefined) {
      out.size = this.#missing;
      return;
    }
    const bytes = fromJson(column.type, json);
    if (!bytes.ok) throw invalid(`Error decoding JSON value for ${column.name}: ${bytes.error}`);
    if (bytes.value === undefined) {
      out.size = sizeNull;
      return;
    }
    out.bytes = bytes.value;
    out.from = 0;
    out.size = bytes.value.length;
  }
}
class JsonOperand implements Operand {
  readonly type: ValueType;
  readonly constant = undefined;
  readonly marker = undefined;
  readonly #into: (out: Slot) => void;
  constructor(type: ValueType, into: (out: Slot) => void) {
    this.type = type;
    this.#into = into;
  }
  evaluate(_execution: Execution, out: Slot): void {
    this.#into(out);
  }
}
