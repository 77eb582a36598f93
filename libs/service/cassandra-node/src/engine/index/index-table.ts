/**
 * The hidden table of an index: what its keys and clusterings are.
 *
 * - Under a value: the partition key is 1 and the value's ordered bytes (2 and their digest, when they are long); the
 *   clustering is a place: token (8, in its order) · partition key (escaped, ended) · ordered clustering · (of an element) its path.
 * - In order: one partition, whose key is 3; the clustering is the value's ordered bytes, then the place.
 *
 * Values that compare as equal have the same ordered bytes, so they are found together. The wire of the clustering has the
 * base row's partition key and its ordered clustering, `[i32 size][bytes]` each. A row lives as the cell does that it is of.
 */
import { layoutOf, sha256, type Column, type Part, type TableLayout, type TableSchema } from '@skerry/domain-table';
import {
  ByteSink,
  decimalBytes,
  decimalOf,
  isMultiCell,
  orderedCodec,
  stripZeros,
  varintBytes,
  varintOf,
  type OrderedCodec,
  type ValueType,
} from '@skerry/domain-values';
import { present } from '@skerry/kernel';
import { findColumn } from '../../catalog/columns.ts';
import { isAttached } from '../../catalog/index-ddl.ts';
import type { IndexDefinition } from '../../catalog/state.ts';
import { textAnalysis, type Analysis } from './text-analysis.ts';

/** Ordered bytes of a value above which an entry stands under their digest. */
export const termSizeMaxBytes = 1024;

/** What of a column is indexed: it as a whole, or of a collection's elements the values, the keys, both. */
export type IndexedPart = 'whole' | 'values' | 'keys' | 'entries';

export type IndexTable = {
  readonly definition: IndexDefinition;
  readonly layout: TableLayout;
  readonly column: Column;
  readonly part: IndexedPart;
  /** An entry is of a partition, not of a row: static columns, components of the partition key. */
  readonly perPartition: boolean;
  /** The row's own key is indexed: an entry lives as long as anything of the row does. */
  readonly ofKey: boolean;
  /** Entries in order of their values. */
  readonly ordered: boolean;
  readonly attached: boolean;
  /** Of both sides of a comparison. */
  readonly analysis: Analysis | undefined;
  /** Makes equal values the same bytes, where their ordered bytes are not. */
  readonly alike: Analysis | undefined;
  readonly itemAlike: Analysis | undefined;
  /** Of a key (of `keys`, `entries`) or the value. */
  readonly codec: OrderedCodec;
  /** Of the value of `entries`. */
  readonly itemCodec: OrderedCodec | undefined;
};

/** Kinds of values that a storage-attached index gives ranges of. Source: Cassandra 5.0, IndexTermType. */
const rangedKinds: ReadonlySet<ValueType['kind']> = new Set([
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'varint',
  'decimal',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timeuuid',
  'inet',
]);

const blob: ValueType = { kind: 'blob' };
const hiddenColumn = (id: number, name: string, kind: Column['kind'], position: number): Column => ({
  id,
  name,
  kind,
  type: blob,
  position,
  reversed: false,
});
/** Of entries of keys: the column that lives as long as what was written with a TTL. */
export const expiringColumn = 3;

const hiddenSchema = (base: TableSchema, { name, number }: IndexDefinition, ofKey: boolean): TableSchema => ({
  keyspace: base.keyspace,
  name: `${base.name}.${name}`,
  id: base.id,
  number,
  version: 1,
  partitionKey: [hiddenColumn(0, 'value', 'partition_key', 0)],
  clustering: [hiddenColumn(1, 'base_key', 'clustering', 0), hiddenColumn(2, 'base_clustering', 'clustering', 1)],
  statics: [],
  regulars: ofKey ? [hiddenColumn(expiringColumn, 'expiring', 'regular', 0)] : [],
  dropped: [],
  isCounter: false,
  // What is gone needs no trace: an entry that comes back is found to be too many again.
  gcGraceSeconds: 0,
  defaultTtlSeconds: 0,
  options: new Map(),
});

function partOf(definition: IndexDefinition, column: Column): IndexedPart {
  if (!isMultiCell(column.type)) return 'whole';
  const kind = definition.targets[0]?.kind;
  if (kind === 'keys' || kind === 'entries') return kind;
  return column.type.kind === 'set' ? 'keys' : 'values';
}
function typesOf(part: IndexedPart, { type }: Column): { readonly first: ValueType; readonly second?: ValueType } {
  if (part === 'whole') return { first: type };
  if (type.kind === 'set' || type.kind === 'list') return { first: type.element };
  if (type.kind !== 'map') return { first: type };
  if (part === 'values') return { first: type.value };
  return part === 'keys' ? { first: type.key } : { first: type.key, second: type.value };
}

