/**
 * One control connection: its lines go to a processor one after the other, and what the processor wants done with
 * sockets is done here.
 *
 * Source: RFC 959 §4–5, RFC 2428, RFC 4217.
 */
import { AssertionError, randomId, toStatusError, unreachable } from '@skerry/kernel';
import { processing, type routing } from '@skerry/proto';
import {
  closingReply,
  CommandFramer,
  dataConnectionFailedReply,
  formatReply,
  greetingReply,
  replyForFailure,
  sessionsReply,
  type FramedLine,
  type Reply,
} from '@skerry/protocol-ftp';
import { nextTurn, type StreamSocket } from '@skerry/runtime-sockets';
import { formatAddress, pause, type Timer } from '@skerry/runtime-world';
import { commandText, type CommandLabel } from './command-label.ts';
import { CommandQueue, queued, type Command } from './command-queue.ts';
import { digestOf } from './digest.ts';
import type { Door } from './door.ts';
import { isForeign } from './foreign.ts';
import type { Login } from './login.ts';
import { NextChannel } from './next-channel.ts';
import { Pace } from './pace.ts';
import { ProcessedSession } from './processed-session.ts';
import { SessionRecord } from './session-record.ts';
import type { LoginEnd } from './shared/ended-logins.ts';
import { TransferSlot } from './transfer-slot.ts';

/** Replies that a client has not read, in bytes, before its next command waits. */
const unreadRepliesMaxBytes = 64 * 1024;
/** Longest TLS handshake on the control connection, in ms. */
const handshakeMaxMs = 30_000;
/** How long a transfer must rest after QUIT, in ms, before QUIT is answered and not the transfer. */
const quitPatienceMs = 300;
/** Commands that came in one flock and are done before all other sockets have their turn: in one process they need not wait. */
const commandsPerTurn = 4;
/** Commands of so long a time may come at once, in ms: clients send them in flocks. */
const commandBurstMs = 1_000;

export class Session {
  readonly id: string;
  readonly #door: Door;
  readonly #control: StreamSocket;
  readonly #framer = new CommandFramer();
  readonly #queue: CommandQueue;
  readonly #ended = new AbortController();
  #over: (why: string) => void = () => undefined;
  readonly #whenOver: Promise<string>;
  readonly #implicit: boolean;
  readonly #pace: Pace;
  readonly #session: ProcessedSession;
  readonly #slot: TransferSlot;
  #open = true;
  #working = false;
  #upgrading = false;
  #draining = false;
  /** The client has ended its side of the control connection. */
  #inputEnded = false;
  #quitSeen = false;
  #quitTimer: Timer | undefined;
  #malformedLines = 0;
  readonly #startedMs: number;
  #lastActiveMs: number;
  /** The client reads no replies; until it does its commands wait. */
  #repliesUnread = false;
  #last: CommandLabel = { verb: '', argument: '' };
  #lastCode = 0;
  readonly #channel: NextChannel;
  readonly #record: SessionRecord;
  #passing: Promise<void> | undefined;
  /** Ends a checksum under way: nobody waits for it. */
  #reading: AbortController | undefined;
  #timer: Timer | undefined;

