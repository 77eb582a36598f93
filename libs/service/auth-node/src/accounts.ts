/** The operators' side: users added, changed, removed, exported, imported; sessions ended. */
import {
  checkUser,
  decodeOutcome,
  encodeCommand,
  findUser,
  importParts,
  listUsers,
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
import type { RevocationPush } from './revocation-push.ts';
import type { Sessions } from './sessions.ts';
import type { AuthConfig } from './settings.ts';
import { fromWireChange, fromWireUser, operationIdOf, toWireUser } from './wire.ts';

export type AccountParts = {
  readonly world: World;
  readonly replica: Replica;
  readonly workers: WorkerPool;
  readonly telemetry: Telemetry;
  readonly sessions: Sessions;
  readonly push: RevocationPush;
  readonly config: AuthConfig;
};

const rightWords = shape.array(shape.string());
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
      quotaBytes: shape.number().optional(),
      quotaFiles: shape.number().optional(),
      rules: shape
        .array(shape.strictObject({ path: shape.string(), allow: rightWords.optional(), deny: rightWords.optional() }))
        .optional(),
      createdAtMs: shape.number().optional(),
      changedAtMs: shape.number().optional(),
    }),
  ),
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
    if (hash !== undefined || request.disabled === true) this.#endSessions(this.#parts.sessions.of(name));
    return { user: toWireUser(this.#known(name)) };
  }

  /** @throws StatusError `no_such_user`, `not_leader`. */
  async remove(request: auth.RemoveUserRequest, by: By): Promise<auth.RemoveUserResponse> {
    const operationId = operationIdOf(request.operationId, this.#parts.world.random);
    await this.#propose({ kind: 'remove', name: request.name }, operationId);
    this.#audit('user_removed', request.name, by);
    this.#endSessions(this.#parts.sessions.of(request.name));
    return {};
  }

  async list(): Promise<auth.ListUsersResponse> {
    await this.#parts.replica.readBarrier();
    return { users: Array.from(listUsers(this.#parts.replica.state), ({ user }) => toWireUser(user)) };
  }

  async export(by: By): Promise<auth.ExportUsersResponse> {
    await this.#parts.replica.readBarrier();
    const users = Array.from(listUsers(this.#parts.replica.state), ({ user }) => user);
    this.#parts.telemetry.emit({ event: 'users_exported', users: users.length, by });
    return { json: JSON.stringify(usersToDocument(users), undefined, 2) };
  }

  /** @throws StatusError that names the first bad record: `malformed`, `path_invalid`, `too_large`; `not_leader`. */
  async import(request: auth.ImportUsersRequest, by: By): Promise<auth.ImportUsersResponse> {
    const { world, telemetry, sessions } = this.#parts;
    const operationId = operationIdOf(request.operationId, world.random);
    const users = usersFromDocument(readJson(documentShape, request.json, 'users document'));
    checkHashes(users);
    const parts = importParts(users);
    for (const [part, some] of parts.entries()) {
      const command = { kind: 'stage-import', importId: operationId, part, users: some } as const;
      await this.#propose(command, this.#newOperation());
    }
    const outcome = await this.#propose(
      { kind: 'commit-import', importId: operationId, partCount: parts.length },
      operationId,
    );
    const { added, replaced } = outcome.kind === 'imported' ? outcome : { added: 0, replaced: 0 };
    telemetry.emit({ event: 'users_imported', added, replaced, by });
    this.#endSessions(users.flatMap(({ name }) => sessions.of(name)));
    return { added, replaced };
  }

  /** @throws StatusError `no_such_user` (for all sessions of one), `malformed`, `not_leader`. */
  async revokeSessions(request: auth.RevokeSessionsRequest, by: By): Promise<auth.RevokeSessionsResponse> {
    const { replica, sessions, config } = this.#parts;
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
    this.#endSessions(sessionId === '' ? sessions.of(name) : [sessionId]);
    return {};
  }

  /** Tells every node, so that grants that were given out end before they expire. */
  #endSessions(ids: readonly string[]): void {
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
  #audit(event: string, user: string, by: By, more: Readonly<Record<string, unknown>> = {}): void {
    this.#parts.telemetry.emit({ event, user, by, ...more });
  }
}

function checkHashes(users: readonly UserFields[]): void {
  for (const [index, { name, passwordHash }] of users.entries())
    if (passwordHash !== '' && !isEncodedPassword(passwordHash))
      throw new StatusError(
        'malformed',
        `Cannot import users[${index}] ("${name}"): passwordHash must be empty or $scrypt$ln=…,r=…,p=…$salt$key`,
      );
}
