/** Users by their passwords. */
import { decoyHash, hashPassword, verifyPassword } from '@skerry/runtime-security';
import type { RandomBytes } from '@skerry/kernel';
import type { WorkerPool } from '@skerry/runtime-workers';
import { CqlFault } from '../engine/contract.ts';
import type { Authenticator } from '../server/authentication.ts';
import type { RoleTable } from './role-table.ts';

/** The first role, as Cassandra has it: to be altered at once. */
const firstRole = 'cassandra';

export class PasswordAuthenticator implements Authenticator {
  readonly #roles: RoleTable;
  readonly #workers: WorkerPool;
  constructor(roles: RoleTable, workers: WorkerPool) {
    this.#roles = roles;
    this.#workers = workers;
  }
  async authenticate(user: string, password: string): Promise<string> {
    const role = this.#roles.get(user);
    // As long for one who is not there.
    const isRight = await verifyPassword(this.#workers, password, role?.hash ?? decoyHash);
    if (!isRight || role === undefined)
      throw new CqlFault({ kind: 'badCredentials' }, `Provided username ${user} and/or password are incorrect`);
    if (!role.login) throw new CqlFault({ kind: 'unauthorized' }, `${user} is not permitted to log in`);
    return user;
  }
}
/** Where nobody is known yet. */
export async function ensureFirstRole(roles: RoleTable, workers: WorkerPool, random: RandomBytes): Promise<void> {
  if (roles.all().length > 0) return;
  const hash = await hashPassword(workers, random, firstRole);
  await roles.put({ name: firstRole, superuser: true, login: true, hash, memberOf: [] });
}
