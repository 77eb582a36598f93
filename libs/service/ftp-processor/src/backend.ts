/** Answers the session machine's calls for one line: rights checked here, everything else asked of auth and data. */
import { assert, StatusError, toStatusError, unreachable } from '@skerry/kernel';
import type { Right } from '@skerry/domain-users';
import { data, type auth, type processing } from '@skerry/proto';
import type { BackendAnswer, BackendAnswers, BackendCall, Session, TransferOperation } from '@skerry/protocol-ftp';
import type { Deadline, RoleCaller } from '@skerry/runtime-discovery';
import type { CallOptions, Client } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Account } from './account.ts';
import { deedOf, refusedDeedOf } from './deeds.ts';
import { currentGrant, logIn, type GrantParts, type OpenedGrant } from './login.ts';
import { TicketOffice, type Purpose } from './tickets.ts';

type DataDefinition = typeof data.DataServiceDefinition;
export type BackendParts = GrantParts & {
  readonly data: RoleCaller<DataDefinition>;
  readonly telemetry: Telemetry;
};
export type Line = {
  readonly operationId: string;
  readonly session: Session;
  readonly deadline: Deadline;
  /** Of a login. */
  readonly loginPast?: auth.LoginPast | undefined;
};

type Call<K extends BackendCall['kind']> = Extract<BackendCall, { kind: K }>;
type Ask<T> = (client: Client<DataDefinition>, options: CallOptions) => Promise<T>;

const { Operation } = data;
const transfers: Readonly<Record<TransferOperation, readonly [data.Operation, Right]>> = {
  retrieve: [Operation.RETRIEVE, 'read'],
  store: [Operation.STORE, 'write'],
  append: [Operation.APPEND, 'write'],
  list: [Operation.LIST, 'list'],
  digest: [Operation.DIGEST, 'read'],
};

export class Backend {
  readonly #parts: BackendParts;
  readonly #line: Line;
  readonly #office: TicketOffice;
  #opened: OpenedGrant | undefined;
  /** What was done and refused, in order. */
  readonly deeds: processing.Deed[] = [];

  constructor(parts: BackendParts, line: Line) {
    this.#parts = parts;
    this.#line = line;
    this.#office = new TicketOffice(parts.sealer, parts.clock, line.operationId);
  }

  /** The grant that the line used, sealed: the session's, or a fresh one for it. Undefined: none was needed. */
  get grant(): Uint8Array | undefined {
    return this.#opened?.sealed;
  }

