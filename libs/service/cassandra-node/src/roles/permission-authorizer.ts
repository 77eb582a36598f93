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
    // Drivers read these of every node.
    if (permission === 'SELECT' && readableByAll.has(resource.split('/')[1] ?? '')) return true;
    return withParents(resource).some((name) => this.#roles.isGranted(role, name, permission));
  }
}
const readableByAll: ReadonlySet<string> = new Set([
  'system',
  'system_schema',
  'system_virtual_schema',
  'system_views',
  'system_traces',
]);
