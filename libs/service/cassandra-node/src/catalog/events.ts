/**
 * What those who listen are told of one statement: besides what it is about, all that changed with it.
 * Source: Cassandra 5.0, `SchemaChangeNotifier`: types before tables before views, and the other way round when they go.
 */
import type { TableSchema } from '@skerry/domain-table';
import { marshalName, type UserType } from '@skerry/domain-values';
import { allColumns } from './columns.ts';
import type { SchemaChange } from './context.ts';
import type { KeyspaceDefinition, ViewDefinition } from './state.ts';

const typeText = (type: UserType): string => marshalName(type);
/** Of a user type it tells the fields, which the schema of a table that has it does not. */
const columnsText = (table: TableSchema): string =>
  allColumns(table)
    .map(({ name, type }) => `${name} ${marshalName(type)}`)
    .join();
const tableDiffers = (a: TableSchema, b: TableSchema): boolean => a !== b && columnsText(a) !== columnsText(b);
const viewDiffers = (a: ViewDefinition, b: ViewDefinition): boolean => tableDiffers(a.schema, b.schema);

/** The names of what is in both and is not the same. */
const altered = <V>(
  before: ReadonlyMap<string, V>,
  after: ReadonlyMap<string, V>,
  differs: (a: V, b: V) => boolean,
): readonly string[] =>
  [...after].flatMap(([name, value]) => {
    const old = before.get(name);
    return old !== undefined && old !== value && differs(old, value) ? [name] : [];
  });

/** @param before undefined: the keyspace is new. @param after undefined: it is gone. */
export function eventsOf(
  before: KeyspaceDefinition | undefined,
  after: KeyspaceDefinition | undefined,
  change: SchemaChange,
): readonly SchemaChange[] {
  const { keyspace } = change;
  const told = (what: SchemaChange['change'], target: SchemaChange['target'], names: Iterable<string>) =>
    Array.from(names, (name): SchemaChange => ({ change: what, target, keyspace, name }));
  if (before === undefined) return [change];
  if (after === undefined)
    return [
      ...told('DROPPED', 'TABLE', before.views.keys()),
      ...told('DROPPED', 'TABLE', before.tables.keys()),
      ...told('DROPPED', 'TYPE', before.types.keys()),
      change,
    ];
  if (change.change !== 'UPDATED' || change.target === 'KEYSPACE') return [change];
  const others = [
    ...told(
      'UPDATED',
      'TYPE',
      altered(before.types, after.types, (a, b) => typeText(a) !== typeText(b)),
    ),
    ...told('UPDATED', 'TABLE', altered(before.tables, after.tables, tableDiffers)),
    ...told('UPDATED', 'TABLE', altered(before.views, after.views, viewDiffers)),
  ].filter(({ target, name }) => target !== change.target || name !== change.name);
  return [change, ...others];
}
