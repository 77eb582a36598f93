/** The first user of an empty system. */
import { countUsers, decodeOutcome, encodeCommand } from '@skerry/domain-users';
import { OperationId, randomId, StatusError } from '@skerry/kernel';
import type { Replica } from '@skerry/runtime-replica';
import { hashPassword } from '@skerry/runtime-security';
import type { WorkerPool } from '@skerry/runtime-workers';
import type { World } from '@skerry/runtime-world';

export const firstAdminName = 'admin';
/** Of a password that is made up: 96 bits, written with 16 characters. */
const passwordSizeBytes = 12;

type Parts = { readonly world: World; readonly replica: Replica; readonly workers: WorkerPool };
/** `generated`: the password, when it was made up; to be shown to a person once and kept nowhere. */
export type FirstAdmin = { readonly created: boolean; readonly generated: string | undefined };

/** Makes an administrator where there is no user at all; does nothing else. */
export async function ensureFirstAdmin(
  { world, replica, workers }: Parts,
  password: string | undefined,
): Promise<FirstAdmin> {
  await replica.readBarrier();
  if (!replica.isLeader || countUsers(replica.state) > 0) return { created: false, generated: undefined };
  const chosen = password ?? Buffer.from(world.random(passwordSizeBytes)).toString('base64url');
  const user = {
    name: firstAdminName,
    passwordHash: await hashPassword(workers, world.random, chosen),
    home: '/',
    groups: [],
    disabled: false,
    administrator: true,
    quotaBytes: undefined,
    quotaFiles: undefined,
    rules: [],
  };
  const command = encodeCommand({ kind: 'add', user });
  const outcome = decodeOutcome((await replica.propose(command, OperationId(randomId(world.random)))).result);
  if (outcome.kind === 'failed') throw new StatusError(outcome.reason, outcome.message);
  return { created: true, generated: password === undefined ? chosen : undefined };
}
