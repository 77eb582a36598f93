/** The wire's methods over the parts. */
import type { auth } from '@skerry/proto';
import type { AccessTable, CallContext, Handlers } from '@skerry/runtime-rpc';
import type { Replica } from '@skerry/runtime-replica';
import type { Accounts } from './accounts.ts';
import type { Granted, Grants } from './grants.ts';
import { logIn, type LoginParts } from './login.ts';
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
  revokeSessions: operators,
  addUser: operators,
  changeUser: operators,
  removeUser: operators,
  listUsers: operators,
  exportUsers: operators,
  importUsers: operators,
};

export function createHandlers(parts: HandlerParts): Handlers<auth.AuthServiceDefinition> {
  const { accounts, grants, replica, sessions, grantLifeMs } = parts;
  const give = (granted: Granted): { grant: Uint8Array } => {
    sessions.granted(granted.sessionId, granted.user, grantLifeMs);
    return { grant: granted.sealed };
  };
  const by = ({ caller }: CallContext): string => caller.nodeId;
  return {
    login: async (request, context) => give(await logIn(parts, request, context.signal)),
    renewGrant: async (request) => {
      await replica.readBarrier();
      return give(grants.renew(request.grant));
    },
    revokeSessions: (request, context) => accounts.revokeSessions(request, by(context)),
    addUser: (request, context) => accounts.add(request, by(context)),
    changeUser: (request, context) => accounts.change(request, by(context)),
    removeUser: (request, context) => accounts.remove(request, by(context)),
    listUsers: () => accounts.list(),
    exportUsers: (_, context) => accounts.export(by(context)),
    importUsers: (request, context) => accounts.import(request, by(context)),
  };
}
