/** CREATE, ALTER and DROP TYPE. Source: Cassandra 5.0, CreateTypeStatement, AlterTypeStatement, DropTypeStatement. */
import type { UserField, UserType, ValueType } from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import type { Statement } from '@skerry/protocol-cql';
import { allColumns, mapColumnTypes } from './columns.ts';
import {
  allTablesResource,
  draft,
  existingKeyspace,
  guardSystem,
  keyspaceOf,
  type DdlContext,
  type MaybeDraft,
} from './context.ts';
import { invalid } from './fault.ts';
import { qualified } from './names.ts';
import { isCounterName, isOpenUserTypeName, resolveType, typeNameText } from './resolve-type.ts';
import { sortedByKey, withEntry, without, type KeyspaceDefinition, type Snapshot } from './state.ts';
import { freeze, mapType, referencesUserType } from './type-names.ts';

type Create = Extract<Statement, { readonly kind: 'createType' }>;
type Alter = Extract<Statement, { readonly kind: 'alterType' }>;
type Drop = Extract<Statement, { readonly kind: 'dropTable' | 'dropView' | 'dropIndex' | 'dropType' }>;
type Change = Alter['change'];

export function createType(snapshot: Snapshot, statement: Create, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  const type = statement.name.name;
  guardSystem(name, 'CREATE', allTablesResource(name));
  const keyspace = existingKeyspace(snapshot, name);
  if (keyspace.types.has(type)) {
    if (statement.ifNotExists) return undefined;
    throw invalid(`A user type with name '${type}' already exists`);
  }
  const seen = new Set<string>();
  for (const [field] of statement.fields) {
    if (seen.has(field)) throw invalid(`Duplicate field name '${field}' in type '${type}'`);
    seen.add(field);
  }
  for (const [, fieldType] of statement.fields) {
    if (isCounterName(fieldType)) throw invalid('A user type cannot contain counters');
    if (isOpenUserTypeName(fieldType)) throw invalid('A user type cannot contain non-frozen UDTs');
  }
  const scope = { keyspace: name, types: keyspace.types };
  const fields = statement.fields.map(([field, fieldType]) => ({ name: field, type: resolveType(fieldType, scope) }));
  const created: UserType = { kind: 'udt', keyspace: name, name: type, fields, frozen: false };
  return draft(
    snapshot,
    { ...keyspace, types: withEntry(keyspace.types, type, created) },
    { change: 'CREATED', target: 'TYPE', keyspace: name, name: type },
  );
}

/** The type changed wherever it is used: in other types, tables and views. */
function withUpdatedType(keyspace: KeyspaceDefinition, updated: UserType): KeyspaceDefinition {
  const swap = (type: ValueType): ValueType =>
    mapType(type, (part) => {
      if (part.kind !== 'udt' || part.name !== updated.name) return part;
      return part.frozen ? freeze(updated) : updated;
    });
  const swapField = (field: UserField): UserField => ({ ...field, type: swap(field.type) });
  const uses = (type: ValueType): boolean => referencesUserType(type, updated.name);
  const types = new Map(
    [...keyspace.types].map(([name, type]) => [
      name,
      name === updated.name ? updated : { ...type, fields: type.fields.map(swapField) },
    ]),
  );
  const tables = new Map(
    [...keyspace.tables].map(([name, table]) => [
      name,
      allColumns(table).some((column) => uses(column.type)) ? mapColumnTypes(table, swap) : table,
    ]),
  );
  const views = new Map(
    [...keyspace.views].map(([name, view]) => [name, { ...view, schema: mapColumnTypes(view.schema, swap) }]),
  );
  return { ...keyspace, types, tables, views };
}

