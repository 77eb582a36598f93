/** Whether a role may execute a plan. What was found holds until a role changes. */
import { CqlFault, type Plan } from '../engine/contract.ts';
import type { Authorizer } from '../server/desk.ts';
import { resourceText, withParents } from './resources.ts';
import type { RoleTable } from './role-table.ts';

export class PermissionAuthorizer implements Authorizer {
  readonly #roles: RoleTable;
  #allowed = new WeakMap<Plan, Set<string>>();
  #version = -1;
  constructor(roles: RoleTable) {
    this.#roles = roles;
  }
  check(role: string, plan: Plan): void {
    if (this.#version !== this.#roles.version) {
      this.#version = this.#roles.version;
      this.#allowed = new WeakMap();
    }
    if (this.#allowed.get(plan)?.has(role) === true) return;
    for (const { permission, resource } of plan.needs)
      if (!this.may(role, permission, resource))
        throw new CqlFault(
          { kind: 'unauthorized' },
          `User ${role} has no ${permission} permission on ${resourceText(resource)} or any of its parents`,
        );
    const roles = this.#allowed.get(plan) ?? new Set<string>();
    roles.add(role);
    this.#allowed.set(plan, roles);
  }
  may(role: string, permission: string, resource: string): boolean {
    if (this.#roles.isSuperuser(role)) return true;
    if (permission === 'SELECT' && isReadableByAll(resource)) return true;
    return withParents(resource).some((name) => this.#roles.isGranted(role, name, permission));
  }
}
/** Drivers read these of every node. Source: Cassandra 5.0, ClientState.READABLE_SYSTEM_RESOURCES. */
const openKeyspaces: ReadonlySet<string> = new Set(['system_schema', 'system_virtual_schema', 'system_traces']);
const openTables: ReadonlySet<string> = new Set(['data/system/local', 'data/system/peers', 'data/system/peers_v2']);
const isReadableByAll = (resource: string): boolean =>
  openTables.has(resource) || openKeyspaces.has(resource.split('/')[1] ?? '');
