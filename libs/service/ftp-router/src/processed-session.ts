/** The session as processors know it: it goes out with each line, and comes back with what is to be done. */
import { assert, randomId, type Reason } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import { SessionMachine, type TlsRequired } from '@skerry/protocol-ftp';
import { giveUp } from '@skerry/runtime-rpc';
import type { StreamSocket } from '@skerry/runtime-sockets';
import type { Command } from './command-queue.ts';
import type { Door } from './door.ts';
import { LoginReader, type Login } from './login.ts';
import type { Config } from './settings.ts';

export type TransferState = Pick<processing.Session, 'transferring' | 'transferredBytes'>;

const { DeedKind, TlsRequirement } = processing;
const wrongPassword: Reason = 'credentials';
const tlsRequirements: Readonly<Record<Config['ftpTls'], processing.TlsRequirement>> = {
  off: TlsRequirement.UNSPECIFIED,
  optional: TlsRequirement.UNSPECIFIED,
  login: TlsRequirement.LOGIN,
  required: TlsRequirement.DATA,
};

const machineTls: Readonly<Record<Config['ftpTls'], TlsRequired>> = {
  off: 'no',
  optional: 'no',
  login: 'login',
  required: 'data',
};
/** Lines about nothing but sockets of ours: the same machine decides them here, and no processor is asked. */
const ownVerbs: ReadonlySet<string> = new Set(['PASV', 'EPSV']);

export class ProcessedSession {
  readonly #door: Door;
  readonly #id: string;
  readonly #control: StreamSocket;
  readonly #logins: LoginReader;
  #state: processing.Session;
  #deeds: readonly processing.Deed[] = [];

  /** @param implicit the connection begins with TLS, and so do its data connections. */
  constructor(door: Door, id: string, control: StreamSocket, implicit: boolean) {
    this.#door = door;
    this.#id = id;
    this.#control = control;
    this.#state = this.#owned(
      processing.Session.fromPartial({
        phase: processing.Phase.GREETED,
        workingDirectory: '/',
        type: processing.TransferType.ASCII,
        connectedAtMs: door.environment.world.clock.wallMs(),
        protectionBuffer: implicit,
        dataTls: implicit,
      }),
      { transferring: false, transferredBytes: 0 },
    );
    this.#logins = new LoginReader(door.environment.sealer);
  }
  get loggedIn(): boolean {
    return this.#state.phase === processing.Phase.LOGGED_IN;
  }
  /** The user that was named last. */
  get user(): string {
    return this.#state.user;
  }
  /** Undefined before the login. @throws StatusError `token_invalid`. */
  get login(): Login | undefined {
    return this.loggedIn ? this.#logins.read(this.#state.grant) : undefined;
  }
  get workingDirectory(): string {
    return this.#state.workingDirectory;
  }
  get connectedAtMs(): number {
    return this.#state.connectedAtMs;
  }
  /** SITE IDLE's choice, never above the router's own, in ms. */
  get idleMaxMs(): number {
    const { ftpIdleTimeoutMs } = this.#door.config;
    return this.#state.idleMs === 0 ? ftpIdleTimeoutMs : Math.min(this.#state.idleMs, ftpIdleTimeoutMs);
  }
  /** PROT P. */
  get dataTls(): boolean {
    return this.#state.dataTls;
  }

  /** What the last line did, or was refused: once. */
  takeDeeds(): readonly processing.Deed[] {
    const deeds = this.#deeds;
    this.#deeds = [];
    return deeds;
  }

  /** One line at one of the processors, or here where that is all that it needs. @throws StatusError `deadline` and the like when none of them could. */
  async execute(
    { line, label }: Pick<Command, 'line' | 'label'>,
    transfer: TransferState,
    signal: AbortSignal,
  ): Promise<readonly processing.Directive[]> {
    const { config, environment, processors, failures } = this.#door;
    const { clock, random } = environment.world;
    const session = this.#owned(this.#state, transfer);
    if (ownVerbs.has(label.verb)) return this.#decide(line, session);
    const { user } = session;
    const loginPast = label.verb === 'PASS' ? failures.past(user, session.clientHost) : undefined;
    // Nobody changes a session: each step of it is another.
    const request: processing.ExecuteRequest = giveUp({ operationId: randomId(random), session, line, loginPast });
    const response = await processors.call((client, options) => client.execute(request, options), {
      atMs: clock.monotonicMs() + config.ftpCommandDeadlineMs,
      signal,
    });
    if (response.session !== undefined) this.#state = response.session;
    this.#deeds = response.deeds;
    if (loginPast !== undefined) this.#judged(session.clientHost);
    return response.directives;
  }
  /** What came of a login is remembered by all routers. */
  #judged(address: string): void {
    for (const { kind, user, detail } of this.#deeds) {
      if (kind === DeedKind.LOGIN) this.#door.failures.succeeded(user, address);
      // Whoever is locked out is not locked longer for each try.
      if (kind === DeedKind.LOGIN_FAILED && detail === wrongPassword) this.#door.failures.failed(user, address);
    }
  }
  #decide(line: Uint8Array, session: processing.Session): readonly processing.Directive[] {
    const { config, environment } = this.#door;
    const context = { nowMs: environment.world.clock.wallMs(), tlsRequired: machineTls[config.ftpTls] };
    const directives: processing.Directive[] = [];
    for (const effect of new SessionMachine(session, context).step({ kind: 'command', line })) {
      assert(effect.kind !== 'call', 'a line about our own sockets asks nobody');
      if (effect.kind === 'directive') directives.push(effect.directive);
      else this.#state = effect.session;
    }
    this.#deeds = [];
    return directives;
  }
  /** The connection is ours: a processor's view of it is a copy. */
  #owned(state: processing.Session, transfer: TransferState): processing.Session {
    if (this.#isOwned(state, transfer)) return state;
    const { remote, local, secure } = this.#control;
    return {
      ...state,
      transferring: transfer.transferring,
      transferredBytes: transfer.transferredBytes,
      id: this.#id,
      clientHost: remote.host,
      clientPort: remote.port,
      serverHost: local.host,
      serverPort: local.port,
      controlTls: secure,
      tlsAvailable: this.#door.config.ftpTls !== 'off',
      tlsRequired: tlsRequirements[this.#door.config.ftpTls],
      idleMaxMs: this.#door.config.ftpIdleTimeoutMs,
    };
  }
  /** Nothing that is ours is another than in the last line, as it nearly always is: the copy of all fields is spared. */
  #isOwned(state: processing.Session, { transferring, transferredBytes }: TransferState): boolean {
    const { remote, local, secure } = this.#control;
    const { ftpTls, ftpIdleTimeoutMs } = this.#door.config;
    return (
      state.transferring === transferring &&
      state.transferredBytes === transferredBytes &&
      state.id === this.#id &&
      state.clientHost === remote.host &&
      state.clientPort === remote.port &&
      state.serverHost === local.host &&
      state.serverPort === local.port &&
      state.controlTls === secure &&
      state.tlsAvailable === (ftpTls !== 'off') &&
      state.tlsRequired === tlsRequirements[ftpTls] &&
      state.idleMaxMs === ftpIdleTimeoutMs
    );
  }
}