  /** @param implicit the connection begins with TLS. */
  constructor(door: Door, control: StreamSocket, implicit = false) {
    const { config, environment, passive, passiveHosts } = door;
    const { telemetry, world } = environment;
    const { clock, random } = world;
    const { local, remote } = control;
    this.id = randomId(random);
    this.#door = door;
    this.#control = control;
    this.#channel = new NextChannel({ config, passive, passiveHosts, clock, telemetry, local, remote });
    this.#record = new SessionRecord(telemetry, door.figures, this.id, remote);
    this.#queue = new CommandQueue(config.ftpCommandQueueMax);
    this.#whenOver = new Promise((resolve) => (this.#over = resolve));
    this.#startedMs = clock.monotonicMs();
    this.#lastActiveMs = this.#startedMs;
    this.#implicit = implicit;
    this.#pace = new Pace(config.ftpCommandsPerSecond, commandBurstMs);
    this.#session = new ProcessedSession(door, this.id, control, implicit);
    this.#slot = new TransferSlot({
      door,
      record: this.#record,
      send: (reply) => this.#send(reply),
      clientMeansIt: () => this.#open && (this.#quitSeen || (!this.#inputEnded && !control.closed)),
    });
  }
  get clientHost(): string {
    return this.#control.remote.host;
  }
  /** The user that was named last; empty: none. */
  get user(): string {
    return this.#session.user;
  }
  /** Of the grant in use; undefined before the login. */
  get login(): Login | undefined {
    return this.#session.login;
  }
  get transferring(): boolean {
    return this.#slot.taken;
  }
  /** Nothing under way. */
  get idle(): boolean {
    return (!this.#working || this.#repliesUnread) && !this.#slot.taken;
  }
  summary(): routing.SessionSummary {
    const { monotonicMs } = this.#door.environment.world.clock;
    return {
      sessionId: this.id,
      user: this.#session.user,
      clientAddress: formatAddress(this.#control.remote),
      connectedAtMs: this.#session.connectedAtMs,
      command: commandText(this.#last),
      idleMs: this.idle ? Math.round(monotonicMs() - this.#lastActiveMs) : 0,
      ...this.#slot.state,
      ...this.#slot.summary,
      workingDirectory: this.#session.workingDirectory,
      tls: this.#control.secure,
      router: this.#door.environment.rpc.nodeId,
    };
  }

  /** Serves until the session is over. */
  async run(): Promise<void> {
    this.#record.opened();
    this.#watchIdle();
    void this.#begin();
    const why = await this.#whenOver;
    this.#record.closed(why, this.#door.environment.world.clock.monotonicMs() - this.#startedMs);
  }
  /** 421, then the end; a running transfer is cut. */
  bye(text: string, why: string): void {
    if (!this.#open) return;
    this.#send(closingReply(text));
    this.#close(why);
  }
  /** Ends, returning true, when its login is over. A command under way ends first: it may be the one that did it. */
  endLogin(endOf: (login: Login) => LoginEnd | undefined): boolean {
    try {
      const { login } = this;
      const why = login === undefined ? undefined : endOf(login);
      if (why !== undefined) this.#endLogin(why);
      return why !== undefined;
    } catch (thrown) {
      // A grant that auth did not make.
      this.#crash(thrown);
      return true;
    }
  }
  #endLogin(why: LoginEnd): void {
    if (!this.#open || (this.#working && !this.#slot.taken)) return;
    const text = why === 'account_expired' ? 'This account expired.' : 'This session is over; log in again.';
    this.#record.loginEnded(why);
    this.bye(text, why);
  }
  /** {@link bye} by an operator. */
  kick(by: string): void {
    if (!this.#open) return;
    this.#record.kicked(by);
    this.bye('This session was ended by the operator.', 'kicked');
  }
  /** As {@link bye}, but what is under way ends first. */
  drain(): void {
    this.#draining = true;
    if (this.idle) this.#byeDraining();
  }
  destroy(): void {
    this.#close('stopped');
    this.#control.destroy();
  }

  async #begin(): Promise<void> {
    if (this.#implicit && !(await this.#secured(false))) return;
    this.#send(greetingReply(this.#door.config.ftpGreeting));
    await this.#readInput();
  }
  async #readInput(): Promise<void> {
    try {
      for (let chunk = await this.#control.read(); chunk !== undefined; chunk = await this.#control.read())
        this.#receive(chunk);
      this.#endInput();
    } catch (thrown) {
      if (!this.#control.closed) return this.#crash(thrown);
      // Nobody is there to be answered.
      this.#queue.clear();
      this.#endInput();
    }
  }
  #receive(chunk: Uint8Array): void {
    const lines = this.#framer.push(chunk);
    const refusals = this.#framer.takeRefusals();
    if (refusals.length > 0 && this.#open && !this.#upgrading) this.#control.write(refusals);
    for (const line of lines) {
      // Before a TLS handshake: sent ahead in clear, by whomever.
      if (!this.#open || this.#upgrading) return;
      this.#take(line);
    }
    this.#lastActiveMs = this.#door.environment.world.clock.monotonicMs();
    this.#pump();
  }
  #take(line: FramedLine): void {
    const { ftpMalformedLinesMax, ftpCommandQueueMax } = this.#door.config;
    if (line.kind !== 'line') {
      this.#malformedLines += 1;
      if (this.#malformedLines > ftpMalformedLinesMax) return this.bye('Too many malformed lines.', 'malformed_lines');
    }
    const item = queued(line);
    if (!this.#queue.offer(item))
      return this.bye(`More than ${ftpCommandQueueMax} commands ahead of their replies.`, 'command_queue');
    if (item.kind !== 'command') return;
    if (item.label.verb === 'QUIT') this.#quitSeen = true;
    if (item.label.verb === 'other' && !this.#session.loggedIn && isForeign(item.line))
      this.bye('This is an FTP server.', 'foreign_protocol');
  }
  #endInput(): void {
    this.#inputEnded = true;
    // An upload goes on to its own end: what arrived becomes a stage, but no name, since nobody stands behind it.
    if (!this.#quitSeen && this.#slot.kind !== processing.TransferKind.STORE) this.#slot.cut();
    if (!this.#quitSeen) this.#reading?.abort();
    if (!this.#working) this.#close('client_left');
  }

  #pump(): void {
    if (this.#slot.taken) this.#passQueue();
    if (this.#working) return;
    this.#working = true;
    this.#work().catch((thrown: unknown) => this.#crash(thrown));
  }
  async #work(): Promise<void> {
    for (let done = 1; this.#open; done++) {
      const item = this.#queue.poll();
      if (item === undefined) break;
      if (item.kind === 'answered') this.#send(item.reply);
      else await this.#perform(item, false);
      await this.#passing;
      if (this.#draining) break;
      await this.#repliesRead();
      if (done % commandsPerTurn === 0 && this.#queue.length > 0) await nextTurn();
    }
    this.#working = false;
    this.#lastActiveMs = this.#door.environment.world.clock.monotonicMs();
    if (this.#inputEnded) this.#close('client_left');
    else if (this.#draining) this.#byeDraining();
  }
  /** While a transfer runs: what does not wait for its end, one after the other. */
  #passQueue(): void {
    if (this.#passing !== undefined) return;
    const command = this.#queue.pollPassing();
    if (command === undefined) return this.#watchQuit();
    this.#pass(command);
  }
  #pass(command: Command): void {
    this.#passing = this.#perform(command, true)
      .catch((thrown: unknown) => this.#crash(thrown))
      .then(() => {
        this.#passing = undefined;
        if (this.#slot.taken) this.#passQueue();
      });
  }
  /**
   * QUIT waits for the transfer, and its reply comes last. But who says it in the middle and then moves no more bytes
   * waits for 221 before it closes its data connection (PyFilesystem): that comes first then, and the transfer ends as it will.
   */
  #watchQuit(): void {
    if (this.#quitTimer !== undefined || !this.#queue.headIs('QUIT')) return;
    const before = this.#slot.state.transferredBytes;
    this.#quitTimer = this.#door.environment.world.clock.setTimer(quitPatienceMs, () => {
      this.#quitTimer = undefined;
      if (!this.#open || !this.#slot.taken || this.#passing !== undefined) return;
      if (this.#slot.state.transferredBytes !== before) return this.#watchQuit();
      const quit = this.#queue.pollPassing(true);
      if (quit !== undefined) this.#pass(quit);
    });
  }
  /** A client that sends commands but reads no replies waits for itself; its idle time runs. */
  async #repliesRead(): Promise<void> {
    if (this.#control.queuedBytes <= unreadRepliesMaxBytes) return;
    this.#repliesUnread = true;
    try {
      await this.#control.flushed();
    } catch {
      this.#close('client_left');
    }
    this.#repliesUnread = false;
  }

  async #perform(command: Command, passing: boolean): Promise<void> {
    const { label } = command;
    const { clock } = this.#door.environment.world;
    const waitMs = this.#pace.take(1, clock.monotonicMs());
    if (waitMs > 0) await pause(clock, waitMs, this.#ended.signal);
    if (!this.#open) return;
    const beganMs = clock.monotonicMs();
    this.#last = label;
    this.#lastCode = 0;
    try {
      const directives = await this.#execute(command);
      for (const { kind } of directives) {
        if (!this.#open) return;
        if (kind !== undefined) await this.#carryOut(kind, passing);
      }
    } catch (thrown) {
      this.#failed(thrown);
    }
    this.#record.command(label, this.#lastCode, clock.monotonicMs() - beganMs);
  }
  async #execute(command: Command): Promise<readonly processing.Directive[]> {
    const { idleMaxMs } = this.#session;
    const directives = await this.#session.execute(command, this.#slot.state, this.#ended.signal);
    if (this.#session.idleMaxMs !== idleMaxMs) this.#watchIdle();
    this.#record.user = this.#session.user;
    for (const deed of this.#session.takeDeeds()) this.#record.deed(deed);
    // What the client sent in clear behind AUTH must not run under TLS: forgotten before it hears that it may begin.
    if (directives.some(({ kind }) => kind?.$case === 'startTls')) this.#forgetInput();
    return directives;
  }
  #failed(thrown: unknown): void {
    if (!this.#open) return;
    if (thrown instanceof AssertionError) throw thrown;
    const error = toStatusError(thrown);
    const operation = this.#session.loggedIn ? 'inspect' : 'login';
    const { code, text } = replyForFailure(error.reason, operation);
    this.#record.commandFailed(error);
    if (code === 421) return this.bye(text, error.reason);
    this.#send({ code, lines: [text] });
  }

  async #carryOut(directive: NonNullable<processing.Directive['kind']>, passing: boolean): Promise<void> {
    switch (directive.$case) {
      case 'reply':
        return this.#send(directive.value);
      case 'openPassive':
        return this.#send(await this.#channel.openPassive(directive.value));
      case 'connectActive':
        return this.#channel.connectActive(directive.value);
      case 'startTls':
        return this.#startTls();
      case 'transfer':
        // A command that passes the queue cannot begin a second one.
        if (passing) return this.#send(dataConnectionFailedReply('A transfer is under way.'));
        return this.#transfer(directive.value);
      case 'abortTransfer':
        return this.#slot.abort(() => this.#channel.drop());
      case 'digest':
        this.#reading = new AbortController();
        return this.#send(await digestOf(this.#door, directive.value, this.#reading.signal));
      case 'who':
        return this.#send(this.#who(directive.value));
      case 'closeControl':
        if (passing) await this.#slot.replied;
        return this.#close('quit');
      default:
        return unreachable(directive);
    }
  }
  /** SITE WHO. */
  #who({ user }: processing.Who): Reply {
    const sessions = this.#door.sessions().filter((each) => user === '' || each.user === user);
    return sessionsReply(sessions, this.#door.environment.world.clock.wallMs());
  }
  #forgetInput(): void {
    this.#upgrading = true;
    this.#queue.clear();
    this.#framer.reset();
    this.#quitSeen = false;
  }
  async #startTls(): Promise<void> {
    if (await this.#secured(true)) this.#upgrading = false;
  }
  /** False: the handshake failed, and the session is over. */
  async #secured(discardBuffered: boolean): Promise<boolean> {
    try {
      await this.#control.flushed();
      await this.#control.upgradeToTls(this.#door.tls.context(), { deadlineMs: handshakeMaxMs, discardBuffered });
      return true;
    } catch (thrown) {
      this.#record.tlsFailed(toStatusError(thrown));
      this.#close('tls_failed');
      return false;
    }
  }

  async #transfer(transfer: processing.Transfer): Promise<void> {
    const { dataTls: secure, login } = this.#session;
    const channel = this.#channel.take();
    if (channel === undefined) return this.#send(dataConnectionFailedReply('Use PASV, EPSV, PORT or EPRT first.'));
    const lastReply = this.#slot.perform(transfer, channel, { secure, login });
    this.#passQueue();
    if ((await lastReply)?.code === 421) this.#close('transfer_refused');
  }

  #send({ code, lines }: Reply): void {
    this.#lastCode = code;
    this.#control.write(formatReply(code, lines));
  }
  #watchIdle(): void {
    const { config, environment } = this.#door;
    const { clock } = environment.world;
    const { loggedIn } = this.#session;
    const loginLeftMs = this.#startedMs + config.ftpLoginTimeoutMs - clock.monotonicMs();
    const { idleMaxMs } = this.#session;
    const restLeftMs = this.#lastActiveMs + idleMaxMs - clock.monotonicMs();
    if (!loggedIn && loginLeftMs <= 0) return this.bye('No login in time.', 'login_timeout');
    if (this.idle && restLeftMs <= 0) return this.bye('Idle for too long.', 'idle_timeout');
    // While work is under way the time rests: look again after a whole one.
    const idleLeftMs = this.idle ? restLeftMs : idleMaxMs;
    const waitMs = Math.max(1, Math.ceil(loggedIn ? idleLeftMs : Math.min(loginLeftMs, idleLeftMs)));
    this.#timer?.cancel();
    this.#timer = clock.setTimer(waitMs, () => this.#watchIdle());
  }
  #byeDraining(): void {
    this.bye('The server shuts down.', 'shutting_down');
  }
  #close(why: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer?.cancel();
    this.#queue.clear();
    this.#channel.close();
    this.#slot.cut();
    this.#ended.abort();
    this.#reading?.abort();
    this.#control.end().then(
      () => this.#over(why),
      () => {
        this.#control.destroy();
        this.#over(why);
      },
    );
  }
  /** Something of ours is broken: an assertion ends the process, anything else this session. */
  #crash(thrown: unknown): void {
    const error = thrown instanceof AssertionError ? thrown : toStatusError(thrown);
    this.#record.failed(error);
    if (thrown instanceof AssertionError) this.#door.environment.fatal(thrown);
    this.bye('The server failed; the operator finds the cause in its log.', 'failed');
  }
}
