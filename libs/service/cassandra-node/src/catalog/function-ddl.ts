/** Functions, aggregates and triggers of users: there are none, and Cassandra's words for that. */
import type { Statement } from '@skerry/protocol-cql';
import {
  existingKeyspace,
  guardSystem,
  keyspaceOf,
  tableResource,
  type DdlContext,
  type MaybeDraft,
} from './context.ts';
import { invalid } from './fault.ts';
import { resolveType, typeNameText } from './resolve-type.ts';
import { findRelation, type Snapshot } from './state.ts';

type Of<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** As Cassandra 5.0 answers unless cassandra.yaml says otherwise. */
export const functionsDisabled =
  'User-defined functions are disabled in cassandra.yaml - set user_defined_functions_enabled=true to enable';

export function createFunction(): never {
  throw invalid(functionsDisabled);
}

/** An aggregate needs a state function, and there can be none. */
export function createAggregate(snapshot: Snapshot, statement: Of<'createAggregate'>, context: DdlContext): never {
  const name = keyspaceOf(statement.name, context);
  if (statement.ifNotExists && statement.orReplace)
    throw invalid("Cannot use both 'OR REPLACE' and 'IF NOT EXISTS' directives");
  const { types } = existingKeyspace(snapshot, name);
  for (const type of [statement.stateType, ...statement.args]) resolveType(type, { keyspace: name, types });
  const shown = [statement.stateType, ...statement.args].map(typeNameText).join(', ');
  throw invalid(`State function ${name}.${statement.stateFunction}(${shown}) doesn't exist`);
}

export function dropFunction(statement: Of<'dropFunction' | 'dropAggregate'>, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  if (statement.ifExists) return undefined;
  const args = statement.args === undefined ? '' : `(${statement.args.map(typeNameText).join(', ')})`;
  const what = statement.kind === 'dropFunction' ? 'Function' : 'Aggregate';
  throw invalid(`${what} '${name}.${statement.name.name}${args}' doesn't exist`);
}

export function createTrigger(snapshot: Snapshot, statement: Of<'createTrigger'>, context: DdlContext): never {
  const name = keyspaceOf(statement.table, context);
  guardSystem(name, 'ALTER', tableResource(name, statement.table.name));
  const keyspace = existingKeyspace(snapshot, name);
  if (findRelation(keyspace, statement.table.name) === undefined)
    throw invalid(`Table '${statement.table.name}' doesn't exist`);
  if (keyspace.views.has(statement.table.name)) throw invalid('Cannot CREATE TRIGGER for a materialized view');
  throw invalid(`Trigger class '${statement.className}' couldn't be loaded`);
}

export function dropTrigger(_: Snapshot, statement: Of<'dropTrigger'>, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.table, context);
  if (statement.ifExists) return undefined;
  throw invalid(`Trigger '${statement.name}' on '${name}.${statement.table.name}' doesn't exist`);
}