function addField(
  keyspace: KeyspaceDefinition,
  type: UserType,
  [field, fieldName]: Extract<Change, { readonly kind: 'add' }>['fields'][number],
  ifNotExists: boolean,
): UserType {
  const shown = qualified(keyspace.name, type.name);
  if (type.fields.some((other) => other.name === field)) {
    if (ifNotExists) return type;
    throw invalid(`Cannot add field ${field} to type ${shown}: a field with name ${field} already exists`);
  }
  if (isCounterName(fieldName)) throw invalid('A user type cannot contain counters');
  if (isOpenUserTypeName(fieldName) && keyspace.types.has(type.name)) {
    const named = fieldName.kind === 'named' ? fieldName.name.name : '';
    if (keyspace.types.has(named) && named !== type.name) throw invalid('A user type cannot contain non-frozen UDTs');
  }
  const fieldType = resolveType(fieldName, { keyspace: keyspace.name, types: keyspace.types });
  if (referencesUserType(fieldType, type.name))
    throw invalid(
      `Cannot add new field ${field} of type ${typeNameText(fieldName)} to user type ${shown} ` +
        'as it would create a circular reference',
    );
  const keyed = [...keyspace.tables.values(), ...[...keyspace.views.values()].map((view) => view.schema)].filter(
    (table) => table.partitionKey.some((column) => referencesUserType(column.type, type.name)),
  );
  if (keyed.length > 0)
    throw invalid(
      `Cannot add new field ${field} of type ${typeNameText(fieldName)} to user type ${shown} as the type is being ` +
        `used in partition key by the following tables: ${keyed.map((t) => qualified(t.keyspace, t.name)).join(', ')}`,
    );
  return { ...type, fields: [...type.fields, { name: field, type: fieldType }] };
}

function renameFields(
  keyspace: string,
  type: UserType,
  change: Extract<Change, { readonly kind: 'rename' }>,
): UserType {
  const names = type.fields.map((field) => field.name);
  for (const [from, to] of change.renames) {
    // By the names before the statement: fields may trade names.
    const at = type.fields.findIndex((field) => field.name === from);
    if (at >= 0) names[at] = to;
    else if (!change.ifExists) throw invalid(`Unkown field ${from} in user type ${qualified(keyspace, type.name)}`);
  }
  for (const name of names)
    if (names.filter((other) => other === name).length > 1)
      throw invalid(`Duplicate field name ${name} in type ${keyspace}`);
  return { ...type, fields: type.fields.map((field, at) => ({ ...field, name: names[at] ?? field.name })) };
}

function changed(keyspace: KeyspaceDefinition, type: UserType, change: Change): UserType {
  switch (change.kind) {
    case 'add':
      return change.fields.reduce((state, field) => addField(keyspace, state, field, change.ifNotExists), type);
    case 'rename':
      return renameFields(keyspace.name, type, change);
    case 'retype':
      throw invalid('Altering field types is no longer supported');
    default:
      return unreachable(change);
  }
}

export function alterType(snapshot: Snapshot, statement: Alter, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  guardSystem(name, 'ALTER', allTablesResource(name));
  const keyspace = snapshot.keyspaces.get(name);
  const type = keyspace?.types.get(statement.name.name);
  if (keyspace === undefined || type === undefined) {
    if (statement.ifExists) return undefined;
    throw invalid(`Type ${name}.${statement.name.name} doesn't exist`);
  }
  return draft(snapshot, withUpdatedType(keyspace, changed(keyspace, type, statement.change)), {
    change: 'UPDATED',
    target: 'TYPE',
    keyspace: name,
    name: type.name,
  });
}

export function dropType(snapshot: Snapshot, statement: Drop, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  const type = statement.name.name;
  guardSystem(name, 'DROP', allTablesResource(name));
  const keyspace = snapshot.keyspaces.get(name);
  if (keyspace === undefined || !keyspace.types.has(type)) {
    if (statement.ifExists) return undefined;
    throw invalid(`Type '${name}.${type}' doesn't exist`);
  }
  const types = sortedByKey(keyspace.types).filter(
    (other) => other.name !== type && other.fields.some((field) => referencesUserType(field.type, type)),
  );
  if (types.length > 0)
    throw invalid(
      `Cannot drop user type '${name}.${type}' as it is still used by user types ` +
        types.map((other) => other.name).join(', '),
    );
  const tables = sortedByKey(keyspace.tables).filter((table) =>
    allColumns(table).some((column) => referencesUserType(column.type, type)),
  );
  if (tables.length > 0)
    throw invalid(
      `Cannot drop user type '${name}.${type}' as it is still used by tables ` +
        tables.map((table) => table.name).join(', '),
    );
  return draft(
    snapshot,
    { ...keyspace, types: without(keyspace.types, type) },
    { change: 'DROPPED', target: 'TYPE', keyspace: name, name: type },
  );
}
