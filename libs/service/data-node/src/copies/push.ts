/**
 * Feeds one follower with one blob while it is written here.
 *
 * What comes waits in memory up to a window. A follower that falls behind it leaves the upload, and fetches the rest
 * later, unless it is needed for a majority: then, as when it comes back, it is fed from this node's own disk until it
 * has caught up.
 */
import { type BlobId, type Checksum, type NodeId, type Reason, StatusError, toStatusError } from '@skerry/kernel';
import type { common, copies } from '@skerry/proto';
import { chunkOf } from '@skerry/runtime-rpc';
import { type Clock, giveBack, lendAgain, pause } from '@skerry/runtime-world';
import { lagPauseMs, pushRetryMaxMs, pushRetryMinMs, pushSilenceMaxMs, pushWindowBytes } from './limits.ts';
import type { CopyClient } from './members.ts';
import type { Progress } from './progress.ts';

/** The blob as it is here. */
export type PushSource = {
  readonly blob: BlobId;
  /** Bytes written so far. */
  length(): number;
  read(from: number, to: number): AsyncIterable<Uint8Array>;
};
export type PushParts = {
  readonly clock: Clock;
  readonly crc32: Checksum;
  readonly progress: Progress;
  client(id: NodeId): CopyClient | undefined;
  /** Whether there is no majority without it. */
  isNeeded(push: Push): boolean;
  /** For the first time: it is tried again. */
  failed(id: NodeId, blob: BlobId, error: StatusError): void;
};
type Request = { part: copies.PushRequest['part'] };
/** Content that waits, with its place in the blob. */
type Piece = { readonly at: number; readonly length: number; readonly chunk: common.Chunk };

/** The follower can do nothing with this blob: to try again is of no use. */
const final: ReadonlySet<Reason> = new Set<Reason>([
  'blob_dead',
  'access_denied',
  'disk_full',
  'read_only_disk',
  'disk_failed',
  'no_such_method',
]);

export class Push {
  readonly peer: NodeId;
  readonly #parts: PushParts;
  readonly #source: PushSource;
  readonly #abort = new AbortController();
  readonly ended: Promise<void>;
  #pieces: Piece[] = [];
  #piecesBytes = 0;
  /** Whether what comes is kept in memory; else the follower is behind the window. */
  #keeping = true;
  /** Only the newest stream's messages count. */
  #attempt = 0;
  /** Next byte to send; undefined until the follower has told what it has. */
  #position: number | undefined;
  #durableLength = 0;
  /** Bytes that are to be durable there, and for which the follower was told so in this attempt. */
  #syncWanted = 0;
  #syncTold = 0;
  #publishedLength: number | undefined;
  #stopped = false;
  #failure: StatusError | undefined;
  #told = false;
  #wake = (): void => undefined;

  constructor(parts: PushParts, peer: NodeId, source: PushSource) {
    this.#parts = parts;
    this.peer = peer;
    this.#source = source;
    this.ended = this.#run();
  }
  /** Bytes that the follower has on disk. */
  get durableLength(): number {
    return this.#durableLength;
  }
  /**
   * Near the end of what was written: no reason for the upload to wait. Half of the window is left, so that a follower
   * that is waited for never comes to be fed from the disk, which costs a sync and a read.
   */
  get isNear(): boolean {
    return this.#keeping && this.#piecesBytes <= pushWindowBytes / 2 && this.#failure === undefined;
  }
  /** It has not fallen behind. */
  get isKeepingUp(): boolean {
    return this.#keeping && this.#failure === undefined;
  }
  /** Why it has given up. */
  get failure(): StatusError | undefined {
    return this.#failure;
  }

