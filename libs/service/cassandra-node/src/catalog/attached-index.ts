/** What a storage-attached index takes. Source: Cassandra 5.0, StorageAttachedIndex.validateOptions, NonTokenizingOptions. */
import type { TableSchema } from '@skerry/domain-table';
import { isMultiCell, nativeKinds, typeName, type ValueType } from '@skerry/domain-values';
import type { IndexTarget } from '@skerry/protocol-cql';
import { findColumn } from './columns.ts';
import { invalid } from './fault.ts';
import { analysisOptions, type IndexDefinition } from './state.ts';

/** What has no order, or no value of its own, is not indexed. */
const refusedKinds: ReadonlySet<ValueType['kind']> = new Set(['blob', 'counter', 'duration']);
const kinds: ReadonlySet<ValueType['kind']> = new Set(nativeKinds.filter((kind) => !refusedKinds.has(kind)));

/** Types of what is indexed: of a map's entries two. */
function indexedTypes(type: ValueType, { kind }: IndexTarget): readonly ValueType[] {
  if (!isMultiCell(type)) return [type];
  if (type.kind === 'list' || type.kind === 'set') return [type.element];
  if (type.kind !== 'map') return [type];
  if (kind === 'entries') return [type.key, type.value];
  return [kind === 'keys' ? type.key : type.value];
}
/** Compared as a whole. */
const isFrozen = ({ kind }: ValueType): boolean =>
  kind === 'list' || kind === 'set' || kind === 'map' || kind === 'tuple' || kind === 'udt';

function checkBoolean(name: string, value: string): void {
  if (value === '') throw invalid(`Empty value for boolean option '${name}'`);
  if (!/^(?:true|false)$/i.test(value)) throw invalid(`Illegal value for boolean option '${name}': ${value}`);
}

/** @param others storage-attached indexes of the table. */
export function checkAttached(
  table: TableSchema,
  { targets, options }: Pick<IndexDefinition, 'targets' | 'options'>,
  others: readonly IndexDefinition[],
): void {
  const [target] = targets;
  const column = target && findColumn(table, target.column);
  if (target === undefined || column === undefined) return;
  const isSame = ({ targets: [other] }: IndexDefinition): boolean =>
    other?.column === target.column && other.kind === target.kind;
  if (others.some(isSame))
    throw invalid(`Cannot create more than one storage-attached index on the same column: ${column.name}`);
  const analyzed = analysisOptions.filter((name) => options.has(name));
  if (analyzed.length > 0 && (column.kind === 'partition_key' || column.kind === 'clustering')) {
    const shown = analyzed.map((name) => `'${name}': '${options.get(name) ?? ''}'`).join(', ');
    throw invalid(`Analysis options are not supported on primary key columns, but found {${shown}}`);
  }
  for (const name of analyzed) checkBoolean(name, options.get(name) ?? '');
  for (const type of indexedTypes(column.type, target)) {
    if (type.kind === 'vector') {
      if (type.element.kind !== 'float')
        throw invalid('SAI ANN indexes are only allowed on vector columns with float elements');
      if (type.dimension === 1 && (options.get('similarity_function') ?? 'cosine').toLowerCase() === 'cosine')
        throw invalid('Cosine similarity is not supported for single-dimension vectors');
    } else if (!kinds.has(type.kind) && !isFrozen(type)) throw invalid(`Unsupported type: ${typeName(type)}`);
  }
}
