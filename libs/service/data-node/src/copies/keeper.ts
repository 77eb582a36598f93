/** Sees to it that this node holds what its state names, all of it and sound, and nothing else. */
import { type BlobId, type StatusError, toStatusError } from '@skerry/kernel';
import { type Extent, isDead, isReferenced } from '@skerry/domain-file-tree';
import { pause } from '@skerry/runtime-world';
import type { Fetcher, FetcherParts } from './fetcher.ts';
import { compareAgainMs, orphanBatchCount, orphanPauseMs, orphanRetryMs, scrubPauseMs } from './limits.ts';
import type { Throttle } from './throttle.ts';
import { walkContent } from './walk.ts';

export type KeeperParts = Omit<FetcherParts, 'throttle' | 'overflowed'> & {
  readonly fetcher: Fetcher;
  readonly scrubThrottle: Throttle;
  /** Marks them dead in the log, here or at the leader: what is named, or being written, is spared. */
  forget(blobs: readonly BlobId[]): Promise<number>;
};

export class Keeper {
  readonly #parts: KeeperParts;
  readonly #closing = new AbortController();
  #comparing: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  #loops: readonly Promise<void>[] = [];
  /** Aborted when there may be new orphans. */
  #news = new AbortController();
  #started = false;
  #compared = false;
  #comparesLater = false;
  #damagedCount = 0;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }
  /** Whether all that is missing was found since the start, or the last snapshot. */
  get compared(): boolean {
    return this.#compared;
  }
  get damagedCount(): number {
    return this.#damagedCount;
  }

  start(): void {
    this.#started = true;
    this.compare();
    this.#loops = [this.#forgetForGood(), this.#scrubForGood()];
  }

