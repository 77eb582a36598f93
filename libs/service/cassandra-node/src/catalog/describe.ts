/** DESCRIBE, answered by the server. Source: Cassandra 5.0, DescribeStatement. */
import type { TableSchema } from '@skerry/domain-table';
import type { UserType, ValueType } from '@skerry/domain-values';
import { concatBytes, fail, ok, unreachable, utf8, type Result } from '@skerry/kernel';
import type { DescribeTarget, QualifiedName } from '@skerry/protocol-cql';
import { everyKeyspace, findKeyspace } from './catalog.ts';
import { createIndexText, createKeyspaceText, createTableText, createTypeText, createViewText } from './create-text.ts';
import { invalid, Refusal, type Fault } from './fault.ts';
import { maybeQuote } from './names.ts';
import { intBytes, textListBytes } from './serialize.ts';
import {
  indexesOf,
  viewsOf,
  type IndexDefinition,
  type KeyspaceDefinition,
  type Snapshot,
  type ViewDefinition,
} from './state.ts';
import { referencesUserType } from './type-names.ts';

export type DescribeColumn = { readonly name: string; readonly type: ValueType };
export type Description = {
  readonly columns: readonly DescribeColumn[];
  readonly rows: readonly (readonly Uint8Array[])[];
};
export type DescribeContext = {
  /** The session's, after USE. */
  readonly keyspace: string | undefined;
  readonly withInternals: boolean;
  readonly clusterName: string;
  /** With its package or without. */
  readonly partitioner: string;
  /** For DESCRIBE CLUSTER in a user's keyspace: the end of each range, and the addresses that have it. */
  readonly rangeOwnership: (keyspace: string) => ReadonlyMap<string, readonly string[]>;
};

type Kind = 'keyspace' | 'type' | 'table' | 'index' | 'materialized_view';
type Element = { readonly keyspace: string; readonly kind: Kind; readonly name: string; readonly text: string };

const text: ValueType = { kind: 'text' };
const listColumns: readonly DescribeColumn[] = ['keyspace_name', 'type', 'name'].map((name) => ({ name, type: text }));
const elementColumns: readonly DescribeColumn[] = [...listColumns, { name: 'create_statement', type: text }];

const listRow = ({ keyspace, kind, name }: Omit<Element, 'text'>): readonly Uint8Array[] => [
  utf8(maybeQuote(keyspace)),
  utf8(kind),
  utf8(maybeQuote(name)),
];
const elementRow = (element: Element): readonly Uint8Array[] => [...listRow(element), utf8(element.text)];

