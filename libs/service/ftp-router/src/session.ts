/**
 * One control connection: its lines go to a processor one after the other, and what the processor wants done with
 * sockets is done here.
 *
 * Source: RFC 959 §4–5, RFC 2428, RFC 4217.
 */
import { AssertionError, randomId, toStatusError } from '@skerry/kernel';
import { processing, type routing } from '@skerry/proto';
import { closingReply, formatReply, greetingReply, replyForFailure, type Reply } from '@skerry/protocol-ftp';
import { nextTurn, type StreamSocket } from '@skerry/runtime-sockets';
import { formatAddress, pause } from '@skerry/runtime-world';
import { commandText, type CommandLabel } from './command-label.ts';
import type { Command } from './command-queue.ts';
import { ControlInput } from './control-input.ts';
import { Directives } from './directives.ts';
import type { Door } from './door.ts';
import type { Login } from './login.ts';
import { Pace } from './pace.ts';
import { PassingCommands } from './passing-commands.ts';
import { ProcessedSession } from './processed-session.ts';
import { SessionRecord } from './session-record.ts';
import { SessionTime } from './session-time.ts';
import type { LoginEnd } from './shared/ended-logins.ts';
import { TransferSlot } from './transfer-slot.ts';

/** Replies that a client has not read, in bytes, before its next command waits. */
const unreadRepliesMaxBytes = 64 * 1024;
/** Commands that came in one flock and are done before all other sockets have their turn: in one process they need not wait. */
const commandsPerTurn = 4;
/** Commands of so long a time may come at once, in ms: clients send them in flocks. */
const commandBurstMs = 1_000;

export class Session {
  readonly id: string;
  readonly #door: Door;
  readonly #control: StreamSocket;
  readonly #input: ControlInput;
  readonly #ended = new AbortController();
  #over: (why: string) => void = () => undefined;
  readonly #whenOver: Promise<string>;
  readonly #implicit: boolean;
  readonly #pace: Pace;
  readonly #session: ProcessedSession;
  readonly #slot: TransferSlot;
  readonly #passing: PassingCommands;
  readonly #directives: Directives;
  readonly #time: SessionTime;
  #open = true;
  #working = false;
  #draining = false;
  /** The client has ended its side of the control connection. */
  #inputEnded = false;
  /** The client reads no replies; until it does its commands wait. */
  #repliesUnread = false;
  #last: CommandLabel = { verb: '', argument: '' };
  #lastCode = 0;
  readonly #record: SessionRecord;

  /** @param implicit the connection begins with TLS. */
  constructor(door: Door, control: StreamSocket, implicit = false) {
    const { config, environment } = door;
    const { clock, random } = environment.world;
    const bye = (text: string, why: string): void => this.bye(text, why);
    const loggedIn = (): boolean => this.#session.loggedIn;
    const send = (reply: Reply): void => this.#send(reply);
    this.id = randomId(random);
    this.#door = door;
    this.#control = control;
    this.#record = new SessionRecord(environment.telemetry, door.figures, this.id, control.remote);
    this.#input = new ControlInput({
      limits: config,
      takes: () => this.#open && !this.#directives.upgrading,
      loggedIn,
      answer: (bytes) => void control.write(bytes),
      bye,
    });
    this.#whenOver = new Promise((resolve) => (this.#over = resolve));
    this.#implicit = implicit;
    this.#pace = new Pace(config.ftpCommandsPerSecond, commandBurstMs);
    this.#session = new ProcessedSession(door, this.id, control, implicit);
    const record = this.#record;
    const clientMeansIt = (): boolean => this.#open && (this.#input.quitSeen || (!this.#inputEnded && !control.closed));
    this.#slot = new TransferSlot({ door, record, send, clientMeansIt });
    this.#passing = new PassingCommands({
      clock,
      queue: this.#input.queue,
      slot: this.#slot,
      open: () => this.#open,
      perform: (command) => this.#perform(command, true).catch((thrown: unknown) => this.#crash(thrown)),
    });
    this.#directives = new Directives({
      door,
      control,
      session: this.#session,
      slot: this.#slot,
      record,
      send,
      close: (why) => this.#close(why),
      transferBegan: () => this.#passing.look(),
    });
    this.#time = new SessionTime({
      clock,
      loginMaxMs: config.ftpLoginTimeoutMs,
      idleMaxMs: () => this.#session.idleMaxMs,
      loggedIn,
      idle: () => this.idle,
      bye,
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
    return {
      sessionId: this.id,
      user: this.#session.user,
      clientAddress: formatAddress(this.#control.remote),
      connectedAtMs: this.#session.connectedAtMs,
      command: commandText(this.#last),
      idleMs: this.#time.idleMs,
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
    this.#time.watch();
    void this.#begin();
    const why = await this.#whenOver;
    this.#record.closed(why, this.#time.ms);
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
    if (this.#implicit && !(await this.#directives.secured(false))) return;
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
      this.#input.queue.clear();
      this.#endInput();
    }
  }
  #receive(chunk: Uint8Array): void {
    this.#input.receive(chunk);
    if (!this.#open || this.#directives.upgrading) return;
    this.#time.touch();
    this.#pump();
  }
  #endInput(): void {
    this.#inputEnded = true;
    // An upload goes on to its own end: what arrived becomes a stage, but no name, since nobody stands behind it.
    if (!this.#input.quitSeen) {
      if (this.#slot.kind !== processing.TransferKind.STORE) this.#slot.cut();
      this.#directives.stopReading();
    }
    if (!this.#working) this.#close('client_left');
  }

  #pump(): void {
    if (this.#slot.taken) this.#passing.look();
    if (this.#working) return;
    this.#working = true;
    this.#work().catch((thrown: unknown) => this.#crash(thrown));
  }
  async #work(): Promise<void> {
    for (let done = 1; this.#open; done++) {
      const item = this.#input.queue.poll();
      if (item === undefined) break;
      if (item.kind === 'answered') this.#send(item.reply);
      else await this.#perform(item, false);
      await this.#passing.underWay;
      if (this.#draining) break;
      await this.#repliesRead();
      if (done % commandsPerTurn === 0 && this.#input.queue.length > 0) await nextTurn();
    }
    this.#working = false;
    this.#time.touch();
    if (this.#inputEnded) this.#close('client_left');
    else if (this.#draining) this.#byeDraining();
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
        if (kind !== undefined) await this.#directives.carryOut(kind, passing);
      }
    } catch (thrown) {
      this.#failed(thrown);
    }
    this.#record.command(label, this.#lastCode, clock.monotonicMs() - beganMs);
  }
  async #execute(command: Command): Promise<readonly processing.Directive[]> {
    const { idleMaxMs } = this.#session;
    const directives = await this.#session.execute(command, this.#slot.state, this.#ended.signal);
    if (this.#session.idleMaxMs !== idleMaxMs) this.#time.watch();
    this.#record.user = this.#session.user;
    for (const deed of this.#session.takeDeeds()) this.#record.deed(deed);
    // What the client sent in clear behind AUTH must not run under TLS: forgotten before it hears that it may begin.
    if (directives.some(({ kind }) => kind?.$case === 'startTls')) {
      this.#directives.willUpgrade();
      this.#input.forget();
    }
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

  #send({ code, lines }: Reply): void {
    this.#lastCode = code;
    this.#control.write(formatReply(code, lines));
  }
  #byeDraining(): void {
    this.bye('The server shuts down.', 'shutting_down');
  }
  #close(why: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#time.close();
    this.#input.queue.clear();
    this.#directives.close();
    this.#slot.cut();
    this.#ended.abort();
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
