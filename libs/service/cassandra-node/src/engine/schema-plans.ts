/** Plans of what is about the schema: DDL, USE, TRUNCATE, DESCRIBE. */
import { unreachable } from '@skerry/kernel';
import type { Statement } from '@skerry/protocol-cql';
import {
  describe,
  findKeyspace,
  findTable,
  toCqlFault,
  type Catalog,
  type DdlContext,
  type DdlStatement,
  type DescribeContext,
  type Outcome,
} from '../catalog/index.ts';
import { indexesOf, viewsOf } from '../catalog/state.ts';
import { CqlFault, invalid, type Execution, type Plan, type ResultColumn, type ResultSink } from './contract.ts';
import type { Planning } from './planning.ts';
import { allTables } from '../roles/resources.ts';
import { noKeyspace } from './tables.ts';

/** Where changes of the schema go. */
export type SchemaHost = {
  readonly catalog: Catalog;
  context(execution: Execution): DdlContext;
  /** The moment that a change counts: tables are made known to the store. */
  installed(outcome: Outcome): void;
  /** What follows from it that takes its time: rows of dropped tables go. */
  settle(outcome: Outcome): Promise<void>;
  /** Tables lose all they have at one moment, at which they are asked for. */
  truncate(tables: () => readonly number[]): Promise<void>;
  describeContext(keyspace: string | undefined, withInternals: boolean): DescribeContext;
};
type Shape = Pick<Plan, 'markers' | 'partitionKeyMarkers' | 'columns' | 'needs'>;
const bare: Shape = { markers: [], partitionKeyMarkers: [], columns: undefined, needs: [] };

/** The resources that are new. */
export function createdBy({ change }: Outcome): readonly string[] {
  if (change?.change !== 'CREATED') return [];
  const { keyspace, name } = change;
  if (change.target === 'KEYSPACE') return [`data/${keyspace}`, `functions/${keyspace}`];
  return change.target === 'TABLE' ? [`data/${keyspace}/${name}`] : [];
}

/** @param fill brings new indexes and views what their tables have, and who made something the right to it. */
export function planDdl(
  host: SchemaHost,
  statement: DdlStatement,
  planning: Planning,
  fill: (outcome: Outcome, execution: Execution) => Promise<void>,
): Plan {
  const resource = resourceOf(statement, planning);
  return {
    ...bare,
    kind: 'schema',
    // Without a keyspace it is refused for that.
    needs:
      resource === undefined || resource.startsWith('data//') || resource === 'data/'
        ? []
        : [{ permission: permissionOf(statement), resource }],
    async execute(execution: Execution, sink: ResultSink): Promise<void> {
      const done = await host.catalog.execute(statement, host.context(execution), (outcome) => host.installed(outcome));
      if (!done.ok) throw toCqlFault(done.error);
      const outcome = done.value;
      execution.warnings.push(...outcome.warnings);
      await fill(outcome, execution);
      await host.settle(outcome);
      if (outcome.change === undefined) sink.void();
      else sink.schemaChange(outcome.change);
    },
  };
}
function permissionOf({ kind }: DdlStatement): 'CREATE' | 'ALTER' | 'DROP' {
  // What belongs to a table is made and dropped by whoever may alter the table.
  if (/Index$|View$|^alter/.test(kind)) return 'ALTER';
  return kind.startsWith('create') ? 'CREATE' : 'DROP';
}
/** Of an index or a view. */
function tableOf({ schema }: Planning, keyspace: string, name: string): string | undefined {
  const definition = findKeyspace(schema, keyspace);
  return definition?.indexes.get(name)?.table ?? definition?.views.get(name)?.base;
}
/** `undefined`: there is none; the statement says so when it is executed. */
function resourceOf(statement: DdlStatement, planning: Planning): string | undefined {
  const { keyspace } = planning;
  switch (statement.kind) {
    case 'createKeyspace':
      return 'data';
    case 'alterKeyspace':
    case 'dropKeyspace':
      return `data/${statement.name}`;
    case 'alterTable':
      return `data/${statement.table.keyspace ?? keyspace ?? ''}/${statement.table.name}`;
    case 'dropTable':
      return `data/${statement.name.keyspace ?? keyspace ?? ''}/${statement.name.name}`;
    case 'createIndex':
    case 'createTrigger':
    case 'dropTrigger':
      return `data/${statement.table.keyspace ?? keyspace ?? ''}/${statement.table.name}`;
    case 'createView': {
      const { table } = statement.select;
      return `data/${table.keyspace ?? keyspace ?? ''}/${table.name}`;
    }
    case 'alterView':
    case 'dropView':
    case 'dropIndex': {
      const of = statement.name.keyspace ?? keyspace ?? '';
      const table = tableOf(planning, of, statement.name.name);
      return table === undefined ? undefined : `data/${of}/${table}`;
    }
    case 'createTable':
      return `data/${statement.table.keyspace ?? keyspace ?? ''}/${allTables}`;
    case 'createType':
    case 'alterType':
    case 'dropType':
      return `data/${statement.name.keyspace ?? keyspace ?? ''}/${allTables}`;
    case 'createFunction':
    case 'createAggregate':
      return `functions/${statement.name.keyspace ?? keyspace ?? ''}`;
    case 'dropFunction':
    case 'dropAggregate':
      return undefined;
    default:
      return unreachable(statement);
  }
}