  /** Expected failures are answers; our own bugs are thrown. */
  async answer(call: BackendCall): Promise<BackendAnswer> {
    try {
      const answer = await this.#perform(call);
      this.#note(deedOf(call));
      return answer;
    } catch (thrown) {
      if (!(thrown instanceof StatusError)) throw thrown;
      // Whoever asked went away: there is nobody to answer.
      if (this.#line.deadline.signal?.aborted === true) throw thrown;
      const { reason } = thrown;
      if (reason === 'unexpected')
        this.#parts.telemetry.emit({
          event: 'backend_call_failed',
          level: 'error',
          call: call.kind,
          reason,
          error: thrown,
        });
      this.#note(refusedDeedOf(call, reason));
      return { kind: 'failed', reason };
    }
  }
  #note(deed: processing.Deed | undefined): void {
    if (deed !== undefined) this.deeds.push(deed);
  }

  async #perform(call: BackendCall): Promise<BackendAnswer> {
    const { kind } = call;
    switch (kind) {
      case 'login':
        return { kind, value: await this.#login(call) };
      case 'stat':
        return { kind, value: await this.#stat(call) };
      case 'list':
        return { kind, value: await this.#list(call) };
      case 'makeDirectory':
        return { kind, value: await this.#change(call.path, 'make', Operation.MAKE_DIRECTORY, 'makeDirectory') };
      case 'removeDirectory':
        return { kind, value: await this.#change(call.path, 'delete', Operation.REMOVE_DIRECTORY, 'removeDirectory') };
      case 'removeFile':
        return { kind, value: await this.#change(call.path, 'delete', Operation.REMOVE_FILE, 'removeFile') };
      case 'rename':
        return { kind, value: await this.#rename(call) };
      case 'setAttributes':
        return { kind, value: await this.#setAttributes(call) };
      case 'combine':
        return { kind, value: await this.#combine(call) };
      case 'account':
        return { kind, value: { administrator: (await this.#account()).grant.administrator } };
      case 'changePassword':
        return { kind, value: await this.#changePassword(call) };
      case 'usage':
        return { kind, value: await this.#usage() };
      case 'prepare':
        return { kind, value: await this.#prepare(call) };
      default:
        return unreachable(kind);
    }
  }

  async #login(call: Call<'login'>): Promise<BackendAnswers['login']> {
    const { session, deadline, loginPast: past } = this.#line;
    const opened = await logIn(this.#parts, session, { ...call, past }, deadline);
    await this.#ensureHome(opened.account);
    this.#opened = opened;
    return { grant: opened.sealed };
  }

  /** A home that is not there is made at the first login; looking first spares every other login a write. */
  async #ensureHome(account: Account): Promise<void> {
    const path = account.treePath('/');
    if (path === '/') return;
    try {
      const look = this.#office.seal(account, 'lookHome', { operation: Operation.STAT, path });
      const found = await this.#ask((client, options) => client.stat({ ticket: look }, options));
      if (found.entry?.kind === data.EntryKind.DIRECTORY) return;
      const ticket = this.#office.seal(account, 'home', { operation: Operation.MAKE_DIRECTORY, path, parents: true });
      await this.#ask((client, options) => client.makeDirectory({ ticket }, options));
    } catch (thrown) {
      const error = toStatusError(thrown);
      if (error.retryable) throw error;
      const { user } = account.grant;
      this.#parts.telemetry.emit({ event: 'home_unusable', level: 'error', user, path, reason: error.reason, error });
      throw new StatusError('disk_failed', `Home "${path}" of user "${user}" cannot be used: ${error.reason}`, {
        cause: error,
      });
    }
  }

  async #stat({ path: userPath, right }: Call<'stat'>): Promise<BackendAnswers['stat']> {
    const { account, path } = await this.#permitted(userPath, right);
    const ticket = this.#office.seal(account, 'look', { operation: Operation.STAT, path });
    const { entry, stageLength } = await this.#ask((client, options) => client.stat({ ticket }, options));
    return { entry, stageLength, rights: account.rightsAt(path) };
  }

  async #list({ path: userPath, countMax }: Call<'list'>): Promise<BackendAnswers['list']> {
    const { account, path } = await this.#permitted(userPath, 'list');
    const ticket = this.#office.seal(account, 'look', { operation: Operation.LIST, path });
    return this.#ask(async (client, { signal, deadlineMs }) => {
      const entries: data.DirectoryEntry[] = [];
      let self: data.DirectoryEntry | undefined;
      const options = {
        ...(signal === undefined ? {} : { signal }),
        ...(deadlineMs === undefined ? {} : { progressDeadlineMs: deadlineMs }),
      };
      for await (const batch of client.list({ ticket, recursive: false }, options)) {
        self ??= batch.self;
        entries.push(...batch.entries.slice(0, countMax + 1 - entries.length));
        if (entries.length > countMax) break;
      }
      if (self === undefined)
        throw new StatusError('unexpected', 'Cannot list: the first message does not name the directory');
      return { self, entries: entries.slice(0, countMax), complete: entries.length <= countMax };
    });
  }

  async #change(
    userPath: string,
    right: Right,
    operation: data.Operation,
    method: 'makeDirectory' | 'removeDirectory' | 'removeFile',
  ): Promise<object> {
    const { account, path } = await this.#permitted(userPath, right);
    const ticket = this.#office.seal(account, 'line', { operation, path });
    return this.#ask<object>((client, options) => client[method]({ ticket }, options));
  }

  async #rename(call: Call<'rename'>): Promise<object> {
    const account = await this.#account();
    const [path, targetPath] = [account.treePath(call.path), account.treePath(call.targetPath)];
    if (!account.allowsMove(path, targetPath)) throw denied(call.path, 'rename');
    const ticket = this.#office.seal(account, 'line', { operation: Operation.RENAME, path, targetPath });
    return this.#ask((client, options) => client.rename({ ticket }, options));
  }

  async #setAttributes({ path: userPath, modifiedAtMs, createdAtMs, mode }: Call<'setAttributes'>): Promise<object> {
    const { account, path } = await this.#permitted(userPath, 'write');
    const ticket = this.#office.seal(account, 'line', { operation: Operation.SET_ATTRIBUTES, path });
    return this.#ask((client, options) => client.setAttributes({ ticket, modifiedAtMs, createdAtMs, mode }, options));
  }

  /** The whole is written; the parts are read and deleted. */
  async #combine(call: Call<'combine'>): Promise<object> {
    const { account, path } = await this.#permitted(call.path, 'write');
    const partPaths = call.partPaths.map((part) => account.treePath(part));
    for (const part of partPaths)
      for (const right of ['read', 'delete'] as const) if (!account.allows(part, right)) throw denied(part, right);
    const ticket = this.#office.seal(account, 'line', { operation: Operation.COMBINE, path, partPaths });
    return this.#ask((client, options) => client.combine({ ticket }, options));
  }

  async #changePassword({ oldPassword, newPassword }: Call<'changePassword'>): Promise<object> {
    const { session, deadline, operationId } = this.#line;
    const { clientHost: clientAddress, controlTls: tls, grant } = session;
    const request = { operationId, grant, oldPassword, newPassword, clientAddress, tls };
    // As a login: a failure counts each time it is asked for.
    const tryMaxMs = deadline.atMs - this.#parts.clock.monotonicMs();
    return this.#parts.auth.call((client, options) => client.changePassword(request, options), deadline, tryMaxMs);
  }

  async #usage(): Promise<BackendAnswers['usage']> {
    const { user, quotaBytes, quotaFiles } = (await this.#account()).grant;
    const { bytes, files, freeBytes } = await this.#ask((client, options) => client.getUsage({ user }, options));
    return { bytes, files, quotaBytes, quotaFiles, freeBytes };
  }

  async #prepare(call: Call<'prepare'>): Promise<BackendAnswers['prepare']> {
    const [operation, right] = transfers[call.operation];
    const { account, path } = await this.#permitted(call.path, right);
    const { offset, expectedLength, announcedLength, uniqueName } = call;
    const hiddenPaths = call.recursive === true ? account.hiddenBelow(path) : [];
    const fields = { operation, path, offset, expectedLength, announcedLength, uniqueName, hiddenPaths };
    return { ticket: this.#office.seal(account, purposeOf(call.operation), fields), rights: account.rightsAt(path) };
  }

  async #permitted(userPath: string, right: Right): Promise<{ readonly account: Account; readonly path: string }> {
    const account = await this.#account();
    const path = account.treePath(userPath);
    if (!account.allows(path, right)) throw denied(userPath, right);
    return { account, path };
  }

  async #account(): Promise<Account> {
    const { session, deadline } = this.#line;
    assert(session.grant.length > 0, 'only a session with a grant asks for more than a login');
    this.#opened ??= await currentGrant(this.#parts, session.grant, deadline);
    return this.#opened.account;
  }

  /** Every method of data used here is idempotent, by itself or by the ticket's operation id: it may be asked again. */
  #ask<T>(ask: Ask<T>): Promise<T> {
    return this.#parts.data.call(ask, this.#line.deadline);
  }
}

/** A transfer's own id is the line's, so that an upload that is begun again is the same one. */
const purposeOf = (operation: TransferOperation): Purpose =>
  operation === 'list' || operation === 'digest' ? 'look' : 'line';

const denied = (path: string, right: Right): StatusError =>
  new StatusError('access_denied', `Cannot ${right} "${path}": the user's rules deny it`);
