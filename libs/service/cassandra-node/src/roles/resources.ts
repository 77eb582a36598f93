/** What permissions are about: names as `system_auth` keeps them, and as messages tell them. Source: Cassandra 5.0, DataResource, RoleResource, FunctionResource. */
import { unreachable } from '@skerry/kernel';
import { functionText, type Resource } from '@skerry/protocol-cql';
import { invalid, type Permission } from '../engine/contract.ts';

/** In place of a table's name: all of a keyspace. */
export const allTables = '*';
const onData: readonly Permission[] = [
  'CREATE',
  'ALTER',
  'DROP',
  'SELECT',
  'MODIFY',
  'AUTHORIZE',
  'UNMASK',
  'SELECT_MASKED',
];
const onTable: readonly Permission[] = ['ALTER', 'DROP', 'SELECT', 'MODIFY', 'AUTHORIZE', 'UNMASK', 'SELECT_MASKED'];
const onRoles: readonly Permission[] = ['CREATE', 'ALTER', 'DROP', 'AUTHORIZE', 'DESCRIBE'];
const onRole: readonly Permission[] = ['ALTER', 'DROP', 'AUTHORIZE', 'DESCRIBE'];
const onFunctions: readonly Permission[] = ['CREATE', 'ALTER', 'DROP', 'AUTHORIZE', 'EXECUTE'];

/** @param keyspace of the session. */
export function resourceName(resource: Resource, keyspace: string | undefined): string {
  switch (resource.kind) {
    case 'allKeyspaces':
      return 'data';
    case 'keyspace':
      return `data/${resource.keyspace}`;
    case 'tablesIn':
      return `data/${resource.keyspace}/${allTables}`;
    case 'table': {
      const of = resource.table.keyspace ?? keyspace;
      if (of === undefined)
        throw invalid('No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename');
      return `data/${of}/${resource.table.name}`;
    }
    case 'allRoles':
      return 'roles';
    case 'role':
      return `roles/${resource.role}`;
    case 'allFunctions':
      return 'functions';
    case 'functionsIn':
      return `functions/${resource.keyspace}`;
    case 'function':
      return `functions/${functionText(resource.name)}`;
    case 'allMBeans':
    case 'mbean':
    case 'mbeans':
      throw invalid('JMX resources are not supported: this node has no JMX');
    default:
      return unreachable(resource);
  }
}
export function resourceText(name: string): string {
  const [kind, first, second] = name.split('/');
  if (kind === 'data' && second === allTables) return `<all tables in ${first}>`;
  if (kind === 'data')
    return second !== undefined
      ? `<table ${first}.${second}>`
      : first !== undefined
        ? `<keyspace ${first}>`
        : '<all keyspaces>';
  if (kind === 'roles') return first === undefined ? '<all roles>' : `<role ${first}>`;
  return first === undefined ? '<all functions>' : `<all functions in ${first}>`;
}
/** Its class, as messages tell it. */
export const resourceClass = (name: string): string =>
  name.startsWith('data') ? 'DataResource' : name.startsWith('roles') ? 'RoleResource' : 'FunctionResource';
/** It and what it lies in. */
export function withParents(name: string): readonly string[] {
  const parts = name.split('/');
  const [kind, keyspace, table] = parts;
  if (kind === 'data' && table !== undefined && table !== allTables)
    return [name, `data/${keyspace}/${allTables}`, `data/${keyspace}`, 'data'];
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/'));
}
export function permissionsOn(name: string): readonly Permission[] {
  const depth = name.split('/').length;
  if (name.startsWith('data')) return depth > 2 && !name.endsWith(`/${allTables}`) ? onTable : onData;
  if (name.startsWith('roles')) return depth > 1 ? onRole : onRoles;
  return onFunctions;
}