  /** Bytes that stand at `at`: those that come now. Never blocks. */
  offer(at: number, chunk: common.Chunk): void {
    if (!this.#keeping || this.#stopped || this.#failure !== undefined) return;
    const { length } = chunk.data;
    if (this.#piecesBytes + length > pushWindowBytes) {
      this.#keeping = false;
      this.#dropPieces();
      return;
    }
    // Written, the disk gives it back, while it may still wait here.
    lendAgain(chunk.data);
    this.#pieces.push({ at, length, chunk });
    this.#piecesBytes += length;
    this.#wake();
  }
  /** So much shall be durable there soon: seen in {@link durableLength}. */
  sync(length: number): void {
    this.#syncWanted = Math.max(this.#syncWanted, length);
    this.#wake();
  }
  /** The blob is whole, and has its final name here. The rest goes on by itself: see {@link ended}. */
  publish(length: number): void {
    if (!this.#keeping) return this.stop();
    this.#publishedLength = length;
    this.#wake();
  }
  /** Ends the stream; the follower keeps what it has. */
  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
    this.#wake();
  }

  async #run(): Promise<void> {
    let pauseMs = pushRetryMinMs;
    const { signal } = this.#abort;
    while (!this.#stopped && this.#failure === undefined) {
      try {
        if (await this.#attemptOnce(signal)) break;
      } catch (thrown) {
        if (this.#stopped) break;
        const error = toStatusError(thrown);
        if (!this.#told) this.#parts.failed(this.peer, this.#source.blob, error);
        this.#told = true;
        // Once it is published the log tells the follower what it lacks.
        if (final.has(error.reason) || this.#publishedLength !== undefined) this.#failure = error;
      }
      if (this.#position !== undefined) pauseMs = pushRetryMinMs;
      this.#position = undefined;
      this.#parts.progress.check();
      await pause(this.#parts.clock, pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, pushRetryMaxMs);
    }
    this.#dropPieces();
    this.#attempt += 1;
    this.#parts.progress.check();
  }
  /** @returns whether the follower has it all under its final name. */
  async #attemptOnce(signal: AbortSignal): Promise<boolean> {
    const client = this.#parts.client(this.peer);
    if (client === undefined)
      throw new StatusError('no_node', `Cannot copy to node "${this.peer}": its address is not known`);
    const attempt = ++this.#attempt;
    this.#syncTold = 0;
    const options = { signal, progressDeadlineMs: pushSilenceMaxMs };
    for await (const { length, published } of client.push(this.#messages(attempt), options)) {
      this.#position ??= length;
      this.#durableLength = Math.max(this.#durableLength, length);
      this.#parts.progress.touch();
      if (published) return true;
      this.#wake();
    }
    return false;
  }

  async *#messages(attempt: number): AsyncGenerator<Request, void, undefined> {
    const isOver = (): boolean => this.#attempt !== attempt || this.#stopped;
    yield { part: { $case: 'start', value: { blob: this.#source.blob } } };
    while (!isOver()) {
      const position = this.#position;
      if (position === undefined) {
        await this.#change();
        continue;
      }
      const piece = this.#next(position);
      if (piece !== undefined) {
        this.#moved(position + piece.length);
        yield { part: { $case: 'chunk', value: piece.chunk } };
      } else if (position < this.#source.length()) {
        if (this.#keeping || this.#parts.isNeeded(this)) yield* this.#fromDisk(position, isOver);
        else await pause(this.#parts.clock, lagPauseMs, this.#abort.signal);
      } else if (this.#syncWanted > this.#syncTold) {
        this.#syncTold = position;
        yield { part: { $case: 'sync', value: {} } };
      } else if (this.#publishedLength !== undefined) {
        yield { part: { $case: 'publish', value: { length: this.#publishedLength } } };
        return;
      } else await this.#change();
    }
  }
  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
  #moved(position: number): void {
    this.#position = position;
    this.#parts.progress.touch();
  }
  #dropPieces(): void {
    for (const { chunk } of this.#pieces) giveBack(chunk.data);
    this.#pieces = [];
    this.#piecesBytes = 0;
  }
  /** What waits in memory at this place; what the follower has already is dropped. */
  #next(position: number): { readonly length: number; readonly chunk: common.Chunk } | undefined {
    for (let piece = this.#pieces[0]; piece !== undefined && piece.at <= position; piece = this.#pieces[0]) {
      this.#pieces.shift();
      this.#piecesBytes -= piece.length;
      const skip = position - piece.at;
      if (skip === 0) return piece;
      const { data } = piece.chunk;
      giveBack(data.subarray(0, Math.min(skip, piece.length)));
      if (skip >= piece.length) continue;
      return { length: piece.length - skip, chunk: chunkOf(data.subarray(skip), this.#parts.crc32) };
    }
    return undefined;
  }
  /** From this place to where memory goes on. */
  async *#fromDisk(from: number, isOver: () => boolean): AsyncGenerator<Request, void, undefined> {
    // In the same turn: what comes from now on is kept again.
    this.#keeping = true;
    let position = from;
    const to = this.#pieces[0]?.at ?? this.#source.length();
    for await (const bytes of this.#source.read(position, to)) {
      if (isOver()) return;
      position += bytes.length;
      this.#moved(position);
      yield { part: { $case: 'chunk', value: chunkOf(bytes, this.#parts.crc32) } };
      if (isOver()) return;
    }
  }
}
