/** The wire's methods over the parts. */
import { StatusError } from '@skerry/kernel';
import type { auth } from '@skerry/proto';
import type { AccessTable, CallContext, Handlers } from '@skerry/runtime-rpc';
import type { Replica } from '@skerry/runtime-replica';
import type { Accounts } from './accounts.ts';
import type { Granted, Grants } from './grants.ts';
import { logIn, type LoginParts } from './login.ts';
import { changeOwnPassword } from './own-password.ts';
import type { Sessions } from './sessions.ts';

export type HandlerParts = LoginParts & {
  readonly replica: Replica;
  readonly grants: Grants;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly grantLifeMs: number;
};

const operators = ['operator', 'auth'] as const;
export const access: AccessTable<auth.AuthServiceDefinition> = {
  login: ['processing'],
  renewGrant: ['processing'],
  changePassword: ['processing'],
  revokeSessions: operators,
  unlock: operators,
  addUser: operators,
  changeUser: operators,
  removeUser: operators,
  listUsers: operators,
  exportUsers: operators,
  importUsers: operators,
  showUser: operators,
  addGroup: operators,
  changeGroup: operators,
  removeGroup: operators,
  listGroups: operators,
};

/** @throws StatusError `malformed` when nobody is named. */
function unlock({ guard, telemetry }: LoginParts, request: auth.UnlockRequest, by: string): auth.UnlockResponse {
  const { user, clientAddress: address } = request;
  if (user === '' && address === '') throw new StatusError('malformed', 'Cannot unlock: name a user or an address');
  const forgotten = guard.unlock(user, address);
  telemetry.emit({ event: 'login_unlocked', user, address, forgotten, by });
  return { forgotten };
}

export function createHandlers(parts: HandlerParts): Handlers<auth.AuthServiceDefinition> {
  const { accounts, grants, replica, sessions, grantLifeMs } = parts;
  const give = (granted: Granted): { grant: Uint8Array } => {
    sessions.granted(granted.sessionId, granted.user, grantLifeMs);
    return { grant: granted.sealed };
  };
  const by = ({ caller }: CallContext): string => caller.nodeId;
  // Failed logins and open sessions are counted where all logins go.
  const mustLead = (): void => {
    if (replica.isLeader) return;
    throw new StatusError('not_leader', `This auth node does not lead: ${replica.leader ?? 'nobody known'} does`);
  };
  return {
    login: async (request, context) => {
      mustLead();
      return give(await logIn(parts, request, context.signal));
    },
    renewGrant: async (request) => {
      mustLead();
      await replica.readBarrier();
      return give(grants.renew(request.grant));
    },
    changePassword: async (request, { signal }) => {
      mustLead();
      return changeOwnPassword(parts, request, signal);
    },
    unlock: async (request, context) => unlock(parts, request, by(context)),
    revokeSessions: async (request, context) => {
      mustLead();
      return accounts.revokeSessions(request, by(context));
    },
    addUser: (request, context) => accounts.add(request, by(context)),
    changeUser: (request, context) => accounts.change(request, by(context)),
    removeUser: (request, context) => accounts.remove(request, by(context)),
    listUsers: () => accounts.list(),
    exportUsers: (_, context) => accounts.export(by(context)),
    importUsers: (request, context) => accounts.import(request, by(context)),
    showUser: (request) => accounts.show(request),
    addGroup: (request, context) => accounts.addGroup(request, by(context)),
    changeGroup: (request, context) => accounts.changeGroup(request, by(context)),
    removeGroup: (request, context) => accounts.removeGroup(request, by(context)),
    listGroups: () => accounts.listGroups(),
  };
}
