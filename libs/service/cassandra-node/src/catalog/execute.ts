/** A statement that changes the schema: from one snapshot to the next, or a fault. Pure. */
import type { TableSchema } from '@skerry/domain-table';
import { fail, ok, unreachable, utf8, type Result } from '@skerry/kernel';
import type { Statement } from '@skerry/protocol-cql';
import { alterTable, dropTable } from './alter-table.ts';
import type { DdlContext, MaybeDraft, Outcome } from './context.ts';
import { createTable } from './create-table.ts';
import { keyspaceDocuments, tableText, viewText } from './document.ts';
import { eventsOf } from './events.ts';
import { Refusal, type Fault } from './fault.ts';
import { createAggregate, createFunction, createTrigger, dropFunction, dropTrigger } from './function-ddl.ts';
import { createIndex, dropIndex } from './index-ddl.ts';
import { alterKeyspace, createKeyspace, dropKeyspace } from './keyspace-ddl.ts';
import { liveNumbers, viewsOf, type KeyspaceDefinition, type Snapshot } from './state.ts';
import { storedKeyspaces } from './system/stored-keyspaces.ts';
import { userNumberMin } from './system/numbers.ts';
import { uuidOf } from './table-id.ts';
import { alterType, createType, dropType } from './type-ddl.ts';
import { alterView, createView, dropView } from './view-ddl.ts';

/** 16 bytes or more, the same for the same bytes: MD5, say. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

const ddlKinds = [
  'createKeyspace',
  'alterKeyspace',
  'dropKeyspace',
  'createTable',
  'alterTable',
  'dropTable',
  'createType',
  'alterType',
  'dropType',
  'createIndex',
  'dropIndex',
  'createView',
  'alterView',
  'dropView',
  'createFunction',
  'dropFunction',
  'createAggregate',
  'dropAggregate',
  'createTrigger',
  'dropTrigger',
] as const;
export type DdlStatement = Extract<Statement, { readonly kind: (typeof ddlKinds)[number] }>;

const kinds: ReadonlySet<string> = new Set(ddlKinds);
export const isDdl = (statement: Statement): statement is DdlStatement => kinds.has(statement.kind);

/** A schema version for the keyspaces: equal for equal schemas. */
const versionOf = (keyspaces: ReadonlyMap<string, KeyspaceDefinition>, hash: Hash): string =>
  uuidOf(hash(utf8(JSON.stringify(keyspaceDocuments(keyspaces)))), 3);

export const snapshotOf = (
  keyspaces: ReadonlyMap<string, KeyspaceDefinition>,
  nextNumber: number,
  hash: Hash,
): Snapshot => ({ keyspaces, nextNumber, version: versionOf(keyspaces, hash) });

/** What a node has that was never told anything. */
export const emptySnapshot = (hash: Hash): Snapshot => snapshotOf(storedKeyspaces, userNumberMin, hash);

function draftOf(snapshot: Snapshot, statement: DdlStatement, context: DdlContext): MaybeDraft {
  switch (statement.kind) {
    case 'createKeyspace':
      return createKeyspace(snapshot, statement, context);
    case 'alterKeyspace':
      return alterKeyspace(snapshot, statement, context);
    case 'dropKeyspace':
      return dropKeyspace(snapshot, statement);
    case 'createTable':
      return createTable(snapshot, statement, context);
    case 'alterTable':
      return alterTable(snapshot, statement, context);
    case 'dropTable':
      return dropTable(snapshot, statement, context);
    case 'createType':
      return createType(snapshot, statement, context);
    case 'alterType':
      return alterType(snapshot, statement, context);
    case 'dropType':
      return dropType(snapshot, statement, context);
    case 'createIndex':
      return createIndex(snapshot, statement, context);
    case 'dropIndex':
      return dropIndex(snapshot, statement, context);
    case 'createView':
      return createView(snapshot, statement, context);
    case 'alterView':
      return alterView(snapshot, statement, context);
    case 'dropView':
      return dropView(snapshot, statement, context);
    case 'createFunction':
      return createFunction();
    case 'createAggregate':
      return createAggregate(snapshot, statement, context);
    case 'dropFunction':
    case 'dropAggregate':
      return dropFunction(statement, context);
    case 'createTrigger':
      return createTrigger(snapshot, statement, context);
    case 'dropTrigger':
      return dropTrigger(snapshot, statement, context);
    default:
      return unreachable(statement);
  }
}

