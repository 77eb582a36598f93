/**
 * One transfer from its directive to its outcome: what downloads, uploads and listings have in common.
 *
 * Order: the data node's stream is opened first, so that a failure is told before any 150; then 150; then the data
 * connection; then bytes. Whoever fails or aborts, both ends are closed before the outcome is known.
 */
import { AssertionError, fail, ok, StatusError, toStatusError, type Result } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import {
  dataConnectionFailedReply,
  openingReply,
  replyForFailure,
  transferCutReply,
  transferDoneReply,
  type FtpOperation,
  type OpeningOptions,
  type Reply,
} from '@skerry/protocol-ftp';
import type { StreamSocket, TlsContext } from '@skerry/runtime-sockets';
import type { CallOptions, ChunkChecksums } from '@skerry/runtime-rpc';
import type { Clock } from '@skerry/runtime-world';
import type { Aborts } from './aborts.ts';
import type { DataChannel } from './data-channel.ts';
import type { DataNode, DataNodes } from './callers.ts';
import type { TransferPace } from './rates.ts';
import { quotaText, type QuotaWarning } from './quota-warning.ts';

export type OpenOptions = Required<Pick<CallOptions, 'signal' | 'firstDeadlineMs' | 'progressDeadlineMs'>>;

export type TransferJob = {
  readonly transfer: processing.Transfer;
  readonly channel: DataChannel;
  /** PROT P: the context for the data connection. */
  readonly tls: TlsContext | undefined;
  readonly tlsSessionReuse: boolean;
  /** An upload under TLS that ends without close_notify is a cut. */
  readonly tlsCloseNotify: boolean;
  /** Undefined: as fast as it goes. */
  readonly pace: TransferPace | undefined;
  readonly nodes: DataNodes;
  readonly clock: Clock;
  readonly checksums: ChunkChecksums;
  readonly aborts: Aborts;
  readonly acceptMs: number;
  readonly stallMs: number;
  /** From which part of a quota an upload warns, in percent. */
  readonly quotaWarningPercent: number;
  /** Sends a reply at once. */
  readonly reply: (reply: Reply) => void;
  /** An upload's bytes are durable and its data connection ended well: does the client stand behind it? */
  readonly clientMeansIt: () => boolean;
};

export type Outcome =
  /** `path`: what was published, where data chose the name. `truncated`: a listing that is too long. */
  | {
      readonly kind: 'done';
      readonly path?: string;
      readonly quota?: QuotaWarning | undefined;
      readonly truncated?: boolean;
    }
  /** The data node, or we, could not. */
  | { readonly kind: 'failed'; readonly error: StatusError }
  | { readonly kind: 'no_connection'; readonly why: string }
  /** The client's end of the data connection broke, or stalled. */
  | { readonly kind: 'cut'; readonly why: string }
  /** ABOR, or the session ended; whoever aborted has replied. */
  | { readonly kind: 'aborted' };

/** Over this, waiting for the data node's first message fails, in ms. Retries at other nodes included. */
const openDeadlineMs = 15_000;
/** Of one try, in ms: a node that is paused, or cut off, must leave time for another. */
const openTryMaxMs = 3_000;
/** What a data node may need to store the last bytes of an upload that was cut, in ms. */
export const settleMs = 5_000;

/** To the client as to the operator's log: a client that never says it fails each time, and the setting is the way out. */
const truncatedText =
  'TLS data connection ended without close_notify, which --tls-close-notify requires; transfer aborted.';

export class TransferRun {
  readonly job: TransferJob;
  readonly startedMs: number;
  /** Bytes of content moved over the data connection. */
  bytes = 0;
  /** Lent when somebody listens. */
  #abort: AbortController | undefined;
  #over = false;
  #channelOpen = true;
  #socket: StreamSocket | undefined;
  #committing = false;
  #waitingSinceMs: number | undefined;
  #stalled = false;

