/** The operators' side: users added, changed, removed, exported, imported; sessions ended. */
import {
  checkUser,
  decodeOutcome,
  encodeCommand,
  findGroup,
  findUser,
  importParts,
  listGroups,
  listUsers,
  placeOf,
  refuseFaults,
  usersFromDocument,
  usersToDocument,
  type Command,
  type Outcome,
  type User,
  type UserFields,
} from '@skerry/domain-users';
import { isHexId, OperationId, randomId, StatusError } from '@skerry/kernel';
import type { auth } from '@skerry/proto';
import { readJson, shape } from '@skerry/runtime-config';
import type { Replica } from '@skerry/runtime-replica';
import { hashPassword, isEncodedPassword } from '@skerry/runtime-security';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { WorkerPool } from '@skerry/runtime-workers';
import type { World } from '@skerry/runtime-world';
import type { Grants } from './grants.ts';
import type { LoginEndPush } from './login-end-push.ts';
import type { RevocationPush } from './revocation-push.ts';
import type { Sessions } from './sessions.ts';
import type { AuthConfig } from './settings.ts';
import {
  fromWireChange,
  fromWireGroup,
  fromWireGroupChange,
  fromWireUser,
  operationIdOf,
  toWireGroup,
  toWireUser,
} from './wire.ts';

export type AccountParts = {
  readonly world: World;
  readonly replica: Replica;
  readonly workers: WorkerPool;
  readonly telemetry: Telemetry;
  readonly sessions: Sessions;
  readonly push: RevocationPush;
  readonly ends: LoginEndPush;
  readonly grants: Grants;
  readonly config: AuthConfig;
};

const rightWords = shape.array(shape.string());
const allowancesShape = {
  quotaBytes: shape.number().optional(),
  quotaFiles: shape.number().optional(),
  rateUpBytesPerSecond: shape.number().optional(),
  rateDownBytesPerSecond: shape.number().optional(),
  sessionsMax: shape.number().optional(),
  networks: shape.array(shape.string()).optional(),
  rules: shape
    .array(shape.strictObject({ path: shape.string(), allow: rightWords.optional(), deny: rightWords.optional() }))
    .optional(),
  createdAtMs: shape.number().optional(),
  changedAtMs: shape.number().optional(),
};
/** The JSON of an export; the domain checks what stands in it. */
const documentShape = shape.object({
  format: shape.string(),
  version: shape.number(),
  users: shape.array(
    shape.strictObject({
      name: shape.string(),
      passwordHash: shape.string().optional(),
      home: shape.string().optional(),
      groups: shape.array(shape.string()).optional(),
      disabled: shape.boolean().optional(),
      administrator: shape.boolean().optional(),
      expiresAtMs: shape.number().optional(),
      ...allowancesShape,
    }),
  ),
  groups: shape
    .array(shape.strictObject({ name: shape.string(), home: shape.string().optional(), ...allowancesShape }))
    .optional(),
});

/** Who asked, for the audit. */
type By = string;