  /** State and disk, from the beginning: after a start, a snapshot, or when more was missing than could be kept in mind. */
  compare(): void {
    if (!this.#started || this.#closing.signal.aborted) return;
    this.#compared = false;
    const before = this.#comparing;
    before?.abort.abort();
    const abort = new AbortController();
    const done = (before?.done ?? Promise.resolve()).then(() => this.#compare(abort.signal));
    this.#comparing = { abort, done };
  }
  /** More is missing than the fetcher keeps in mind: what it forgot is found again later. */
  overflowed(): void {
    this.#compareLater();
  }
  #compareLater(): void {
    this.#compared = false;
    if (this.#comparesLater) return;
    this.#comparesLater = true;
    void pause(this.#parts.clock, compareAgainMs, this.#closing.signal).then(() => {
      this.#comparesLater = false;
      this.compare();
    });
  }
  async #compare(signal: AbortSignal): Promise<void> {
    const { members, telemetry } = this.#parts;
    if (members.alone) {
      this.#compared = true;
      return;
    }
    try {
      const isWhole = await this.#walk((extent) => this.#needIfMissing(extent), signal);
      if (isWhole) this.#forgetSmall();
      this.#compared = isWhole && !this.#comparesLater;
      // What a snapshot names no more.
      this.#news.abort();
    } catch (thrown) {
      if (signal.aborted) return;
      telemetry.emit({ event: 'copies_not_compared', level: 'warn', error: toStatusError(thrown) });
      this.#compareLater();
    }
  }
  #walk(visit: (extent: Extent) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const { clock, replica } = this.#parts;
    return walkContent({ clock, state: () => replica().state }, visit, signal);
  }
  async #needIfMissing({ blob, offset, length }: Extent): Promise<void> {
    const { shelf, fetcher } = this.#parts;
    const held = await shelf.held(blob);
    if ((held?.lengthBytes ?? 0) < offset + length) fetcher.need(blob, offset + length);
  }
  /** Small content came with records that were applied: what nothing names was forgotten, perhaps by a snapshot. */
  #forgetSmall(): void {
    const { shelf, replica } = this.#parts;
    for (const blob of shelf.blobs.listSmall()) if (!isReferenced(replica().state, blob)) shelf.drop(blob);
  }

  /** A read failed: what is missing is fetched, what is damaged is set aside before. */
  async lacking(blob: BlobId, end: number, error: StatusError): Promise<void> {
    const { shelf, fetcher, telemetry } = this.#parts;
    const held = await shelf.held(blob);
    const isDamaged =
      error.reason === 'corrupt' && held !== undefined && (held.lengthBytes >= end || held.kind !== 'stage');
    if (isDamaged && held.kind !== 'writing') {
      this.#damagedCount += 1;
      telemetry.emit({ event: 'copy_damaged', level: 'error', blob, error, message: error.message });
      await shelf.setAside(blob, held);
    }
    fetcher.need(blob, end);
  }

  async #scrubForGood(): Promise<void> {
    const { clock, members, telemetry } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#comparing?.done;
      let pauseMs = scrubPauseMs;
      try {
        if (members.alone) pauseMs = compareAgainMs;
        else {
          // At a start, what was decided may not be in the state yet.
          await this.#parts.replica().readBarrier();
          if (await this.#walk((extent) => this.#verify(extent, signal), signal))
            telemetry.emit({ event: 'scrub_done', damaged: this.#damagedCount });
        }
      } catch (thrown) {
        const error = toStatusError(thrown);
        if (error.retryable) pauseMs = orphanRetryMs;
        else telemetry.emit({ event: 'scrub_failed', level: 'warn', error });
      }
      await pause(clock, pauseMs, signal);
    }
  }
  async #verify({ blob, offset, length }: Extent, signal: AbortSignal): Promise<void> {
    const { shelf, scrubThrottle } = this.#parts;
    const held = await shelf.held(blob);
    // What is missing is being fetched.
    if (held === undefined || held.kind === 'writing' || held.lengthBytes < offset + length) return;
    try {
      for await (const bytes of shelf.blobs.read(blob, { offset, length })) {
        await scrubThrottle.take(bytes.length, signal);
        if (signal.aborted) return;
      }
    } catch (thrown) {
      const error = toStatusError(thrown);
      if (error.reason !== 'corrupt') {
        if (error.reason !== 'no_such_entry') throw thrown;
        return;
      }
      if (isReferenced(this.#parts.replica().state, blob)) await this.lacking(blob, offset + length, error);
    }
  }

  async #forgetForGood(): Promise<void> {
    const { clock, members, telemetry } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#news = new AbortController();
      let pauseMs = orphanRetryMs;
      try {
        await this.#comparing?.done;
        if (members.alone || members.leader !== undefined) {
          if (!members.alone) await this.#forgetOrphans();
          pauseMs = orphanPauseMs;
        }
      } catch (thrown) {
        const error = toStatusError(thrown);
        if (!error.retryable) telemetry.emit({ event: 'orphans_not_forgotten', level: 'warn', error });
      }
      await pause(clock, pauseMs, this.#news.signal);
    }
  }
  /** Nothing goes that an upload writes or the log may still name: the log itself decides. */
  async #forgetOrphans(): Promise<void> {
    const { shelf, replica, forget, telemetry } = this.#parts;
    await replica().readBarrier();
    const orphans: BlobId[] = [];
    let count = 0;
    const flush = async (): Promise<void> => {
      if (orphans.length > 0) count += await forget(orphans.splice(0));
    };
    for await (const { id } of shelf.blobs.list()) {
      const { state } = replica();
      if (isReferenced(state, id) || shelf.isClaimed(id)) continue;
      if (isDead(state, id)) {
        shelf.drop(id);
        continue;
      }
      orphans.push(id);
      if (orphans.length === orphanBatchCount) await flush();
    }
    await flush();
    if (count > 0) telemetry.emit({ event: 'orphans_forgotten', count });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#news.abort();
    this.#comparing?.abort.abort();
    await this.#comparing?.done;
    await Promise.all(this.#loops);
  }
}
