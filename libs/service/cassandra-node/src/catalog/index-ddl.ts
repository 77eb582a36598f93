/** CREATE and DROP INDEX. Source: Cassandra 5.0, CreateIndexStatement, IndexAttributes, IndexTarget, DropIndexStatement. */
import type { TableSchema } from '@skerry/domain-table';
import { isMultiCell, type ValueType } from '@skerry/domain-values';
import type { IndexTarget, Statement } from '@skerry/protocol-cql';
import { checkAttached } from './attached-index.ts';
import { findColumn } from './columns.ts';
import { draft, existingKeyspace, guardSystem, tableResource, type DdlContext, type MaybeDraft } from './context.ts';
import { invalid, misconfigured } from './fault.ts';
import { isIndexName, maybeQuote, qualified } from './names.ts';
import { checkNames, mapValue } from './properties.ts';
import {
  findRelation,
  indexesOf,
  withEntry,
  without,
  type IndexDefinition,
  type KeyspaceDefinition,
  type Snapshot,
} from './state.ts';
import { referencesDuration } from './type-names.ts';

type Create = Extract<Statement, { readonly kind: 'createIndex' }>;
type Drop = Extract<Statement, { readonly kind: 'dropTable' | 'dropView' | 'dropIndex' | 'dropType' }>;
type Attributes = Pick<IndexDefinition, 'kind' | 'className' | 'options'>;

const indexPackage = 'org.apache.cassandra.index.';
/** What Cassandra 5.0 calls its storage-attached index, and what options it takes. */
const attachedNames: ReadonlySet<string> = new Set([
  'sai',
  'storageattachedindex',
  `${indexPackage}sai.storageattachedindex`,
]);
const attachedOptions: ReadonlySet<string> = new Set([
  'case_sensitive',
  'normalize',
  'ascii',
  'similarity_function',
  'optimize_for',
  'maximum_node_connections',
  'construction_beam_width',
]);
const sasiName = `${indexPackage}sasi.sasiindex`;
/** Cassandra's own name of the index that CREATE INDEX makes. */
const builtInName = 'legacy_local_table';

/** Storage-attached, whatever the statement called it. */
export const isAttached = (index: IndexDefinition): boolean =>
  index.className !== undefined && attachedNames.has(index.className.toLowerCase());

const optionNames: ReadonlySet<string> = new Set(['options']);

function attributesOf(statement: Create): Attributes {
  checkNames(statement.properties, optionNames);
  const { className } = statement;
  const isCustom = statement.custom || (className !== undefined && className !== builtInName);
  if (!isCustom && statement.properties.size > 0) throw invalid('Cannot specify options for a non-CUSTOM index');
  if (!isCustom) return { kind: 'composites', className: undefined, options: new Map() };
  const given = statement.properties.get('options');
  const options: ReadonlyMap<string, string> = given === undefined ? new Map() : mapValue('options', given);
  for (const reserved of ['class_name', 'target'])
    if (options.has(reserved)) throw invalid(`Cannot specify ${reserved} as a CUSTOM option`);
  if (className?.toLowerCase() === sasiName)
    throw invalid('SASI indexes are disabled. Enable in cassandra.yaml to use.');
  return { kind: 'custom', className: className ?? builtInName, options };
}

/** The class, and what it says of the index: after everything else, as Cassandra does. */
function checkClass(table: TableSchema, index: IndexDefinition, others: readonly IndexDefinition[]): void {
  const { className, options, targets } = index;
  if (className === undefined) return;
  if (!isAttached(index)) throw misconfigured(`Unable to find custom indexer class '${className}'`);
  const unknown = [...options.keys()].filter((name) => !attachedOptions.has(name));
  if (unknown.length > 0)
    throw misconfigured(`Properties specified [${unknown.join(', ')}] are not understood by StorageAttachedIndex`);
  if (targets.length > 1)
    throw invalid(
      `A storage-attached index cannot be created over multiple columns: ${targets.map(targetText).join(', ')}`,
    );
  if (targets.length === 0) throw invalid('Failed to retrieve target column for: ');
  checkAttached(table, index, others.filter(isAttached));
}

const targetName = (kind: IndexTarget['kind']): string => (kind === 'column' ? '' : kind);
/** As `system_schema.indexes` and DESCRIBE have it. */
export const targetText = ({ kind, column }: IndexTarget): string =>
  kind === 'column' ? maybeQuote(column) : `${kind}(${maybeQuote(column)})`;

const isCollection = ({ kind }: ValueType): boolean => kind === 'list' || kind === 'set' || kind === 'map';

function refuseDurations(type: ValueType): void {
  if (!referencesDuration(type)) return;
  const what = isCollection(type)
    ? 'collections containing durations'
    : type.kind === 'tuple'
      ? 'tuples containing durations'
      : type.kind === 'udt'
        ? 'UDTs containing durations'
        : 'duration columns';
  throw invalid(`Secondary indexes are not supported on ${what}`);
}

/** The target as Cassandra takes it: a collection's values, when nothing else is said. */
function prepareTarget(table: TableSchema, given: IndexTarget): IndexTarget {
  const column = findColumn(table, given.column);
  if (column === undefined)
    throw invalid(
      `Undefined column name ${maybeQuote(given.column)} in table ${qualified(table.keyspace, table.name)}`,
    );
  return given.kind === 'column' && isCollection(column.type) && isMultiCell(column.type)
    ? { kind: 'values', column: given.column }
    : given;
}

