/** The one transfer that a session may have under way, from its directive to its last reply. */
import { processing, type routing } from '@skerry/proto';
import { transferAbortedReplies, type Reply } from '@skerry/protocol-ftp';
import { Aborts } from './aborts.ts';
import type { DataChannel } from './data-channel.ts';
import type { Door } from './door.ts';
import type { Login } from './login.ts';
import { performed } from './perform.ts';
import type { TransferState } from './processed-session.ts';
import type { Direction } from './rates.ts';
import type { SessionRecord } from './session-record.ts';
import { outcomeReply, TransferRun, type Outcome } from './transfer.ts';

export type SlotOwner = {
  readonly door: Door;
  readonly record: SessionRecord;
  /** Sends a reply at once. */
  readonly send: (reply: Reply) => void;
  /** See {@link TransferRun}'s job. */
  readonly clientMeansIt: () => boolean;
};
const directions: Readonly<Record<processing.TransferKind, Direction>> = {
  [processing.TransferKind.UNSPECIFIED]: 'down',
  [processing.TransferKind.RETRIEVE]: 'down',
  [processing.TransferKind.STORE]: 'up',
  [processing.TransferKind.LIST]: 'down',
};
type Running = { readonly run: TransferRun; readonly replied: Promise<void> };

export class TransferSlot {
  readonly #owner: SlotOwner;
  readonly #aborts = new Aborts();
  #running: Running | undefined;

  constructor(owner: SlotOwner) {
    this.#owner = owner;
  }
  get taken(): boolean {
    return this.#running !== undefined;
  }
  get state(): TransferState {
    return { transferring: this.taken, transferredBytes: this.#running?.run.bytes ?? 0 };
  }
  /** What a list of sessions tells of the transfer under way; `bytesPerSecond`: since it began. */
  get summary(): Pick<routing.SessionSummary, 'path' | 'bytesPerSecond' | 'dataTls'> {
    const run = this.#running?.run;
    if (run === undefined) return { path: '', bytesPerSecond: 0, dataTls: false };
    const ms = Math.max(1, run.job.clock.monotonicMs() - run.startedMs);
    const { path } = run.job.transfer;
    return { path, bytesPerSecond: Math.round((run.bytes * 1_000) / ms), dataTls: run.job.tls !== undefined };
  }
  /** Undefined when none is under way. */
  get kind(): processing.TransferKind | undefined {
    return this.#running?.run.job.transfer.kind;
  }
  /** Resolves when the transfer under way has its last reply. */
  get replied(): Promise<void> {
    return this.#running?.replied ?? Promise.resolve();
  }

  /** The slot is taken when this returns. @returns the last reply; undefined: whoever aborted has replied. */
  async perform(
    transfer: processing.Transfer,
    channel: DataChannel,
    { secure, login }: { readonly secure: boolean; readonly login: Login | undefined },
  ): Promise<Reply | undefined> {
    const { door, record, send, clientMeansIt } = this.#owner;
    const { config, environment, nodes, rates, tls } = door;
    const run = new TransferRun({
      transfer,
      channel,
      tls: secure ? tls.context() : undefined,
      tlsSessionReuse: config.tlsSessionReuse,
      tlsCloseNotify: config.tlsCloseNotify === 'required',
      pace: rates.open(login?.user ?? '', directions[transfer.kind], login?.rates ?? {}),
      nodes,
      clock: environment.world.clock,
      checksums: environment.world,
      aborts: this.#aborts,
      acceptMs: config.ftpDataAcceptMs,
      stallMs: config.ftpDataStallMs,
      quotaWarningPercent: config.quotaWarningPercent,
      reply: send,
      clientMeansIt,
    });
    let replied = (): void => undefined;
    this.#running = { run, replied: new Promise((resolve) => (replied = resolve)) };
    let outcome: Outcome | undefined;
    try {
      outcome = await performed(run);
      const reply = outcomeReply(transfer, outcome);
      if (reply !== undefined) send(reply);
      record.transfer(run, outcome);
      return reply;
    } finally {
      run.finish(outcome);
      this.#running = undefined;
      replied();
    }
  }
  /** The connection ends: cut without a reply, unless it is being published. */
  cut(): void {
    this.#running?.run.abort();
  }
  /** ABOR (RFC 959 §4.1.3). `idle`: what to do instead when nothing is under way. */
  async abort(idle: () => void): Promise<void> {
    const { send } = this.#owner;
    const [cut, carriedOut] = transferAbortedReplies();
    const running = this.#running;
    if (running === undefined) idle();
    else if (running.run.abort() && cut !== undefined) send(cut);
    // Too late, the upload is being published: its own reply comes first.
    else await running.replied;
    if (carriedOut !== undefined) send(carriedOut);
  }
}