  constructor(job: TransferJob) {
    this.job = job;
    this.startedMs = job.clock.monotonicMs();
  }
  /** Aborts when the data node's stream shall end without more ado. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = this.#over ? new AbortController() : this.job.aborts.lend();
      if (this.#over) this.#abort.abort();
    }
    return this.#abort.signal;
  }
  #end(): void {
    this.#over = true;
    this.#abort?.abort();
  }
  get aborted(): boolean {
    return this.#aborted;
  }
  #aborted = false;

  /** False: too late, an upload is being published; the outcome comes soon. */
  abort(): boolean {
    if (this.#committing) return false;
    this.#aborted = true;
    this.job.pace?.hurry();
    this.#closeChannel();
    this.#socket?.destroy();
    // An upload's stream goes on for a moment: what arrived shall be its stage.
    const { clock, transfer } = this.job;
    if (transfer.kind === processing.TransferKind.STORE && this.#socket !== undefined)
      clock.setTimer(settleMs, () => this.#end());
    else this.#end();
    return true;
  }
  beginCommit(): void {
    this.#committing = true;
  }
  /** Ends what is left over: after anything but `done`, the data node's stream may be open. */
  finish(outcome?: Outcome): void {
    this.job.pace?.close();
    this.#closeChannel();
    if (outcome?.kind !== 'done') return this.#end();
    if (this.#abort !== undefined) this.job.aborts.giveBack(this.#abort);
    this.#abort = undefined;
    this.#over = true;
  }

  /** Asks a data node for one answer. An abort meanwhile is seen when it comes, or in place of another try. */
  ask<T>(attempt: (client: DataNode, options: CallOptions) => Promise<T>): Promise<T> {
    return this.job.nodes.call(
      (client, options) => {
        if (this.#aborted) throw new StatusError('cancelled', 'The transfer was aborted');
        return attempt(client, options);
      },
      { atMs: this.job.clock.monotonicMs() + openDeadlineMs },
      openTryMaxMs,
    );
  }
  /**
   * Opens a data node's stream: `attempt` gives what its first message told. The stream ends with the signal that it is
   * given.
   */
  openStream<T>(attempt: (client: DataNode, options: OpenOptions) => Promise<T>): Promise<T> {
    const deadline = { atMs: this.job.clock.monotonicMs() + openDeadlineMs, signal: this.signal };
    const progressMs = progressDeadlineMs(this.job);
    return this.job.nodes.call(
      (client, { deadlineMs = openTryMaxMs }) =>
        attempt(client, { signal: this.signal, firstDeadlineMs: deadlineMs, progressDeadlineMs: progressMs }),
      deadline,
      openTryMaxMs,
    );
  }
  /** 150, then the data connection, under TLS where it was asked for. */
  async openSocket(options: Omit<OpeningOptions, 'tls'>): Promise<Result<StreamSocket, Outcome>> {
    const { job } = this;
    const { tls, acceptMs, transfer } = job;
    if (this.#aborted) return fail({ kind: 'aborted' });
    const upload = transfer.kind === processing.TransferKind.STORE;
    const bareEndCounts = !job.tlsCloseNotify;
    const upgrade = { deadlineMs: acceptMs, strictEnd: upload, bareEndCounts, discardBuffered: false };
    try {
      // A client that has begun TLS may take 150 for leave to send and end, before its handshake is through: that first.
      const early = tls !== undefined && job.channel.connected ? await this.#connected() : undefined;
      const begun = tls !== undefined && early !== undefined && (await early.hasArrivals());
      if (begun) await early.upgradeToTls(tls, upgrade);
      job.reply(openingReply(transfer, { sizeBytes: options.sizeBytes, path: options.path, tls: tls !== undefined }));
      const socket = early ?? (await this.#connected());
      if (tls !== undefined && !begun) await socket.upgradeToTls(tls, upgrade);
      else if (tls === undefined && upload) socket.useLargeReads();
      if (tls === undefined || !job.tlsSessionReuse || socket.sessionReused) {
        this.#watchStall(socket);
        return ok(socket);
      }
      socket.destroy();
      return fail({ kind: 'no_connection', why: 'The TLS session of the control connection must be resumed.' });
    } catch (thrown) {
      if (this.#aborted) return fail({ kind: 'aborted' });
      const late = toStatusError(thrown).reason === 'deadline';
      const why = late ? 'The data connection did not come in time.' : 'Cannot open the data connection.';
      return fail({ kind: 'no_connection', why });
    }
  }
  async #connected(): Promise<StreamSocket> {
    const socket = await this.job.channel.open(this.signal);
    this.#socket = socket;
    if (this.#aborted) socket.destroy();
    return socket;
  }
  /** Waits for the client: the time counts as stall. */
  async forClient<T>(waiting: Promise<T>): Promise<T> {
    this.#waitingSinceMs = this.job.clock.monotonicMs();
    try {
      return await waiting;
    } finally {
      this.#waitingSinceMs = undefined;
    }
  }
  /** After the client's end of the data connection failed. */
  cut(): Outcome {
    if (this.#aborted) return { kind: 'aborted' };
    // Also one that ended well, of a client that is gone: our half of it would stay open for ever.
    this.#socket?.destroy();
    if (this.#stalled) return { kind: 'cut', why: 'The data connection stalled; transfer aborted.' };
    if (this.#socket?.truncated === true) return { kind: 'cut', why: truncatedText };
    return { kind: 'cut', why: 'Data connection closed; transfer aborted.' };
  }
  /** After the data node's stream failed. */
  failed(thrown: unknown): Outcome {
    if (this.#aborted) return { kind: 'aborted' };
    const socket = this.#socket;
    // What a client still sends is read and dropped for a while, so that it sees the reply and not a reset; but a download
    // that broke must not end like a whole one.
    if (this.job.transfer.kind === processing.TransferKind.STORE) socket?.end().catch(() => socket.destroy());
    else socket?.destroy();
    if (thrown instanceof AssertionError) throw thrown;
    return { kind: 'failed', error: toStatusError(thrown) };
  }
  /** A socket may rest because the data node is slow; only time spent waiting for the client counts. */
  #watchStall(socket: StreamSocket): void {
    const { clock, stallMs } = this.job;
    socket.watchIdle(stallMs, () => {
      const since = this.#waitingSinceMs;
      // Half of it, since this began a little later than the socket's rest did.
      if (since === undefined || clock.monotonicMs() - since < stallMs / 2) return;
      this.#stalled = true;
      socket.destroy();
    });
  }
  #closeChannel(): void {
    if (this.#channelOpen) this.job.channel.close();
    this.#channelOpen = false;
  }
}

/** For streams to data nodes: a client that is slow, but within its own limits, must not make us think that the node is. */
const progressDeadlineMs = ({ acceptMs, stallMs }: TransferJob): number => acceptMs + stallMs + 30_000;

const operations: Readonly<Record<processing.TransferKind, FtpOperation>> = {
  [processing.TransferKind.UNSPECIFIED]: 'inspect',
  [processing.TransferKind.RETRIEVE]: 'retrieve',
  [processing.TransferKind.STORE]: 'store',
  [processing.TransferKind.LIST]: 'list',
};

/** Undefined: somebody replied already. */
export function outcomeReply(transfer: processing.Transfer, outcome: Outcome): Reply | undefined {
  switch (outcome.kind) {
    case 'done': {
      const { code, lines } = transferDoneReply(transfer, outcome);
      return outcome.quota === undefined
        ? { code, lines }
        : { code, lines: [`${lines.join(' ')} ${quotaText(outcome.quota)}`] };
    }
    case 'failed': {
      const { code, text } = replyForFailure(outcome.error.reason, operations[transfer.kind]);
      return { code, lines: [text] };
    }
    case 'no_connection':
      return dataConnectionFailedReply(outcome.why);
    case 'cut':
      return transferCutReply(outcome.why);
    case 'aborted':
      return undefined;
  }
}