function checkTarget(table: TableSchema, target: IndexTarget, isCustom: boolean): void {
  const column = findColumn(table, target.column);
  if (column === undefined) throw invalid(`Column '${target.column}' doesn't exist`);
  const { name, type } = column;
  if (isCustom && !/^\w+$/.test(name))
    throw invalid(`Column '${name}' contains non-alphanumeric-underscore characters`);
  refuseDurations(type);
  if (column.kind === 'partition_key' && table.partitionKey.length === 1)
    throw invalid(`Cannot create secondary index on the only partition key column ${name}`);
  const isFrozen = isCollection(type) && !isMultiCell(type);
  if (isFrozen && target.kind !== 'full')
    throw invalid(
      `Cannot create ${targetName(target.kind) || 'values'}() index on frozen column ${name}. Frozen collections are ` +
        `immutable and must be fully indexed by using the 'full(${name})' modifier`,
    );
  if (!isFrozen && target.kind === 'full') throw invalid('full() indexes can only be created on frozen collections');
  if (!isCollection(type) && target.kind !== 'column')
    throw invalid(
      `Cannot create ${target.kind}() index on ${name}. Non-collection columns only support simple indexes`,
    );
  if ((target.kind === 'keys' || target.kind === 'entries') && type.kind !== 'map')
    throw invalid(`Cannot create index on ${target.kind} of column ${name} with non-map type`);
  if (type.kind === 'udt' && !type.frozen) throw invalid(`Cannot create index on non-frozen UDT column ${name}`);
}

/** `table_column_idx`, with a number behind it when that is taken. */
function freeName(keyspace: KeyspaceDefinition, table: string, targets: readonly IndexTarget[]): string {
  const column = targets.length === 1 ? `_${targets[0]?.column ?? ''}` : '';
  const base = `${table}${column}_idx`.replaceAll(/\W/g, '');
  if (!keyspace.indexes.has(base)) return base;
  for (let i = 1; ; i++) if (!keyspace.indexes.has(`${base}_${i}`)) return `${base}_${i}`;
}

function checkTargets(table: TableSchema, statement: Create, isCustom: boolean): readonly IndexTarget[] {
  const targets = statement.targets.map((target) => prepareTarget(table, target));
  if (targets.length === 0 && !isCustom)
    throw invalid('Only CUSTOM indexes can be created without specifying a target column');
  if (targets.length > 1) {
    if (!isCustom) throw invalid('Only CUSTOM indexes support multiple columns');
    const seen = new Set<string>();
    for (const { column } of targets) {
      if (seen.has(column)) throw invalid(`Duplicate column '${column}' in index target list`);
      seen.add(column);
    }
  }
  for (const target of targets) checkTarget(table, target, isCustom);
  return targets;
}

const definitionText = ({ kind, className, options, targets }: Omit<IndexDefinition, 'name' | 'table' | 'number'>) =>
  JSON.stringify([kind, className, [...options].toSorted(), targets.map(targetText)]);

function keyspaceNameOf(statement: Create, context: DdlContext): string {
  const { table, keyspace: ofIndex } = statement;
  const name = table.keyspace ?? ofIndex ?? context.keyspace;
  if (name === undefined)
    throw invalid('No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename');
  if (ofIndex !== undefined && ofIndex !== name)
    throw invalid(`Keyspace name '${name}' doesn't match index name '${ofIndex}.${statement.name ?? ''}'`);
  return name;
}

export function createIndex(snapshot: Snapshot, statement: Create, context: DdlContext): MaybeDraft {
  const name = keyspaceNameOf(statement, context);
  guardSystem(name, 'ALTER', tableResource(name, statement.table.name));
  const attributes = attributesOf(statement);
  const keyspace = existingKeyspace(snapshot, name);
  const table = findRelation(keyspace, statement.table.name);
  if (table === undefined) throw invalid(`Table '${statement.table.name}' doesn't exist`);
  if (statement.name !== undefined && keyspace.indexes.has(statement.name)) {
    if (statement.ifNotExists) return undefined;
    throw invalid(`Index '${statement.name}' already exists`);
  }
  if (table.isCounter) throw invalid("Secondary indexes on counter tables aren't supported");
  if (keyspace.views.has(table.name)) throw invalid("Secondary indexes on materialized views aren't supported");
  const targets = checkTargets(table, statement, attributes.kind === 'custom');
  const index: IndexDefinition = {
    name: statement.name ?? freeName(keyspace, table.name, targets),
    table: table.name,
    number: snapshot.nextNumber,
    targets,
    ...attributes,
  };
  const equal = indexesOf(keyspace, table.name).find((other) => definitionText(other) === definitionText(index));
  if (equal !== undefined) {
    if (statement.ifNotExists) return undefined;
    throw invalid(`Index ${index.name} is a duplicate of existing index ${equal.name}`);
  }
  if (!isIndexName(index.name)) throw misconfigured(`Illegal index name ${index.name}`);
  checkClass(table, index, indexesOf(keyspace, table.name));
  return draft(
    snapshot,
    { ...keyspace, indexes: withEntry(keyspace.indexes, index.name, index) },
    { change: 'UPDATED', target: 'TABLE', keyspace: name, name: table.name },
    { nextNumber: snapshot.nextNumber + 1 },
  );
}

export function dropIndex(snapshot: Snapshot, statement: Drop, context: DdlContext): MaybeDraft {
  const name = statement.name.keyspace ?? context.keyspace;
  if (name === undefined)
    throw invalid('No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename');
  const keyspace = snapshot.keyspaces.get(name);
  const index = keyspace?.indexes.get(statement.name.name);
  if (keyspace === undefined || index === undefined) {
    if (statement.ifExists) return undefined;
    throw invalid(`Index '${name}.${statement.name.name}' doesn't exist'`);
  }
  return draft(
    snapshot,
    { ...keyspace, indexes: without(keyspace.indexes, index.name) },
    { change: 'UPDATED', target: 'TABLE', keyspace: name, name: index.table },
  );
}
