/** What a storage-attached index takes. Source: Cassandra 5.0, StorageAttachedIndex.validateOptions, NonTokenizingOptions. */
import type { TableSchema } from '@skerry/domain-table';
import { isMultiCell, marshalName, marshalPackage, nativeKinds, typeName, type ValueType } from '@skerry/domain-values';
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

const fromVector: ReadonlyMap<string, string> = new Map([
  ['maximum_node_connections', 'Maximum node connections'],
  ['construction_beam_width', 'Construction beam width'],
]);
const similarities: readonly string[] = ['EUCLIDEAN', 'DOT_PRODUCT', 'COSINE'];
const aims: readonly string[] = ['LATENCY', 'RECALL'];

/** What only an index of vectors takes. */
function checkVectorOptions(options: ReadonlyMap<string, string>, type: string, isVector: boolean): void {
  const similarity = options.get('similarity_function')?.toUpperCase();
  const aim = options.get('optimize_for')?.toUpperCase();
  const tuned = [...fromVector].find(([name]) => options.has(name));
  if (similarity === undefined && aim === undefined && tuned === undefined) return;
  if (!isVector) throw invalid(`CQL type ${type} cannot have vector options`);
  if (tuned !== undefined)
    throw invalid(`${tuned[1]} cannot be set without enabling SAI_VECTOR_ALLOW_CUSTOM_PARAMETERS`);
  const valid = (known: readonly string[]): string => `Valid values are: ${known.join(', ')}`;
  if (similarity !== undefined && !similarities.includes(similarity))
    throw invalid(`Similarity function ${similarity} was not recognized for index null. ${valid(similarities)}`);
  if (aim !== undefined && !aims.includes(aim))
    throw invalid(`optimize_for '${aim}' was not recognized for index null. ${valid(aims)}`);
}

/** Case and accents are of text alone. */
function checkAnalysis(options: ReadonlyMap<string, string>, types: readonly ValueType[], shown: string): void {
  const analyzed = analysisOptions.filter((name) => options.has(name));
  if (analyzed.length === 0) return;
  const isText = types.length === 1 && types.every(({ kind }) => kind === 'text' || kind === 'ascii');
  if (!isText) throw invalid(`CQL type ${shown} cannot be analyzed.`);
  for (const name of analyzed) checkBoolean(name, options.get(name) ?? '');
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
  const types = indexedTypes(column.type, target);
  const [type] = types;
  const shown =
    types.length > 1 || type === undefined
      ? `'${marshalPackage}CompositeType(${types.map((part) => marshalName(part)).join(',')})'`
      : typeName(type);
  checkAnalysis(options, types, shown);
  checkVectorOptions(options, shown, type?.kind === 'vector');
  for (const type of types) {
    if (type.kind === 'vector') {
      if (type.element.kind !== 'float')
        throw invalid('SAI ANN indexes are only allowed on vector columns with float elements');
      if (type.dimension === 1 && (options.get('similarity_function') ?? 'cosine').toLowerCase() === 'cosine')
        throw invalid('Cosine similarity is not supported for single-dimension vectors');
    } else if (!kinds.has(type.kind) && !isFrozen(type)) throw invalid(`Unsupported type: ${typeName(type)}`);
  }
}