export class Accounts {
  readonly #parts: AccountParts;
  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  /** @throws StatusError `user_exists`, `malformed`, `path_invalid`, `too_large`, `not_leader`. */
  async add(request: auth.AddUserRequest, by: By): Promise<auth.AddUserResponse> {
    const { world, workers } = this.#parts;
    if (request.user === undefined) throw new StatusError('malformed', 'Cannot add user: the request names none');
    const operationId = operationIdOf(request.operationId, world.random);
    const user = fromWireUser(request.user, '');
    checkUser(user); // Before 80 ms of hashing.
    const passwordHash = await hashPassword(workers, world.random, request.password);
    await this.#propose({ kind: 'add', user: { ...user, passwordHash } }, operationId);
    this.#audit('user_added', user.name, by);
    return { user: toWireUser(this.#known(user.name)) };
  }

  /** @throws StatusError `no_such_user`, `malformed`, `path_invalid`, `too_large`, `not_leader`. */
  async change(request: auth.ChangeUserRequest, by: By): Promise<auth.ChangeUserResponse> {
    const { world, workers } = this.#parts;
    const { name, password } = request;
    const operationId = operationIdOf(request.operationId, world.random);
    const hash = password === undefined ? undefined : await hashPassword(workers, world.random, password);
    const change = fromWireChange(request, hash);
    await this.#propose({ kind: 'change', name, change }, operationId);
    const fields = Object.entries(change).filter(([, value]) => value !== undefined);
    this.#audit('user_changed', name, by, { fields: fields.map(([field]) => field) });
    if (hash !== undefined || request.disabled === true || request.expiresAtMs !== undefined) this.#endSessions(name);
    return { user: toWireUser(this.#known(name)) };
  }

  /** @throws StatusError `no_such_user`, `not_leader`. */
  async remove(request: auth.RemoveUserRequest, by: By): Promise<auth.RemoveUserResponse> {
    const operationId = operationIdOf(request.operationId, this.#parts.world.random);
    await this.#propose({ kind: 'remove', name: request.name }, operationId);
    this.#audit('user_removed', request.name, by);
    this.#endSessions(request.name);
    return {};
  }

  async list(): Promise<auth.ListUsersResponse> {
    await this.#parts.replica.readBarrier();
    return { users: Array.from(listUsers(this.#parts.replica.state), ({ user }) => toWireUser(user)) };
  }

  async export(by: By): Promise<auth.ExportUsersResponse> {
    await this.#parts.replica.readBarrier();
    const { state } = this.#parts.replica;
    const users = Array.from(listUsers(state), ({ user }) => user);
    const groups = Array.from(listGroups(state), ({ group }) => group);
    this.#parts.telemetry.emit({ event: 'users_exported', users: users.length, groups: groups.length, by });
    return { json: JSON.stringify(usersToDocument(users, groups), undefined, 2) };
  }

  /** All or nothing. @throws StatusError `malformed`, `path_invalid`, `too_large` (a line for each row), `not_leader`. */
  async import(request: auth.ImportUsersRequest, by: By): Promise<auth.ImportUsersResponse> {
    const { world, telemetry } = this.#parts;
    const operationId = operationIdOf(request.operationId, world.random);
    const { users, groups } = usersFromDocument(readJson(documentShape, request.json, 'users document'));
    refuseFaults(hashFaults(users));
    const parts = importParts(users, groups);
    for (const [part, some] of parts.entries()) {
      const command = { kind: 'stage-import', importId: operationId, part, ...some } as const;
      await this.#propose(command, this.#newOperation());
    }
    const outcome = await this.#propose(
      { kind: 'commit-import', importId: operationId, partCount: parts.length },
      operationId,
    );
    if (outcome.kind !== 'imported')
      throw new StatusError('unexpected', `Cannot import: the log answered "${outcome.kind}"`);
    const { added, replaced, groupsAdded, groupsReplaced } = outcome;
    telemetry.emit({ event: 'users_imported', added, replaced, groupsAdded, groupsReplaced, by });
    for (const { name } of users) this.#endSessions(name);
    return { added, replaced, groupsAdded, groupsReplaced };
  }

  /** @throws StatusError `no_such_user`. */
  async show({ name }: auth.ShowUserRequest): Promise<auth.ShowUserResponse> {
    const { replica, grants } = this.#parts;
    await replica.readBarrier();
    const record = findUser(replica.state, name);
    if (record === undefined) throw new StatusError('no_such_user', `No user ${JSON.stringify(name)}`);
    return { user: toWireUser(record.user), effective: toWireUser(grants.effective(record.user)) };
  }

  /** @throws StatusError `group_exists`, `malformed`, `path_invalid`, `too_large`, `not_leader`. */
  async addGroup(request: auth.AddGroupRequest, by: By): Promise<auth.AddGroupResponse> {
    if (request.group === undefined) throw new StatusError('malformed', 'Cannot add group: the request names none');
    const operationId = operationIdOf(request.operationId, this.#parts.world.random);
    const group = fromWireGroup(request.group);
    await this.#propose({ kind: 'add-group', group }, operationId);
    this.#parts.telemetry.emit({ event: 'group_added', group: group.name, by });
    return { group: this.#knownGroup(group.name) };
  }

  /** Open sessions follow with their next grant. @throws StatusError `no_such_group` and as {@link addGroup}. */
  async changeGroup(request: auth.ChangeGroupRequest, by: By): Promise<auth.ChangeGroupResponse> {
    const { name } = request;
    const operationId = operationIdOf(request.operationId, this.#parts.world.random);
    const change = fromWireGroupChange(request);
    await this.#propose({ kind: 'change-group', name, change }, operationId);
    const fields = Object.entries(change).filter(([, value]) => value !== undefined);
    this.#parts.telemetry.emit({ event: 'group_changed', group: name, by, fields: fields.map(([field]) => field) });
    return { group: this.#knownGroup(name) };
  }

  /** @throws StatusError `no_such_group`, `group_in_use`, `not_leader`. */
  async removeGroup({ name, operationId }: auth.RemoveGroupRequest, by: By): Promise<auth.RemoveGroupResponse> {
    await this.#propose({ kind: 'remove-group', name }, operationIdOf(operationId, this.#parts.world.random));
    this.#parts.telemetry.emit({ event: 'group_removed', group: name, by });
    return {};
  }

  async listGroups(): Promise<auth.ListGroupsResponse> {
    await this.#parts.replica.readBarrier();
    return { groups: Array.from(listGroups(this.#parts.replica.state), ({ group }) => toWireGroup(group)) };
  }

  /** @throws StatusError `no_such_user` (for all sessions of one), `malformed`, `not_leader`. */
  async revokeSessions(request: auth.RevokeSessionsRequest, by: By): Promise<auth.RevokeSessionsResponse> {
    const { replica, config, ends } = this.#parts;
    const { user: name, sessionId } = request;
    if (sessionId !== '' && !isHexId(sessionId))
      throw new StatusError(
        'malformed',
        `Cannot end session: must be 32 hexadecimal digits: got ${JSON.stringify(sessionId)}`,
      );
    const expiresAtMs = replica.now().wallMs + config.sessionLifeMs;
    const session = sessionId === '' ? undefined : { id: sessionId, expiresAtMs };
    await this.#propose({ kind: 'revoke', name, session }, this.#newOperation());
    this.#audit('sessions_revoked', name, by, { session: sessionId === '' ? 'all' : sessionId });
    if (sessionId === '') this.#endSessions(name);
    else {
      this.#voidGrants([sessionId]);
      ends.end({ user: name, beganUntilMs: 0, loginId: sessionId });
    }
    return {};
  }

  /** Those of the user that are over, everywhere: what holds now is asked of the state, whatever the change was. */
  #endSessions(name: string): void {
    const { sessions, ends } = this.#parts;
    this.#voidGrants(sessions.of(name));
    const beganUntilMs = this.#sessionsOverUntilMs(name);
    if (beganUntilMs > 0) ends.end({ user: name, beganUntilMs, loginId: '' });
  }
  #sessionsOverUntilMs(name: string): number {
    const { replica, world } = this.#parts;
    const nowMs = Math.floor(Math.max(world.clock.wallMs(), replica.now().wallMs));
    const record = findUser(replica.state, name);
    if (record === undefined || record.user.disabled || (record.user.expiresAtMs ?? nowMs + 1) <= nowMs) return nowMs;
    return record.sessionsVoidUntilMs;
  }
  /** Tells every node, so that grants that were given out end before they expire. */
  #voidGrants(ids: readonly string[]): void {
    for (const id of ids) this.#parts.sessions.forget(id);
    this.#parts.push.revoke(ids);
  }

  async #propose(command: Command, operationId: OperationId): Promise<Outcome> {
    const { result } = await this.#parts.replica.propose(encodeCommand(command), operationId);
    const outcome = decodeOutcome(result);
    if (outcome.kind === 'failed') throw new StatusError(outcome.reason, outcome.message);
    return outcome;
  }

  #newOperation(): OperationId {
    return OperationId(randomId(this.#parts.world.random));
  }
  #known(name: string): User {
    const record = findUser(this.#parts.replica.state, name);
    if (record === undefined)
      throw new StatusError('no_such_user', `User ${JSON.stringify(name)} was removed meanwhile`);
    return record.user;
  }
  #knownGroup(name: string): auth.Group {
    const record = findGroup(this.#parts.replica.state, name);
    if (record === undefined)
      throw new StatusError('no_such_group', `Group ${JSON.stringify(name)} was removed meanwhile`);
    return toWireGroup(record.group);
  }
  #audit(event: string, user: string, by: By, more: Readonly<Record<string, unknown>> = {}): void {
    this.#parts.telemetry.emit({ event, user, by, ...more });
  }
}

const hashFaults = (users: readonly UserFields[]): readonly StatusError[] =>
  users.flatMap(({ name, passwordHash }, index) => {
    if (passwordHash === '' || isEncodedPassword(passwordHash)) return [];
    const [, scheme = 'none'] = passwordHash.split('$');
    return new StatusError(
      'malformed',
      `Cannot import ${placeOf('users', index, name)}: passwordHash must be empty or $scrypt$ln=…,r=…,p=…$salt$key: ` +
        `its scheme is "${scheme.slice(0, 20)}"; import the user without a hash, then give it a password with ` +
        `skerry user passwd ${name}`,
    );
  });
