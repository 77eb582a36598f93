/** Statements about roles and permissions. Source: Cassandra 5.0, `cql3.statements`, AuthenticationStatement and AuthorizationStatement. */
import { utf8, type RandomBytes, unreachable } from '@skerry/kernel';
import { hashPassword } from '@skerry/runtime-security';
import type { WorkerPool } from '@skerry/runtime-workers';
import type { RoleOptions, Statement } from '@skerry/protocol-cql';
import {
  CqlFault,
  invalid,
  type Execution,
  type Plan,
  type ResultColumn,
  type ResultSink,
} from '../engine/contract.ts';
import { permissionsOn, resourceClass, resourceName, resourceText, withParents } from './resources.ts';
import type { Role, RoleTable } from './role-table.ts';

export type RolesHost = {
  readonly table: RoleTable;
  readonly workers: WorkerPool;
  readonly random: RandomBytes;
  /** Passwords are asked for. */
  readonly authenticates: boolean;
  /** Permissions are asked for. */
  readonly authorizes: boolean;
  /** @throws CqlFault when there is no such keyspace or table. */
  checkResource(name: string): void;
};
const roleKinds = [
  'createRole',
  'alterRole',
  'dropRole',
  'grantRole',
  'revokeRole',
  'grantPermissions',
  'revokePermissions',
  'listPermissions',
  'listRoles',
  'listUsers',
  'listSuperusers',
  'identity',
] as const;
export type RoleStatement = Extract<Statement, { readonly kind: (typeof roleKinds)[number] }>;
const kinds: ReadonlySet<string> = new Set(roleKinds);
export const isRoleStatement = (statement: Statement): statement is RoleStatement => kinds.has(statement.kind);

const column = (name: string, kind: 'text' | 'boolean'): ResultColumn => ({
  keyspace: 'system_auth',
  table: 'roles',
  name,
  type: { kind },
});
const roleColumns: readonly ResultColumn[] = [
  column('role', 'text'),
  column('super', 'boolean'),
  column('login', 'boolean'),
  { ...column('options', 'text'), type: { kind: 'map', key: { kind: 'text' }, value: { kind: 'text' }, frozen: true } },
  column('datacenters', 'text'),
];
const userColumns: readonly ResultColumn[] = [
  column('name', 'text'),
  column('super', 'boolean'),
  column('datacenters', 'text'),
];
const permissionColumns: readonly ResultColumn[] = ['role', 'username', 'resource', 'permission'].map((name) => ({
  ...column(name, 'text'),
  table: 'permissions',
}));
const superuserColumns: readonly ResultColumn[] = [column('role', 'text')];
const unauthorized = (message: string): CqlFault => new CqlFault({ kind: 'unauthorized' }, message);
const emptyMap = new Uint8Array(4);
const flag = (value: boolean): Uint8Array => Uint8Array.of(value ? 1 : 0);

/** What may be granted on the system's stored tables. Source: Cassandra 5.0, Permission.INVALID_FOR_SYSTEM_KEYSPACES. */
const allowedOnSystem: ReadonlySet<string> = new Set(['SELECT', 'DESCRIBE', 'ALTER']);
const storedSystem: ReadonlySet<string> = new Set([
  'system',
  'system_schema',
  'system_auth',
  'system_traces',
  'system_distributed',
]);

/** @param keyspace of the session. */
export function planRoles(host: RolesHost, statement: RoleStatement, keyspace: string | undefined): Plan {
  return {
    kind: 'roles',
    markers: [],
    partitionKeyMarkers: [],
    columns: columnsOf(statement),
    needs: [],
    execute: (execution, sink) => new RoleWork(host, execution, sink, keyspace).run(statement),
  };
}
function columnsOf({ kind }: RoleStatement): readonly ResultColumn[] | undefined {
  if (kind === 'listRoles') return roleColumns;
  if (kind === 'listUsers') return userColumns;
  if (kind === 'listPermissions') return permissionColumns;
  return kind === 'listSuperusers' ? superuserColumns : undefined;
}

/** Who makes something may do all with it. Source: Cassandra 5.0, CreateTableStatement.createdResources and its kin. */
export async function grantToCreator(
  { table, authorizes }: Pick<RolesHost, 'table' | 'authorizes'>,
  role: string | undefined,
  resources: readonly string[],
): Promise<void> {
  if (!authorizes || role === undefined) return;
  for (const resource of resources) await table.setPermissions(role, resource, permissionsOn(resource));
}

class RoleWork {
  readonly #host: RolesHost;
  readonly #role: string | undefined;
  readonly #skipMetadata: boolean;
  readonly #warnings: string[];
  readonly #sink: ResultSink;
  readonly #keyspace: string | undefined;

