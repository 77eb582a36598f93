/** The auth node: users in a replicated log, logins, grants. */
import { join } from 'node:path';
import { UsersMachine } from '@skerry/domain-users';
import { GroupId } from '@skerry/kernel';
import { keepJoining, membershipOf, type ServiceEnvironment } from '@skerry/runtime-host';
import { openKv } from '@skerry/runtime-kv';
import { openReplica } from '@skerry/runtime-replica';
import { openAccountLog } from './account-log.ts';
import { serve, type AuthService } from './serve.ts';
import type { AuthConfig } from './settings.ts';

const authGroup = { group: GroupId('auth'), role: 'auth' } as const;
const logDirectory = 'log';
const storeDirectory = 'store';

/** @throws StatusError of the log or store: `format_newer`, `corrupt`, `disk_full`, `disk_failed`. */
export async function start(config: AuthConfig, environment: ServiceEnvironment): Promise<AuthService> {
  const { world, telemetry, dataDirectory } = environment;
  const store = await openKv({ path: join(dataDirectory, storeDirectory), checksum: world.checksum });
  const closers = [(): Promise<void> => store.close()];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
    const replica = await openReplica<never>({
      world,
      telemetry,
      ...membershipOf(environment, authGroup, config.founders),
      logDirectory,
      store,
      stateMachine: new UsersMachine(),
      // The machine has no effects, and keeps nothing outside the store.
      perform: () => undefined,
      beforeCut: () => Promise.resolve(),
      onFatal: (error) => environment.fatal(error),
    });
    closers.push(() => replica.close());
    const joining = new AbortController();
    closers.push(() => Promise.resolve(joining.abort()));
    // All that it must have is in the log.
    void keepJoining(environment, authGroup, replica, () => true, joining.signal);
    const log = openAccountLog(config.accountLog, environment);
    closers.push(() => log.close());
    return await serve(config, environment, replica, close);
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
