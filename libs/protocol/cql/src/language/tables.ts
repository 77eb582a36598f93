/** CREATE and ALTER of tables and materialized views. */
import type {
  AlterTableStatement,
  ColumnDefinition,
  CreateTableStatement,
  Properties,
  SelectStatement,
  Statement,
} from './ast.ts';
import type { Cursor } from './cursor.ts';
import {
  columnName,
  functionName,
  identifier,
  ifExists,
  ifNotExists,
  inParentheses,
  inParenthesesOrNone,
  isName,
  tableName,
} from './names.ts';
import { type MutableProperties, property, withProperties } from './properties.ts';
import { whereOrNone } from './relations.ts';
import { selectors } from './selectors.ts';
import { term } from './terms.ts';
import * as K from './tokens.ts';
import { typeName } from './types.ts';

type PrimaryKey = NonNullable<CreateTableStatement['primaryKey']>;

/** Behind CREATE TABLE. */
export const createTable = (c: Cursor): CreateTableStatement => {
  const isConditional = ifNotExists(c);
  const table = tableName(c);
  const columns: ColumnDefinition[] = [];
  let key: PrimaryKey | undefined;
  c.expect(K.LEFT_PAREN);
  for (;;) {
    if (c.kind === K.PRIMARY) {
      if (key !== undefined)
        c.refuse(`Multiple PRIMARY KEY specified for table '${table.name}' (exactly one required)`);
      key = primaryKey(c);
    } else columns.push(columnDefinition(c));
    if (!c.accept(K.COMMA)) break;
    while (c.accept(K.COMMA));
    // Commas may be left over at the end.
    if (c.kind === K.RIGHT_PAREN) break;
  }
  c.expect(K.RIGHT_PAREN);
  return {
    kind: 'createTable',
    table,
    ifNotExists: isConditional,
    columns,
    primaryKey: key,
    ...tableOptions(c, false),
  };
};
const columnDefinition = (c: Cursor): ColumnDefinition => {
  const column = addedColumn(c);
  if (!c.accept(K.PRIMARY)) return column;
  c.expect(K.KEY);
  return { ...column, isPrimaryKey: true };
};
const addedColumn = (c: Cursor): ColumnDefinition => {
  const name = identifier(c);
  const type = typeName(c);
  const isStatic = c.accept(K.STATIC);
  const mask = c.kind === K.MASKED ? columnMask(c) : undefined;
  return { name, type, isStatic, isPrimaryKey: false, mask };
};
const columnMask = (c: Cursor): NonNullable<ColumnDefinition['mask']> => {
  c.expect(K.MASKED);
  c.expect(K.WITH);
  if (c.kind === K.DEFAULT && c.ahead(1) !== K.LEFT_PAREN && c.ahead(1) !== K.DOT) {
    c.at += 1;
    return { function: undefined, args: [] };
  }
  return { function: functionName(c), args: inParenthesesOrNone(c, term) };
};

/** `PRIMARY KEY ((a, b), c)`. */
const primaryKey = (c: Cursor): PrimaryKey => {
  c.expect(K.PRIMARY);
  c.expect(K.KEY);
  c.expect(K.LEFT_PAREN);
  const partition = c.kind === K.LEFT_PAREN ? inParentheses(c, identifier) : [identifier(c)];
  const clustering: string[] = [];
  while (c.accept(K.COMMA)) clustering.push(identifier(c));
  c.expect(K.RIGHT_PAREN);
  return { partition, clustering };
};

type TableOptions = Pick<CreateTableStatement, 'clusteringOrder' | 'compactStorage' | 'properties'>;
const tableOptions = (c: Cursor, isView: boolean): TableOptions => {
  const properties: MutableProperties = new Map();
  const clusteringOrder: { column: string; descending: boolean }[] = [];
  let compactStorage = false;
  if (c.accept(K.WITH))
    do {
      if (c.kind === K.COMPACT && c.ahead(1) === K.STORAGE) {
        if (isView) c.refuse('COMPACT STORAGE tables are not allowed starting with version 4.0');
        c.at += 2;
        compactStorage = true;
      } else if (c.kind === K.CLUSTERING && c.ahead(1) === K.ORDER) {
        c.at += 2;
        c.expect(K.BY);
        clusteringOrder.push(...inParentheses(c, ordering));
      } else property(c, properties);
    } while (c.accept(K.AND));
  return { clusteringOrder, compactStorage, properties };
};
const ordering = (c: Cursor): { column: string; descending: boolean } => {
  const column = identifier(c);
  if (c.accept(K.DESC)) return { column, descending: true };
  return c.accept(K.ASC) ? { column, descending: false } : c.noViable();
};