  constructor(host: RolesHost, execution: Execution, sink: ResultSink, keyspace: string | undefined) {
    this.#host = host;
    this.#role = execution.role;
    this.#skipMetadata = execution.skipMetadata;
    this.#warnings = execution.warnings;
    this.#sink = sink;
    this.#keyspace = keyspace;
  }
  async run(statement: RoleStatement): Promise<void> {
    switch (statement.kind) {
      case 'createRole':
        return this.#create(statement);
      case 'alterRole':
        return this.#alter(statement);
      case 'dropRole':
        return this.#drop(statement);
      case 'grantRole':
      case 'revokeRole':
        return this.#membership(statement);
      case 'grantPermissions':
      case 'revokePermissions':
        return this.#permissions(statement);
      case 'listPermissions':
        return this.#listPermissions(statement);
      case 'listRoles':
        return this.#listRoles(statement);
      case 'listUsers':
        return this.#rows(
          userColumns,
          this.#host.table
            .all()
            .filter(({ name, login }) => login && (this.#mayListAll() || name === this.#role))
            .map(({ name }) => [utf8(name), flag(this.#host.table.isSuperuser(name)), utf8('ALL')]),
        );
      case 'listSuperusers':
        return this.#rows(
          superuserColumns,
          this.#host.table
            .all()
            .filter(({ name }) => this.#host.table.isSuperuser(name))
            .map(({ name }) => [utf8(name)]),
        );
      case 'identity':
        throw invalid('Identities are not supported: this node asks no client for a certificate');
      default:
        return unreachable(statement);
    }
  }
  #rows(columns: readonly ResultColumn[], rows: readonly (readonly Uint8Array[])[]): void {
    this.#sink.beginRows(columns, this.#skipMetadata);
    for (const row of rows) {
      for (const cell of row) this.#sink.cell(cell, 0, cell.length);
      this.#sink.endRow();
    }
    this.#sink.endRows(undefined);
  }
  #has(permission: string, resource: string): boolean {
    const { table, authorizes } = this.#host;
    const role = this.#role;
    if (role === undefined || !authorizes || table.isSuperuser(role)) return true;
    return withParents(resource).some((name) => table.isGranted(role, name, permission));
  }
  /** For a statement about a role. @throws CqlFault `unauthorized`. */
  #mustManage(permission: string, resource: string): void {
    if (this.#has(permission, resource)) return;
    const who = `User ${this.#role ?? ''}`;
    throw unauthorized(`${who} does not have sufficient privileges to perform the requested operation`);
  }
  /** For a statement about permissions. @throws CqlFault `unauthorized`. */
  #must(permission: string, resource: string): void {
    if (this.#has(permission, resource)) return;
    const what = `${permission} permission on ${resourceText(resource)} or any of its parents`;
    throw unauthorized(`User ${this.#role ?? ''} has no ${what}`);
  }
  #isOrdinary(): boolean {
    return this.#role !== undefined && this.#host.authorizes && !this.#host.table.isSuperuser(this.#role);
  }
  async #hash({ password, hashedPassword, generatedPassword, options }: RoleOptions): Promise<string | undefined> {
    if (options !== undefined && options.size > 0)
      throw invalid("org.apache.cassandra.auth.CassandraRoleManager doesn't support OPTIONS");
    if (generatedPassword) throw invalid('GENERATED PASSWORD is not supported: give one');
    if (hashedPassword !== undefined)
      throw invalid('HASHED PASSWORD is not supported: this node keeps passwords in another form than Cassandra');
    if (password === undefined) return undefined;
    if (!this.#host.authenticates)
      throw invalid("CassandraRoleManager doesn't support PASSWORD: start the node with --cql-authenticator password");
    return hashPassword(this.#host.workers, this.#host.random, password);
  }
  #existing(name: string, shown = name): NonNullable<ReturnType<RoleTable['get']>> {
    const role = this.#host.table.get(name);
    if (role === undefined) throw invalid(`${shown} doesn't exist`);
    return role;
  }

  async #create({
    name,
    user,
    conditional,
    options,
  }: Extract<RoleStatement, { kind: 'createRole' | 'alterRole' }>): Promise<void> {
    this.#mustManage('CREATE', 'roles');
    if (options.superuser === true && this.#isOrdinary())
      throw unauthorized('Only superusers can create a role with superuser status');
    if (name === '') throw invalid("Role name can't be an empty string");
    const { table } = this.#host;
    if (table.get(name) !== undefined) {
      if (conditional) return this.#sink.void();
      throw invalid(`${name} already exists`);
    }
    const hash = await this.#hash(options);
    await table.put({ name, superuser: options.superuser ?? false, login: options.login ?? user, hash, memberOf: [] });
    await grantToCreator(this.#host, this.#role, [`roles/${name}`]);
    return this.#sink.void();
  }
  async #alter({
    name,
    conditional,
    options,
  }: Extract<RoleStatement, { kind: 'createRole' | 'alterRole' }>): Promise<void> {
    const { table } = this.#host;
    this.#mayAlter(name, options);
    if (Object.values(options).every((value) => value === undefined || value === false))
      if (options.superuser === undefined && options.login === undefined)
        throw invalid("ALTER [ROLE|USER] can't be empty");
    if (conditional && table.get(name) === undefined) return this.#sink.void();
    const before = this.#existing(name, `Role ${name}`);
    const hash = (await this.#hash(options)) ?? before.hash;
    await table.put({
      ...before,
      hash,
      superuser: options.superuser ?? before.superuser,
      login: options.login ?? before.login,
    });
    return this.#sink.void();
  }
  /** Everybody may change the own password. Source: Cassandra 5.0, AlterRoleStatement.authorize. */
  #mayAlter(name: string, options: RoleOptions): void {
    const { table } = this.#host;
    if (this.#role !== undefined && options.superuser !== undefined) {
      if (table.allOf(this.#role).some((role) => role.name === name))
        throw unauthorized("You aren't allowed to alter your own superuser status or that of a role granted to you");
      if (this.#isOrdinary()) throw unauthorized('Only superusers are allowed to alter superuser status');
    }
    if (!this.#isOrdinary()) return;
    if (this.#role !== name) return this.#mustManage('ALTER', `roles/${name}`);
    for (const [option, value] of [
      ['LOGIN', options.login],
      ['OPTIONS', options.options],
    ] as const)
      if (value !== undefined) throw unauthorized(`You aren't allowed to alter ${option}`);
  }
  async #drop({ name, ifExists }: Extract<RoleStatement, { kind: 'dropRole' }>): Promise<void> {
    const { table } = this.#host;
    this.#mustManage('DROP', `roles/${name}`);
    if (this.#role === name) throw invalid('Cannot DROP primary role for current login');
    if (table.get(name) === undefined) {
      if (ifExists) return this.#sink.void();
      throw invalid(`${name} doesn't exist`);
    }
    if (this.#role !== undefined && table.isSuperuser(name) && !table.isSuperuser(this.#role))
      throw unauthorized('Only superusers can drop a role with superuser status');
    await table.remove(name);
    await table.forgetResource(`roles/${name}`);
    return this.#sink.void();
  }
  async #membership({ kind, role, to }: Extract<RoleStatement, { kind: 'grantRole' | 'revokeRole' }>): Promise<void> {
    const { table } = this.#host;
    this.#mustManage('AUTHORIZE', `roles/${role}`);
    this.#existing(role);
    const member = this.#existing(to);
    if (kind === 'revokeRole') {
      if (!member.memberOf.includes(role)) throw invalid(`${to} is not a member of ${role}`);
      await table.leave(role, to);
    } else {
      if (table.allOf(to).some(({ name }) => name === role && name !== to))
        throw invalid(`${to} is a member of ${role}`);
      if (table.allOf(role).some(({ name }) => name === to)) throw invalid(`${role} is a member of ${to}`);
      await table.join(role, to);
    }
    return this.#sink.void();
  }

  async #permissions({
    kind,
    permissions,
    resource,
    role,
  }: Extract<RoleStatement, { kind: 'grantPermissions' | 'revokePermissions' }>): Promise<void> {
    const grants = kind === 'grantPermissions';
    if (!this.#host.authorizes)
      throw invalid(`${grants ? 'GRANT' : 'REVOKE'} operation is not supported by AllowAllAuthorizer`);
    const name = resourceName(resource, this.#keyspace);
    if (name.startsWith('functions/system.'))
      throw invalid('Altering permissions on builtin functions is not supported');
    if (/^functions\/.*\./.test(name)) throw invalid(`Resource ${resourceText(name)} doesn't exist`);
    this.#host.checkResource(name);
    this.#existing(role, `Role ${role}`);
    const possible = permissionsOn(name);
    const chosen = permissions?.map((each) => each.toUpperCase()) ?? possible;
    for (const each of chosen)
      if (!possible.some((permission) => permission === each))
        throw new CqlFault(
          { kind: 'syntax' },
          `Resource type ${resourceClass(name)} does not support any of the requested permissions`,
        );
    const [root, keyspace = ''] = name.split('/');
    if (root === 'data' && storedSystem.has(keyspace) && chosen.some((each) => !allowedOnSystem.has(each)))
      throw unauthorized(
        'Granting permissions on system keyspaces is strictly limited, this operation is not permitted',
      );
    this.#must('AUTHORIZE', name);
    for (const each of chosen) this.#must(each, name);
    const { table } = this.#host;
    const before = table.permissionsOf(role).find((row) => row.resource === name)?.permissions ?? [];
    const after = grants
      ? [...new Set([...before, ...chosen])]
      : before.filter((each) => !chosen.some((gone) => gone === each));
    await table.setPermissions(role, name, after);
    const idle = chosen.filter((each) => before.some((known) => known === each) === grants);
    if (idle.length > 0)
      this.#warnings.push(
        `Role '${role}' was ${grants ? 'already' : 'not'} granted ${idle.join(', ')} on ${resourceText(name)}`,
      );
    return this.#sink.void();
  }
  #listPermissions({
    permissions,
    resource,
    of,
    recursive,
  }: Extract<RoleStatement, { kind: 'listPermissions' }>): void {
    if (!this.#host.authorizes) throw invalid('LIST PERMISSIONS operation is not supported by AllowAllAuthorizer');
    const { table } = this.#host;
    if (of !== undefined) this.#existing(of, resourceText(`roles/${of}`));
    this.#mayListPermissions(of);
    const wanted = permissions?.map((each) => each.toUpperCase());
    const name = resource === undefined ? undefined : resourceName(resource, this.#keyspace);
    if (name !== undefined) this.#host.checkResource(name);
    const names = name === undefined ? undefined : recursive ? withParents(name) : [name];
    const roles = of === undefined ? table.all() : this.#rolesOf(of, true);
    const rows = roles.flatMap((role) =>
      table
        .permissionsOf(role.name)
        .filter((row) => names === undefined || names.includes(row.resource))
        .flatMap((row) =>
          permissionsOn(row.resource)
            .filter((each) => row.permissions.includes(each) && (wanted === undefined || wanted.includes(each)))
            .map((each) => [utf8(role.name), utf8(role.name), utf8(resourceText(row.resource)), utf8(each)]),
        ),
    );
    if (rows.length === 0) return this.#sink.void();
    this.#rows(permissionColumns, rows);
  }
  /** One sees the permissions of the roles that one has. Source: Cassandra 5.0, CassandraAuthorizer.list. */
  #mayListPermissions(of: string | undefined): void {
    const { table } = this.#host;
    const self = this.#role;
    if (self === undefined || table.isSuperuser(self)) return;
    if (of !== undefined && table.allOf(self).some(({ name }) => name === of)) return;
    if (table.isGranted(self, 'roles', 'DESCRIBE')) return;
    const whose = of === undefined ? "everyone's" : `${of}'s`;
    throw unauthorized(`You are not authorized to view ${whose} permissions`);
  }
  /** Without it one sees the roles that one has. Source: Cassandra 5.0, ListRolesStatement. */
  #mayListAll(): boolean {
    const { table, authorizes } = this.#host;
    if (!authorizes || this.#role === undefined || table.isSuperuser(this.#role)) return true;
    return table.isGranted(this.#role, 'roles', 'DESCRIBE');
  }
  /** In the order of their names. */
  #rolesOf(name: string, recursive: boolean): readonly Role[] {
    const { table } = this.#host;
    const own = this.#existing(name);
    const roles = recursive ? table.allOf(name) : [own, ...own.memberOf.flatMap((each) => table.get(each) ?? [])];
    return roles.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
  #ownRoles(of: string | undefined, recursive: boolean): readonly Role[] {
    const self = this.#role ?? '';
    if (of === undefined) return this.#rolesOf(self, recursive);
    if (!this.#rolesOf(self, true).some(({ name }) => name === of))
      throw unauthorized(`You are not authorized to view roles granted to ${of} `);
    return this.#rolesOf(of, recursive);
  }
  #listRoles({ of, recursive }: Extract<RoleStatement, { kind: 'listRoles' }>): void {
    const { table } = this.#host;
    if (of !== undefined) this.#existing(of, resourceText(`roles/${of}`));
    const chosen = this.#mayListAll()
      ? of === undefined
        ? table.all()
        : this.#rolesOf(of, recursive)
      : this.#ownRoles(of, recursive);
    this.#rows(
      roleColumns,
      chosen.map((role) => [utf8(role.name), flag(role.superuser), flag(role.login), emptyMap, utf8('ALL')]),
    );
  }
}
