/** Rows of virtual tables: computed, then walked in the order of tokens and clustering as stored ones are. */
import { hashToken, tokenHalves, type TableSchema } from '@skerry/domain-table';
import { ByteSink, orderedCodec } from '@skerry/domain-values';
import type { Slot } from '../contract.ts';
import { joinKey } from '../key-bytes.ts';
import { compareBytes, type ByteRange } from './byte-ranges.ts';
import type { VirtualTable } from './relation.ts';
import type { CellTimes, ColumnRef, Position, Row, RowSource } from './row.ts';
import { setSlot } from './selected.ts';

type VirtualRow = {
  readonly tokenHi: number;
  readonly tokenLo: number;
  readonly key: Uint8Array;
  readonly clustering: Uint8Array;
  readonly values: readonly (Uint8Array | null)[];
};
/** Which rows are wanted. */
export type VirtualWanted = {
  /** Undefined: all. */
  readonly keys: readonly Uint8Array[] | undefined;
  readonly ranges: readonly ByteRange[];
  readonly reverse: boolean;
  readonly inTokens: (hi: number, lo: number) => boolean;
  readonly after: Position | undefined;
};
const empty = new Uint8Array(0);

export class VirtualSource implements RowSource, Row {
  readonly tombstones = 0;
  readonly #table: VirtualTable;
  #partitions: readonly (readonly VirtualRow[])[] = [];
  #partition = -1;
  #index = -1;

  constructor(table: VirtualTable) {
    this.#table = table;
  }
  get row(): Row {
    return this;
  }
  begin(wanted: VirtualWanted): void {
    const { schema } = this.#table;
    const partitions = new Map<string, VirtualRow[]>();
    for (const values of this.#table.rows()) {
      const row = rowOf(schema, values);
      if (!isWanted(row, wanted, orderOf(schema))) continue;
      const id = row.key.join(',');
      const partition = partitions.get(id);
      if (partition === undefined) partitions.set(id, [row]);
      else partition.push(row);
    }
    const sign = wanted.reverse ? -1 : 1;
    for (const rows of partitions.values()) rows.sort((a, b) => sign * compareBytes(a.clustering, b.clustering));
    const order = orderOf(schema);
    this.#partitions = [...partitions.values()].toSorted((a, b) => order(a[0] as VirtualRow, b[0] as VirtualRow));
    this.#partition = -1;
  }
  nextPartition(): boolean {
    this.#partition += 1;
    this.#index = -1;
    return this.#partition < this.#partitions.length;
  }
  nextRow(): boolean {
    this.#index += 1;
    return this.#index < (this.#partitions[this.#partition]?.length ?? 0);
  }
  staticRow(): boolean {
    return false;
  }
  get #row(): VirtualRow | undefined {
    return this.#partitions[this.#partition]?.[this.#index];
  }
  key(): Uint8Array {
    return this.#partitions[this.#partition]?.[0]?.key ?? empty;
  }
  position(): Position {
    return { key: this.key(), clustering: this.#row?.clustering };
  }
  takePause(): boolean {
    return false;
  }
  pausedAt(): undefined {
    return undefined;
  }
  load({ column }: ColumnRef, out: Slot): void {
    const { schema } = this.#table;
    const before =
      column.kind === 'partition_key'
        ? 0
        : column.kind === 'clustering'
          ? schema.partitionKey.length
          : column.kind === 'static'
            ? schema.partitionKey.length + schema.clustering.length
            : schema.partitionKey.length + schema.clustering.length + schema.statics.length;
    setSlot(out, this.#row?.values[before + column.position] ?? null);
  }
  times(_ref: ColumnRef, _each: (times: CellTimes) => void): void {}
}

function rowOf(schema: TableSchema, values: readonly (Uint8Array | null)[]): VirtualRow {
  const { partitionKey, clustering } = schema;
  const keyValues = values.slice(0, partitionKey.length).map((value) => value ?? empty);
  const key = joinKey(keyValues);
  const ordered = new ByteSink(64);
  for (const [i, { type, reversed }] of clustering.entries()) {
    const value = values[partitionKey.length + i] ?? empty;
    orderedCodec(type, reversed).append(ordered, value, 0, value.length);
  }
  hashToken(key, 0, key.length);
  return { tokenHi: tokenHalves.hi, tokenLo: tokenHalves.lo, key, clustering: ordered.copy(), values };
}
function isWanted(
  row: VirtualRow,
  { keys, ranges, reverse, inTokens, after }: VirtualWanted,
  compareRows: typeof compareTokens,
): boolean {
  const { key, clustering, tokenHi, tokenLo } = row;
  if (keys !== undefined && !keys.some((each) => compareBytes(each, key) === 0)) return false;
  if (!inTokens(tokenHi, tokenLo)) return false;
  if (
    !ranges.some(
      ({ from, to }) => compareBytes(clustering, from) >= 0 && (to === undefined || compareBytes(clustering, to) < 0),
    )
  )
    return false;
  if (after === undefined) return true;
  if (compareBytes(key, after.key) !== 0) {
    hashToken(after.key, 0, after.key.length);
    return compareRows(row, { tokenHi: tokenHalves.hi, tokenLo: tokenHalves.lo, key: after.key }) > 0;
  }
  if (after.clustering === undefined) return false;
  const order = compareBytes(clustering, after.clustering);
  return reverse ? order < 0 : order > 0;
}
/** What has no storage anywhere stands in the order of its keys. Source: Cassandra 5.0, LocalPartitioner. */
const unstored: ReadonlySet<string> = new Set(['system_virtual_schema', 'system_views']);
const orderOf = ({ keyspace }: TableSchema): typeof compareTokens =>
  unstored.has(keyspace) ? (a, b) => compareBytes(a.key, b.key) : compareTokens;
type Token = Pick<VirtualRow, 'tokenHi' | 'tokenLo' | 'key'>;
const compareTokens = (a: Token, b: Token): number =>
  a.tokenHi - b.tokenHi || (a.tokenLo >>> 0) - (b.tokenLo >>> 0) || compareBytes(a.key, b.key);
