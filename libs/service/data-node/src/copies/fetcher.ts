/** Gets what the state names and this node lacks: a few at a time, throttled, from whoever has it. */
import { type BlobId, concatBytes, type NodeId, StatusError, toStatusError } from '@skerry/kernel';
import { isReferenced } from '@skerry/domain-file-tree';
import type { Held } from '@skerry/runtime-blobs';
import type { Replica } from '@skerry/runtime-replica';
import type { ChunkChecksums } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Clock, Timer } from '@skerry/runtime-world';
import { untilAborted } from '../cuttable.ts';
import { type Fetched, fetchFrom } from './fetch.ts';
import { fetchCountMax, fetchRetryMaxMs, fetchRetryMinMs, needCountMax } from './limits.ts';
import type { Members } from './members.ts';
import type { Claim, Shelf } from './shelf.ts';
import type { Throttle } from './throttle.ts';

export type FetcherParts = {
  readonly clock: Clock;
  readonly checksums: ChunkChecksums;
  readonly telemetry: Pick<Telemetry, 'emit'>;
  readonly members: Members;
  readonly shelf: Shelf;
  readonly replica: () => Replica;
  readonly throttle: Throttle;
  /** More is missing than is kept in mind. */
  overflowed(): void;
};
type Need = { length: number; failures: number; notBeforeMs: number; running: boolean };
export type FetchStatus = {
  readonly missing: number;
  readonly fetching: readonly { readonly blob: BlobId; readonly doneBytes: number; readonly bytes: number }[];
  readonly fetchedBytes: number;
  readonly fetchedCount: number;
};

export class Fetcher {
  readonly #parts: FetcherParts;
  readonly #needs = new Map<BlobId, Need>();
  readonly #progress = new Map<BlobId, { doneBytes: number; bytes: number }>();
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #fetchedBytes = 0;
  #fetchedCount = 0;
  #started = false;
  /** For the next need whose pause is over. */
  #alarm: { readonly dueMs: number; readonly timer: Timer } | undefined;

