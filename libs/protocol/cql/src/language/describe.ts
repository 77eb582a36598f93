/** DESCRIBE, or DESC: answered by the server since Cassandra 4. */
import type { DescribeTarget, Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { functionName, isFunctionName, isName, keyspaceName, qualifiedIndexName, tableName } from './names.ts';
import * as K from './tokens.ts';
import { userTypeName } from './types.ts';

export const describe = (c: Cursor): Statement => {
  c.at += 1;
  const target = describeTarget(c);
  const withInternals = c.acceptBoth(K.WITH, K.INTERNALS);
  return { kind: 'describe', target, withInternals };
};
const describeTarget = (c: Cursor): DescribeTarget => {
  const next = c.ahead(1);
  switch (c.kind) {
    case K.CLUSTER:
      return alone(c, 'cluster');
    case K.KEYSPACES:
      return alone(c, 'keyspaces');
    case K.TABLES:
      return alone(c, 'tables');
    case K.TYPES:
      return alone(c, 'types');
    case K.FUNCTIONS:
      return alone(c, 'functions');
    case K.AGGREGATES:
      return alone(c, 'aggregates');
    case K.FULL:
      c.at += 1;
      c.expect(K.SCHEMA);
      return { kind: 'schema', full: true };
    case K.SCHEMA:
      c.at += 1;
      return { kind: 'schema', full: false };
    case K.ONLY:
      if (next !== K.KEYSPACE) break;
      c.at += 1;
      return keyspace(c, true);
    case K.KEYSPACE:
      return keyspace(c, false);
    case K.TABLE:
      c.at += 1;
      return { kind: 'table', name: tableName(c) };
    case K.INDEX:
      c.at += 1;
      return { kind: 'index', name: qualifiedIndexName(c) };
    case K.MATERIALIZED:
      c.at += 1;
      c.expect(K.VIEW);
      return { kind: 'view', name: tableName(c) };
    case K.TYPE:
      if (!isName(next)) break;
      c.at += 1;
      return { kind: 'type', name: userTypeName(c) };
    case K.FUNCTION:
      if (!isFunctionName(next)) break;
      c.at += 1;
      return { kind: 'function', name: functionName(c) };
    case K.AGGREGATE:
      if (!isFunctionName(next)) break;
      c.at += 1;
      return { kind: 'aggregate', name: functionName(c) };
    default:
      break;
  }
  return { kind: 'any', name: tableName(c) };
};
const alone = (
  c: Cursor,
  kind: 'cluster' | 'keyspaces' | 'tables' | 'types' | 'functions' | 'aggregates',
): DescribeTarget => {
  c.at += 1;
  return { kind };
};
const keyspace = (c: Cursor, only: boolean): DescribeTarget => {
  c.expect(K.KEYSPACE);
  return { kind: 'keyspace', name: isName(c.kind) ? keyspaceName(c) : undefined, only };
};