const known = new WeakMap<TableSchema, Map<IndexDefinition, IndexTable>>();
/** The same for the same versions of both. */
export function indexTable(base: TableSchema, definition: IndexDefinition): IndexTable {
  let ofBase = known.get(base);
  if (ofBase === undefined) {
    ofBase = new Map();
    known.set(base, ofBase);
  }
  let made = ofBase.get(definition);
  if (made === undefined) {
    made = makeTable(base, definition);
    ofBase.set(definition, made);
  }
  return made;
}
function makeTable(base: TableSchema, definition: IndexDefinition): IndexTable {
  const column = present(findColumn(base, definition.targets[0]?.column ?? ''), 'the column of an index');
  const part = partOf(definition, column);
  const { first, second } = typesOf(part, column);
  const attached = isAttached(definition);
  const ofKey = column.kind === 'partition_key' || column.kind === 'clustering';
  return {
    definition,
    layout: layoutOf(hiddenSchema(base, definition, ofKey)),
    column,
    part,
    perPartition: column.kind === 'partition_key' || column.kind === 'static',
    ofKey,
    ordered: attached && part === 'whole' && rangedKinds.has(column.type.kind),
    attached,
    analysis: first.kind === 'text' || first.kind === 'ascii' ? textAnalysis(definition.options) : undefined,
    alike: alikeOf(first),
    itemAlike: second === undefined ? undefined : alikeOf(second),
    codec: orderedCodec(first),
    itemCodec: second === undefined ? undefined : orderedCodec(second),
  };
}

const decimalHeadSizeBytes = 4;
/** Numbers without what tells equal ones apart: a decimal's scale, bytes of a varint that only repeat its sign. */
function alikeOf({ kind }: ValueType): Analysis | undefined {
  if (kind === 'decimal')
    return (bytes) => (bytes.length <= decimalHeadSizeBytes ? bytes : decimalBytes(stripZeros(decimalOf(bytes))));
  if (kind === 'varint') return (bytes) => (bytes.length === 0 ? bytes : varintBytes(varintOf(bytes)));
  return undefined;
}

const underValue = 1;
const underDigest = 2;
const inOrder = 3;
const orderedKey = Uint8Array.of(inOrder);
const empty = new Uint8Array(0);

/** Where the entries of a value are. */
export type Term = {
  /** The partition of the hidden table. */
  readonly key: Uint8Array;
  /** What their clusterings begin with. */
  readonly prefix: Uint8Array;
};

const scratch = new ByteSink(64);
/** @param item the value of an entry of a map. */
export function termOf(table: IndexTable, bytes: Uint8Array, from: number, size: number, item?: Part): Term {
  const { codec, itemCodec, ordered, analysis, alike, itemAlike } = table;
  scratch.clear();
  if (!ordered) scratch.byte(underValue);
  append(codec, analysis ?? alike, bytes, from, size);
  if (item !== undefined && itemCodec !== undefined) append(itemCodec, itemAlike, item.bytes, item.from, item.size);
  const term = scratch.copy();
  if (ordered) return { key: orderedKey, prefix: term };
  if (term.length <= termSizeMaxBytes) return { key: term, prefix: empty };
  const digest = sha256(term);
  const key = new Uint8Array(digest.length + 1);
  key[0] = underDigest;
  key.set(digest, 1);
  return { key, prefix: empty };
}

function append(
  codec: OrderedCodec,
  change: Analysis | undefined,
  bytes: Uint8Array,
  from: number,
  size: number,
): void {
  if (change === undefined) return codec.append(scratch, bytes, from, from + size);
  const changed = change(bytes.subarray(from, from + size));
  codec.append(scratch, changed, 0, changed.length);
}

const escaped = orderedCodec(blob);
/** The beginning of the places of a partition: token, and its key. */
export function appendPartition(
  sink: ByteSink,
  tokenHi: number,
  tokenLo: number,
  key: Uint8Array,
  from: number,
  size: number,
): void {
  appendToken(sink, tokenHi, tokenLo);
  escaped.append(sink, key, from, from + size);
}
export function appendToken(sink: ByteSink, tokenHi: number, tokenLo: number): void {
  sink.int32(tokenHi ^ 0x80000000);
  sink.int32(tokenLo);
}