  constructor(parts: FetcherParts) {
    this.#parts = parts;
  }
  get status(): FetchStatus {
    const fetching = [...this.#progress].map(([blob, { doneBytes, bytes }]) => ({ blob, doneBytes, bytes }));
    const [fetchedBytes, fetchedCount] = [this.#fetchedBytes, this.#fetchedCount];
    return { missing: this.missing, fetching, fetchedBytes, fetchedCount };
  }
  get missing(): number {
    return this.#needs.size;
  }

  /** Of those, blobs of which this node really has too little on disk: what is coming in may be there already. */
  async lacking(): Promise<{ readonly count: number; readonly bytes: number }> {
    let [count, bytes] = [0, 0];
    for (const [blob, { length }] of this.#needs) {
      if (!isReferenced(this.#parts.shelf.state, blob)) continue;
      const held = await this.#parts.shelf.held(blob);
      const rest = length - Math.max(held?.lengthBytes ?? 0, this.#progress.get(blob)?.doneBytes ?? 0);
      if ((held?.lengthBytes ?? 0) < length) [count, bytes] = [count + 1, bytes + Math.max(0, rest)];
    }
    return { count, bytes };
  }

  start(): void {
    this.#started = true;
    this.wake();
  }
  /** The first `length` bytes of the blob are named: they are fetched if they are not here. */
  need(blob: BlobId, length: number): void {
    const known = this.#needs.get(blob);
    if (known !== undefined) known.length = Math.max(known.length, length);
    else if (this.#needs.size >= needCountMax) this.#parts.overflowed();
    else this.#needs.set(blob, { length, failures: 0, notBeforeMs: 0, running: false });
    this.wake();
  }
  forgotten(blob: BlobId): void {
    const need = this.#needs.get(blob);
    if (need?.running === false) this.#needs.delete(blob);
  }

  /** Something may be fetched that could not be before. */
  wake(): void {
    if (!this.#started || this.#closing.signal.aborted) return;
    // What is named in the transaction under way is seen after it.
    queueMicrotask(() => this.#begin());
  }
  #begin(): void {
    if (this.#closing.signal.aborted) return;
    const nowMs = this.#parts.clock.monotonicMs();
    let nextMs = Infinity;
    for (const [blob, need] of this.#needs) {
      if (this.#running.size >= fetchCountMax) return;
      if (need.running || this.#parts.shelf.isClaimed(blob)) continue;
      if (need.notBeforeMs > nowMs) nextMs = Math.min(nextMs, need.notBeforeMs);
      else this.#run(blob, need);
    }
    if (nextMs < Infinity) this.#wakeAt(nextMs, nowMs);
  }
  #wakeAt(dueMs: number, nowMs: number): void {
    // One that is nearer takes the place of one that is further.
    if (this.#alarm !== undefined && this.#alarm.dueMs <= dueMs) return;
    this.#alarm?.timer.cancel();
    const timer = this.#parts.clock.setTimer(dueMs - nowMs, () => {
      this.#alarm = undefined;
      this.wake();
    });
    this.#alarm = { dueMs, timer };
  }
  #run(blob: BlobId, need: Need): void {
    need.running = true;
    const { length } = need;
    const running = this.#ensure(blob, length)
      .catch((thrown: unknown) => this.#failed(blob, need, toStatusError(thrown)))
      .then((there) => {
        need.running = false;
        this.#progress.delete(blob);
        const { shelf } = this.#parts;
        // Forgotten while it was fetched: nobody waits for it any more.
        const isOver = (there === true && need.length <= length) || !isReferenced(shelf.state, blob);
        if (isOver) this.#needs.delete(blob);
        // An upload of this node writes it: its end is told to nobody.
        if (there === false && !shelf.isClaimed(blob))
          need.notBeforeMs = this.#parts.clock.monotonicMs() + fetchRetryMinMs;
        this.#running.delete(running);
        this.wake();
      });
    this.#running.add(running);
  }
  #failed(blob: BlobId, need: Need, error: StatusError): void {
    const { clock, telemetry } = this.#parts;
    need.failures += 1;
    need.notBeforeMs = clock.monotonicMs() + Math.min(fetchRetryMinMs * 2 ** (need.failures - 1), fetchRetryMaxMs);
    if (need.failures === 1 && !this.#closing.signal.aborted)
      telemetry.emit({ event: 'copy_not_fetched', level: 'warn', blob, error });
  }

  /** @returns false: somebody else writes it, or it grew meanwhile. */
  async #ensure(blob: BlobId, length: number): Promise<boolean> {
    const { shelf, members, telemetry } = this.#parts;
    if (!isReferenced(shelf.state, blob)) return true;
    const held = await shelf.held(blob);
    if (held !== undefined && held.lengthBytes >= length) return true;
    const claim = shelf.tryClaim(blob);
    if (claim === undefined || held?.kind === 'writing') return this.#later(claim);
    let failure = new StatusError('no_node', `Cannot fetch blob ${blob}: this node is alone`);
    try {
      // A final copy does not grow: one that is too short is damaged.
      if (held !== undefined && held.kind !== 'stage') await shelf.setAside(blob, held);
      for (const peer of members.others()) {
        if (claim.signal.aborted || this.#closing.signal.aborted) return false;
        try {
          const bytes = await this.#fetch(blob, length, peer, claim);
          await shelf.blobs.dropSetAside(blob);
          this.#fetchedCount += 1;
          telemetry.emit({ event: 'copy_fetched', blob, bytes, length, from: peer });
          return true;
        } catch (thrown) {
          failure = toStatusError(thrown);
        }
      }
    } finally {
      claim.release();
      shelf.dropIfDead(blob);
    }
    throw failure;
  }
  #later(claim: Claim | undefined): false {
    claim?.release();
    return false;
  }

  /** @returns the bytes that came. */
  async #fetch(blob: BlobId, length: number, peer: NodeId, claim: Claim): Promise<number> {
    const { shelf, members, checksums } = this.#parts;
    const client = members.client(peer);
    if (client === undefined)
      throw new StatusError('no_node', `Cannot fetch from node "${peer}": its address is not known`);
    // Anew for each node: another one may have given a part.
    const held = await shelf.held(blob);
    const offset = held?.lengthBytes ?? 0;
    const stop = new AbortController();
    const signals = [claim.signal, this.#closing.signal, stop.signal];
    const abort = (): void => stop.abort();
    for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
    // Before anybody listened.
    if (signals.some((signal) => signal.aborted)) abort();
    try {
      const fetched = await fetchFrom(client, { blob, offset, length: undefined }, checksums, stop.signal);
      if (fetched.source.length < length)
        throw new StatusError('no_such_entry', `Node "${peer}" has ${fetched.source.length} bytes of blob ${blob}`);
      const doing = { doneBytes: offset, bytes: fetched.source.length };
      this.#progress.set(blob, doing);
      const content = this.#paced(untilAborted(fetched.content, ...signals), doing, claim.signal);
      if (fetched.source.small) await this.#keepSmall(blob, content);
      else await this.#keepLarge(blob, held, fetched, content);
      return doing.doneBytes - offset;
    } finally {
      stop.abort();
      for (const signal of signals) signal.removeEventListener('abort', abort);
    }
  }
  async *#paced(
    content: AsyncIterable<Uint8Array>,
    doing: { doneBytes: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of content) {
      yield bytes;
      doing.doneBytes += bytes.length;
      this.#fetchedBytes += bytes.length;
      await this.#parts.throttle.take(bytes.length, signal);
    }
  }
  async #keepSmall(blob: BlobId, content: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const bytes of content) pieces.push(bytes);
    const { shelf, replica } = this.#parts;
    // In one turn: what is named now is not forgotten before it is kept.
    if (isReferenced(shelf.state, blob))
      replica().changeLocal((local) => shelf.blobs.putSmall(blob, concatBytes(pieces), local));
  }
  async #keepLarge(
    blob: BlobId,
    held: Held | undefined,
    { source }: Fetched,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { shelf } = this.#parts;
    const writer = await shelf.open(blob, held);
    let whole = false;
    try {
      for await (const bytes of content) await writer.write(bytes);
      if (writer.length !== source.length)
        throw new StatusError('corrupt', `Blob ${blob} ended at ${writer.length} of ${source.length} bytes`);
      if (source.published) await writer.publish();
      whole = source.published;
    } finally {
      if (!whole) await shelf.leave(writer);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new StatusError('shutting_down', 'Cannot go on with the copy: this node shuts down'));
    this.#alarm?.timer.cancel();
    await Promise.all(this.#running);
  }
}