export function planUse(statement: Extract<Statement, { kind: 'use' }>, planning: Planning): Plan {
  const { keyspace } = statement;
  if (findKeyspace(planning.schema, keyspace) === undefined) throw invalid(`Keyspace '${keyspace}' does not exist`);
  return {
    ...bare,
    kind: 'use',
    execute: (_execution, sink) => sink.setKeyspace(keyspace),
  };
}

export function planTruncate(
  host: SchemaHost,
  statement: Extract<Statement, { kind: 'truncate' }>,
  planning: Planning,
): Plan {
  const keyspace = statement.table.keyspace ?? planning.keyspace;
  const { name } = statement.table;
  if (keyspace === undefined) throw noKeyspace();
  const definition = findKeyspace(planning.schema, keyspace);
  if (definition === undefined) throw invalid(`keyspace ${keyspace} does not exist`);
  if (definition.views.has(name))
    throw invalid('Cannot TRUNCATE materialized view directly; must truncate base table instead');
  const table = findTable(planning.schema, keyspace, name);
  if (table === undefined) throw invalid(`table ${name} does not exist`);
  if (definition.kind === 'virtual') throw invalid('Virtual keyspaces do not support truncate');
  if (definition.kind === 'local') throw new CqlFault({ kind: 'unauthorized' }, `Cannot TRUNCATE ${keyspace}.${name}`);
  const numbers = (): readonly number[] => {
    // Those that came meanwhile too.
    const now = findKeyspace(host.catalog.snapshot, keyspace);
    if (now?.tables.get(name)?.number !== table.number) return [];
    const views = viewsOf(now, name).map(({ schema }) => schema.number);
    return [table.number, ...views, ...indexesOf(now, name).map(({ number }) => number)];
  };
  return {
    ...bare,
    kind: 'truncate',
    needs: [{ permission: 'MODIFY', resource: `data/${keyspace}/${name}` }],
    async execute(_execution, sink) {
      await host.truncate(numbers);
      sink.void();
    },
  };
}

export function planDescribe(
  host: SchemaHost,
  statement: Extract<Statement, { kind: 'describe' }>,
  planning: Planning,
): Plan {
  const { target, withInternals } = statement;
  const described = describe(planning.schema, target, host.describeContext(planning.keyspace, withInternals));
  if (!described.ok) throw toCqlFault(described.error);
  const { columns, rows } = described.value;
  const told: readonly ResultColumn[] = columns.map(({ name, type }) => ({
    keyspace: 'system',
    table: 'describe',
    name,
    type,
  }));
  return {
    ...bare,
    kind: 'describe',
    columns: told,
    execute(execution, sink) {
      sink.beginRows(told, execution.skipMetadata);
      for (const row of rows) {
        for (const cell of row) sink.cell(cell, 0, cell.length);
        sink.endRow();
      }
      sink.endRows(undefined);
    },
  };
}