/** The table as it was when it says the same as before; otherwise counted up. */
const counted = (before: TableSchema | undefined, after: TableSchema): TableSchema => {
  if (before === undefined || before === after || before.id !== after.id) return after;
  return tableText(before) === tableText(after) ? before : { ...after, version: before.version + 1 };
};

function countedKeyspace(before: KeyspaceDefinition | undefined, after: KeyspaceDefinition): KeyspaceDefinition {
  if (before === undefined || before === after) return after;
  const tables = new Map([...after.tables].map(([name, table]) => [name, counted(before.tables.get(name), table)]));
  const views = new Map(
    [...after.views].map(([name, view]) => {
      const old = before.views.get(name);
      if (old === undefined || viewText(old) === viewText(view)) return [name, old ?? view];
      // A view whose WHERE alone changed counts as changed too.
      const schema = counted(old.schema, view.schema);
      return [name, { ...view, schema: schema === old.schema ? { ...schema, version: schema.version + 1 } : schema }];
    }),
  );
  return { ...after, tables, views };
}

function outcomeOf(before: Snapshot, drafted: NonNullable<MaybeDraft>, hash: Hash): Outcome {
  const keyspaces = new Map(
    [...drafted.keyspaces].map(([name, keyspace]) => [name, countedKeyspace(before.keyspaces.get(name), keyspace)]),
  );
  const after = snapshotOf(keyspaces, drafted.nextNumber, hash);
  if (after.version === before.version) return unchanged(before, drafted.warnings);
  const numbers = liveNumbers(after);
  const known = liveNumbers(before);
  const builtIndexes: { table: TableSchema; index: Outcome['builtIndexes'][number]['index'] }[] = [];
  const builtViews: { base: TableSchema; view: Outcome['builtViews'][number]['view'] }[] = [];
  for (const keyspace of keyspaces.values()) {
    for (const index of keyspace.indexes.values()) {
      const table = keyspace.tables.get(index.table);
      if (table !== undefined && !known.has(index.number)) builtIndexes.push({ table, index });
    }
    for (const base of keyspace.tables.values())
      for (const view of viewsOf(keyspace, base.name))
        if (!known.has(view.schema.number)) builtViews.push({ base, view });
  }
  return {
    snapshot: after,
    change: drafted.change,
    events: eventsOf(
      before.keyspaces.get(drafted.change.keyspace),
      keyspaces.get(drafted.change.keyspace),
      drafted.change,
    ),
    warnings: drafted.warnings ?? [],
    dropped: [...known].filter((number) => !numbers.has(number)),
    builtIndexes,
    builtViews,
  };
}

const unchanged = (snapshot: Snapshot, warnings: readonly string[] = []): Outcome => ({
  snapshot,
  change: undefined,
  events: [],
  warnings,
  dropped: [],
  builtIndexes: [],
  builtViews: [],
});

/** What comes of a statement: nothing of it counts before the caller takes `outcome.snapshot`. */
export function execute(
  snapshot: Snapshot,
  statement: DdlStatement,
  context: DdlContext,
  hash: Hash,
): Result<Outcome, Fault> {
  try {
    const drafted = draftOf(snapshot, statement, context);
    return ok(drafted === undefined ? unchanged(snapshot) : outcomeOf(snapshot, drafted, hash));
  } catch (error) {
    if (error instanceof Refusal) return fail(error.fault);
    throw error;
  }
}