/** Behind ALTER TABLE. */
export const alterTable = (c: Cursor): AlterTableStatement => {
  const isConditional = ifExists(c);
  return { kind: 'alterTable', table: tableName(c), ifExists: isConditional, change: tableChange(c) };
};
const tableChange = (c: Cursor): AlterTableStatement['change'] => {
  switch (c.kind) {
    case K.ALTER:
      return alterColumn(c);
    case K.ADD: {
      c.at += 1;
      const isConditional = ifNotExists(c);
      const columns = c.kind === K.LEFT_PAREN ? inParentheses(c, addedColumn) : [addedColumn(c)];
      return { kind: 'add', ifNotExists: isConditional, columns };
    }
    case K.DROP:
      return dropColumns(c);
    case K.RENAME: {
      c.at += 1;
      const isConditional = ifExists(c);
      return { kind: 'rename', ifExists: isConditional, renames: renames(c) };
    }
    case K.WITH:
      return { kind: 'with', properties: withProperties(c) };
    default:
      return c.noViable();
  }
};
/** `a TO b AND c TO d`: of columns, and of a type's fields. */
export const renames = (c: Cursor): (readonly [string, string])[] => {
  const all: [string, string][] = [];
  do {
    const from = identifier(c);
    c.expect(K.TO);
    all.push([from, identifier(c)]);
  } while (c.accept(K.AND));
  return all;
};
const alterColumn = (c: Cursor): AlterTableStatement['change'] => {
  c.expect(K.ALTER);
  const isConditional = ifExists(c);
  const column = columnName(c);
  if (!isConditional && c.accept(K.TYPE)) return { kind: 'retype', column, type: typeName(c) };
  if (c.acceptBoth(K.DROP, K.MASKED)) return { kind: 'mask', ifExists: isConditional, column, mask: undefined };
  if (c.kind !== K.MASKED) c.noViable();
  return { kind: 'mask', ifExists: isConditional, column, mask: columnMask(c) };
};
const dropColumns = (c: Cursor): AlterTableStatement['change'] => {
  c.expect(K.DROP);
  if (c.kind === K.COMPACT && c.ahead(1) === K.STORAGE) {
    c.at += 2;
    return { kind: 'dropCompactStorage' };
  }
  const isConditional = ifExists(c);
  if (c.kind !== K.LEFT_PAREN && !isName(c.kind)) c.noViable();
  const columns = c.kind === K.LEFT_PAREN ? inParentheses(c, identifier) : [identifier(c)];
  const timestamp = c.acceptBoth(K.USING, K.TIMESTAMP) ? c.take(K.INTEGER) : undefined;
  return {
    kind: 'drop',
    ifExists: isConditional,
    columns,
    using: { timestamp: timestamp === undefined ? undefined : { kind: 'integer', text: timestamp }, ttl: undefined },
  };
};

/** Behind CREATE MATERIALIZED VIEW. */
export const createView = (c: Cursor): Statement => {
  const isConditional = ifNotExists(c);
  const name = tableName(c);
  c.expect(K.AS);
  c.expect(K.SELECT);
  const clauses = selectors(c);
  c.expect(K.FROM);
  const select: SelectStatement = {
    kind: 'select',
    table: tableName(c),
    json: false,
    distinct: false,
    clauses,
    where: whereOrNone(c),
    groupBy: [],
    orderBy: [],
    perPartitionLimit: undefined,
    limit: undefined,
    allowFiltering: false,
  };
  const key = primaryKey(c);
  const { clusteringOrder, properties } = tableOptions(c, true);
  return { kind: 'createView', name, ifNotExists: isConditional, select, primaryKey: key, clusteringOrder, properties };
};
/** Behind ALTER MATERIALIZED VIEW. */
export const alterView = (c: Cursor): Statement => {
  const isConditional = ifExists(c);
  const name = tableName(c);
  const properties: Properties = withProperties(c);
  return { kind: 'alterView', name, ifExists: isConditional, properties };
};
