/** The roles and their permissions, as rows of `system_auth`, and by heart. */
import { collectionParts, setBytes } from '@skerry/domain-values';
import { fromUtf8, utf8 } from '@skerry/kernel';
import type { InternalRow, InternalStatements } from './internal-statements.ts';

export type Role = {
  readonly name: string;
  readonly superuser: boolean;
  readonly login: boolean;
  /** As `runtime/security` keeps it; undefined: it has none. */
  readonly hash: string | undefined;
  readonly memberOf: readonly string[];
};
export type PermissionRow = { readonly resource: string; readonly permissions: readonly string[] };

const textOf = (value: Uint8Array | null | undefined): string =>
  value === null || value === undefined ? '' : (fromUtf8(value) ?? '');
const textsOf = (value: Uint8Array | null | undefined): readonly string[] => {
  if (value === null || value === undefined) return [];
  const parts = collectionParts('set', value);
  return parts.ok ? parts.value.map(textOf) : [];
};
const textSet = (texts: readonly string[]): Uint8Array => setBytes({ kind: 'text' }, texts.map(utf8));
const flagOf = (value: Uint8Array | null | undefined): boolean => value?.[0] === 1;
const flagBytes = (value: boolean): Uint8Array => Uint8Array.of(value ? 1 : 0);

export class RoleTable {
  readonly #statements: InternalStatements;
  #roles = new Map<string, Role>();
  readonly #permissions = new Map<string, Map<string, readonly string[]>>();
  /** Another number after each change. */
  version = 0;

  constructor(statements: InternalStatements) {
    this.#statements = statements;
  }
  /** Reads all rows: at start. */
  async load(): Promise<void> {
    const rows = await this.#statements.run(
      'SELECT role, is_superuser, can_login, salted_hash, member_of FROM system_auth.roles',
    );
    this.#roles = new Map(rows.map((row) => [textOf(row['role']), roleOf(row)]));
    this.#permissions.clear();
    for (const row of await this.#statements.run(
      'SELECT role, resource, permissions FROM system_auth.role_permissions',
    ))
      this.#keep(textOf(row['role']), textOf(row['resource']), textsOf(row['permissions']));
    this.version += 1;
  }
  #keep(role: string, resource: string, permissions: readonly string[]): void {
    const own = this.#permissions.get(role) ?? new Map<string, readonly string[]>();
    if (permissions.length === 0) own.delete(resource);
    else own.set(resource, permissions);
    this.#permissions.set(role, own);
  }

  get(name: string): Role | undefined {
    return this.#roles.get(name);
  }
  all(): readonly Role[] {
    return [...this.#roles.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
  /** The role and all that it is a member of, itself first. */
  allOf(name: string): readonly Role[] {
    const found = new Map<string, Role>();
    const visit = (each: string): void => {
      const role = this.#roles.get(each);
      if (role === undefined || found.has(each)) return;
      found.set(each, role);
      for (const parent of role.memberOf) visit(parent);
    };
    visit(name);
    return [...found.values()];
  }
  isSuperuser(name: string): boolean {
    return this.allOf(name).some(({ superuser }) => superuser);
  }
  permissionsOf(name: string): readonly PermissionRow[] {
    return Array.from(this.#permissions.get(name) ?? [], ([resource, permissions]) => ({
      resource,
      permissions,
    })).toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
  }
  /** Itself or what it is a member of. */
  isGranted(name: string, resource: string, permission: string): boolean {
    return this.allOf(name).some(
      (role) => this.#permissions.get(role.name)?.get(resource)?.includes(permission) === true,
    );
  }

  async put(role: Role): Promise<void> {
    const { name, superuser, login, hash, memberOf } = role;
    await this.#statements.run(
      'INSERT INTO system_auth.roles (role, is_superuser, can_login, salted_hash, member_of) VALUES (?, ?, ?, ?, ?)',
      [utf8(name), flagBytes(superuser), flagBytes(login), hash === undefined ? null : utf8(hash), textSet(memberOf)],
    );
    this.#roles.set(name, role);
    this.version += 1;
  }
  /** With all that it was granted, and what others had of it. */
  async remove(name: string): Promise<void> {
    for (const member of this.all()) if (member.memberOf.includes(name)) await this.leave(name, member.name);
    for (const parent of this.#roles.get(name)?.memberOf ?? []) await this.leave(parent, name);
    for (const { resource } of this.permissionsOf(name)) await this.setPermissions(name, resource, []);
    await this.#statements.run('DELETE FROM system_auth.roles WHERE role = ?', [utf8(name)]);
    this.#roles.delete(name);
    this.#permissions.delete(name);
    this.version += 1;
  }
  async join(role: string, member: string): Promise<void> {
    const before = this.#roles.get(member);
    if (before === undefined) return;
    await this.put({ ...before, memberOf: [...before.memberOf, role] });
    await this.#statements.run('INSERT INTO system_auth.role_members (role, member) VALUES (?, ?)', [
      utf8(role),
      utf8(member),
    ]);
  }
  async leave(role: string, member: string): Promise<void> {
    const before = this.#roles.get(member);
    if (before === undefined) return;
    await this.put({ ...before, memberOf: before.memberOf.filter((each) => each !== role) });
    await this.#statements.run('DELETE FROM system_auth.role_members WHERE role = ? AND member = ?', [
      utf8(role),
      utf8(member),
    ]);
  }
  async setPermissions(role: string, resource: string, permissions: readonly string[]): Promise<void> {
    const key = [utf8(role), utf8(resource)];
    const backwards = [utf8(resource), utf8(role)];
    if (permissions.length === 0) {
      await this.#statements.run('DELETE FROM system_auth.role_permissions WHERE role = ? AND resource = ?', key);
      await this.#statements.run(
        'DELETE FROM system_auth.resource_role_permissons_index WHERE resource = ? AND role = ?',
        backwards,
      );
    } else {
      await this.#statements.run(
        'INSERT INTO system_auth.role_permissions (role, resource, permissions) VALUES (?, ?, ?)',
        [...key, textSet(permissions)],
      );
      await this.#statements.run(
        'INSERT INTO system_auth.resource_role_permissons_index (resource, role) VALUES (?, ?)',
        backwards,
      );
    }
    this.#keep(role, resource, permissions);
    this.version += 1;
  }
  /** What was granted on something that is gone. */
  async forgetResource(gone: string): Promise<void> {
    for (const role of this.#permissions.keys())
      for (const { resource } of this.permissionsOf(role))
        if (resource === gone || resource.startsWith(`${gone}/`)) await this.setPermissions(role, resource, []);
  }
}
const roleOf = (row: InternalRow): Role => ({
  name: textOf(row['role']),
  superuser: flagOf(row['is_superuser']),
  login: flagOf(row['can_login']),
  hash: row['salted_hash'] === null ? undefined : textOf(row['salted_hash']),
  memberOf: textsOf(row['member_of']),
});