/** Without regard to case, as Cassandra sorts what it describes. */
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => {
  const [left, right] = [a.name.toLowerCase(), b.name.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
};

const keyspaceElement = (keyspace: KeyspaceDefinition): Element => ({
  keyspace: keyspace.name,
  kind: 'keyspace',
  name: keyspace.name,
  text: createKeyspaceText(keyspace),
});
const typeElement = (type: UserType): Element => ({
  keyspace: type.keyspace,
  kind: 'type',
  name: type.name,
  text: createTypeText(type),
});
const indexElement = (keyspace: KeyspaceDefinition, index: IndexDefinition): Element => ({
  keyspace: keyspace.name,
  kind: 'index',
  name: index.name,
  text: createIndexText(keyspace.name, index),
});
const viewElement = (view: ViewDefinition, withInternals: boolean): Element => ({
  keyspace: view.schema.keyspace,
  kind: 'materialized_view',
  name: view.schema.name,
  text: createViewText(view, withInternals),
});

/** A table, its indexes, its views. */
function tableElements(
  keyspace: KeyspaceDefinition,
  table: TableSchema,
  { withInternals }: DescribeContext,
): readonly Element[] {
  return [
    {
      keyspace: keyspace.name,
      kind: 'table',
      name: table.name,
      text: createTableText(table, keyspace.kind === 'virtual', withInternals),
    },
    ...indexesOf(keyspace, table.name)
      .map((index) => indexElement(keyspace, index))
      .toSorted(byName),
    ...viewsOf(keyspace, table.name)
      .map((view) => viewElement(view, withInternals))
      .toSorted(byName),
  ];
}

/** Those that others are made of come first, field by field; otherwise by name, capitals first: not as all else is sorted. */
function sortedTypes(keyspace: KeyspaceDefinition): readonly UserType[] {
  const all = [...keyspace.types.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const done = new Set<UserType>();
  const add = (type: UserType): void => {
    if (done.has(type)) return;
    for (const field of type.fields)
      for (const other of all) if (other !== type && referencesUserType(field.type, other.name)) add(other);
    done.add(type);
  };
  for (const type of all) add(type);
  return [...done];
}

const keyspaceElements = (keyspace: KeyspaceDefinition, only: boolean, context: DescribeContext): readonly Element[] =>
  only
    ? [keyspaceElement(keyspace)]
    : [
        keyspaceElement(keyspace),
        ...sortedTypes(keyspace).map(typeElement),
        ...[...keyspace.tables.values()].toSorted(byName).flatMap((table) => tableElements(keyspace, table, context)),
      ];

const elements = (list: readonly Element[]): Description => ({ columns: elementColumns, rows: list.map(elementRow) });

function named(snapshot: Snapshot, name: string): KeyspaceDefinition {
  const keyspace = findKeyspace(snapshot, name);
  if (keyspace === undefined) throw invalid(`'${name}' not found in keyspaces`);
  return keyspace;
}
function keyspaceFor(snapshot: Snapshot, name: string | undefined, context: DescribeContext): KeyspaceDefinition {
  const wanted = name ?? context.keyspace;
  if (wanted === undefined) throw invalid('No keyspace specified and no current keyspace');
  return named(snapshot, wanted);
}

type Listed = (keyspace: KeyspaceDefinition) => readonly { readonly name: string }[];
/** The names of what there is, in the session's keyspace or in all. */
function listing(snapshot: Snapshot, context: DescribeContext, kind: Kind, list: Listed): Description {
  const keyspaces =
    context.keyspace === undefined ? everyKeyspace(snapshot).toSorted(byName) : [named(snapshot, context.keyspace)];
  return {
    columns: listColumns,
    rows: keyspaces.flatMap((keyspace) =>
      list(keyspace)
        .toSorted(byName)
        .map(({ name }) => listRow({ keyspace: keyspace.name, kind, name })),
    ),
  };
}

const trimmed = (className: string): string => className.replace('org.apache.cassandra.dht.', '');
function cluster(snapshot: Snapshot, context: DescribeContext): Description {
  const columns = ['cluster', 'partitioner', 'snitch'].map((name) => ({ name, type: text }));
  const row = [utf8(context.clusterName), utf8(trimmed(context.partitioner)), utf8('SimpleSnitch')];
  const { keyspace } = context;
  if (keyspace === undefined || named(snapshot, keyspace).kind !== 'user') return { columns, rows: [row] };
  const owners: ValueType = {
    kind: 'map',
    key: text,
    value: { kind: 'list', element: text, frozen: true },
    frozen: true,
  };
  const entries = [...context.rangeOwnership(keyspace)];
  const parts = entries.flatMap(([end, addresses]) => [utf8(end), textListBytes(addresses)]);
  const value = concatBytes([intBytes(entries.length), ...parts.flatMap((part) => [intBytes(part.length), part])]);
  return { columns: [...columns, { name: 'range_ownership', type: owners }], rows: [[...row, value]] };
}

function tableByName(
  snapshot: Snapshot,
  { keyspace: in_, name }: QualifiedName,
  context: DescribeContext,
): Description {
  const keyspace = keyspaceFor(snapshot, in_, context);
  const table = keyspace.tables.get(name);
  if (table === undefined) throw invalid(`Table '${name}' not found in keyspace '${keyspace.name}'`);
  return elements(tableElements(keyspace, table, context));
}
function indexByName(
  snapshot: Snapshot,
  { keyspace: in_, name }: QualifiedName,
  context: DescribeContext,
): Description {
  const keyspace = keyspaceFor(snapshot, in_, context);
  const index = keyspace.indexes.get(name);
  if (index === undefined) throw invalid(`Table for existing index '${name}' not found in '${keyspace.name}'`);
  return elements([indexElement(keyspace, index)]);
}
function viewByName(snapshot: Snapshot, { keyspace: in_, name }: QualifiedName, context: DescribeContext): Description {
  const keyspace = keyspaceFor(snapshot, in_, context);
  const view = keyspace.views.get(name);
  if (view === undefined) throw invalid(`Materialized view '${name}' not found in '${keyspace.name}'`);
  return elements([viewElement(view, context.withInternals)]);
}
function typeByName(snapshot: Snapshot, { keyspace: in_, name }: QualifiedName, context: DescribeContext): Description {
  const keyspace = keyspaceFor(snapshot, in_, context);
  const type = keyspace.types.get(name);
  if (type === undefined) throw invalid(`User defined type '${name}' not found in '${keyspace.name}'`);
  return elements([typeElement(type)]);
}

/** Keyspace, table, index or view, in this order. */
function anyByName(snapshot: Snapshot, name: QualifiedName, context: DescribeContext): Description {
  if (name.keyspace === undefined) {
    const keyspace = findKeyspace(snapshot, name.name);
    if (keyspace !== undefined) return elements(keyspaceElements(keyspace, false, context));
  }
  const keyspace = named(snapshot, name.keyspace ?? context.keyspace ?? name.name);
  const inside = { keyspace: keyspace.name, name: name.name };
  if (keyspace.tables.has(name.name)) return tableByName(snapshot, inside, context);
  if (keyspace.indexes.has(name.name)) return indexByName(snapshot, inside, context);
  if (keyspace.views.has(name.name)) return viewByName(snapshot, inside, context);
  throw invalid(`'${name.name}' not found in keyspace '${keyspace.name}'`);
}

function described(snapshot: Snapshot, target: DescribeTarget, context: DescribeContext): Description {
  switch (target.kind) {
    case 'cluster':
      return cluster(snapshot, context);
    case 'keyspaces':
      return {
        columns: listColumns,
        rows: everyKeyspace(snapshot)
          .toSorted(byName)
          .map(({ name }) => listRow({ keyspace: name, kind: 'keyspace', name })),
      };
    case 'tables':
      return listing(snapshot, context, 'table', (keyspace) => [...keyspace.tables.values()]);
    case 'types':
      return listing(snapshot, context, 'type', (keyspace) => [...keyspace.types.values()]);
    case 'functions':
    case 'aggregates':
      return listing(snapshot, context, 'type', () => []);
    case 'schema':
      return elements(
        everyKeyspace(snapshot)
          .filter(({ kind }) => target.full || kind === 'user')
          .toSorted(byName)
          .flatMap((keyspace) => keyspaceElements(keyspace, false, context)),
      );
    case 'keyspace':
      return elements(keyspaceElements(keyspaceFor(snapshot, target.name, context), target.only, context));
    case 'table':
      return tableByName(snapshot, target.name, context);
    case 'index':
      return indexByName(snapshot, target.name, context);
    case 'view':
      return viewByName(snapshot, target.name, context);
    case 'type':
      return typeByName(snapshot, target.name, context);
    case 'function':
    case 'aggregate':
      throw invalid(
        `User defined ${target.kind} '${target.name.name}' not found in ` +
          `'${keyspaceFor(snapshot, target.name.keyspace, context).name}'`,
      );
    case 'any':
      return anyByName(snapshot, target.name, context);
    default:
      return unreachable(target);
  }
}

/** Column names, types and values for the client. */
export function describe(
  snapshot: Snapshot,
  target: DescribeTarget,
  context: DescribeContext,
): Result<Description, Fault> {
  try {
    return ok(described(snapshot, target, context));
  } catch (error) {
    if (error instanceof Refusal) return fail(error.fault);
    throw error;
  }
}
