/** The parts of an auth node, over a replica that is open. */
import { countUsers } from '@skerry/domain-users';
import { auth } from '@skerry/proto';
import type { Notice, Service, ServiceEnvironment } from '@skerry/runtime-host';
import type { Replica } from '@skerry/runtime-replica';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { Accounts } from './accounts.ts';
import { ensureFirstAdmin, firstAdminName, type FirstAdmin } from './first-admin.ts';
import { Grants } from './grants.ts';
import { LoginGuard } from './guard.ts';
import { access, createHandlers } from './handlers.ts';
import { LoginEndPush } from './login-end-push.ts';
import { PasswordCheck } from './password-check.ts';
import { RevocationPush } from './revocation-push.ts';
import { SessionLimit } from './session-limit.ts';
import { Sessions } from './sessions.ts';
import type { AuthConfig } from './settings.ts';

export type AuthService = Service & {
  /**
   * The made-up password of the user `admin`, on the first start without one: for the terminal, once; never for a log.
   */
  readonly firstAdminPassword?: string;
};

/** Over a replica that is open; `close` closes it. */
export async function serve(
  config: AuthConfig,
  environment: ServiceEnvironment,
  replica: Replica,
  close: () => Promise<void>,
): Promise<AuthService> {
  const { world, telemetry, rpc, directory, workers, sealer } = environment;
  const { grantLifeMs } = config;
  const begin = async (): Promise<FirstAdmin> => {
    const admin = await ensureFirstAdmin({ world, replica, workers }, config.adminPassword);
    if (admin.created) telemetry.emit({ event: 'first_admin_created', message: 'user "admin" made' });
    else if (config.adminPassword !== undefined)
      telemetry.emit({ event: 'admin_password_ignored', message: passwordIgnored });
    return admin;
  };
  const alone = config.founders.length <= 1;
  const first = alone ? await begin() : later;
  // The door must be open before the group can have a leader; who leads first makes the first user.
  if (!alone) beginOnceLeading(replica, telemetry, begin);
  const sessions = new Sessions(world.clock);
  const push = new RevocationPush({ world, rpc, directory, telemetry, grantLifeMs });
  const ends = new LoginEndPush({ world, rpc, directory, telemetry });
  const guard = new LoginGuard(world.clock);
  const passwords = new PasswordCheck(world, workers);
  const grants = new Grants({ world, sealer, replica, config });
  const accounts = new Accounts({ world, replica, workers, telemetry, sessions, push, ends, grants, config });
  const handlers = createHandlers({
    world,
    replica,
    telemetry,
    guard,
    passwords,
    grants,
    accounts,
    sessions,
    sessionLimit: new SessionLimit({ clock: world.clock, rpc, directory, telemetry }),
    grantLifeMs,
  });
  const calls = new CallCount();
  rpc.serve(auth.AuthServiceDefinition, calls.counted(handlers), access);
  let stopped: Promise<void> | undefined;
  return {
    endpoints: {},
    load: () => calls.underWay,
    status: () => ({
      users: countUsers(replica.state),
      sessions: sessions.count,
      failuresRemembered: guard.remembered,
      ...replica.status(),
    }),
    stop: () => {
      push.close();
      ends.close();
      stopped ??= close();
      return stopped;
    },
    ...(first.generated === undefined ? {} : { firstAdminPassword: first.generated }),
    ...noticeOf(first, config.adminPassword),
  };
}

const later: FirstAdmin = { created: true, generated: undefined };

function beginOnceLeading(replica: Replica, telemetry: Telemetry, begin: () => Promise<FirstAdmin>): void {
  let under = false;
  const stop = replica.onLeading(() => {
    if (under) return;
    under = true;
    begin()
      .then(({ generated }) => {
        const message = generated === undefined ? undefined : passwordNotice(generated).withoutTerminal;
        if (message !== undefined) telemetry.emit({ event: 'first_admin_password_unknown', level: 'warn', message });
        queueMicrotask(() => stop());
      })
      .catch((error: unknown) =>
        // The next leader does it.
        telemetry.emit({ event: 'first_admin_not_created', level: 'warn', error }),
      )
      .finally(() => (under = false));
  });
}

const passwordIgnored =
  'the admin password given is ignored: there are users already, and it changes none of them ' +
  `(skerry user passwd ${firstAdminName} does)`;

function noticeOf({ created, generated }: FirstAdmin, given: string | undefined): { readonly notice?: Notice } {
  if (generated !== undefined) return { notice: passwordNotice(generated) };
  if (created || given === undefined) return {};
  return { notice: { onTerminal: passwordIgnored, withoutTerminal: passwordIgnored } };
}
const passwordNotice = (password: string): Notice => ({
  onTerminal: `user ${firstAdminName}, password (shown once): ${password}`,
  withoutTerminal:
    `user ${firstAdminName} has a made-up password that nobody was shown, since standard error is no terminal: ` +
    `set one with skerry user passwd ${firstAdminName}`,
});

type AuthHandlers = ReturnType<typeof createHandlers>;

/** Calls under way: the node's load. */
class CallCount {
  underWay = 0;
  counted(handlers: AuthHandlers): AuthHandlers {
    const { login, ...others } = handlers;
    return {
      ...others,
      login: async (request, context) => {
        this.underWay += 1;
        try {
          return await login(request, context);
        } finally {
          this.underWay -= 1;
        }
      },
    };
  }
}
