/** The state as it was at one index, on its way to followers that are too far behind for the log. */
import type { SnapshotMark } from '@skerry/cluster-raft';
import {
  type GroupId,
  type NodeId,
  type OrderedReader,
  type OrderedView,
  StatusError,
  toStatusError,
} from '@skerry/kernel';
import type { OutgoingSnapshot, RaftLinks } from '@skerry/runtime-raft-links';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Clock, Timer } from '@skerry/runtime-world';
import { snapshotChunkBytes, snapshotKeepMs } from './limits.ts';
import { readApplied } from './meta.ts';
import { ChunkWriter, encodeHead } from './snapshot-format.ts';

/** Where a chunk begins: at a row, and how much of its value went before. */
type Place = { readonly key: Uint8Array; readonly at: number };

/** The chunks of a state; the place of each is kept, so that a transfer goes on where it was cut. */
export class StateChunks {
  readonly #state: OrderedReader;
  readonly #head: Uint8Array;
  readonly #places: Place[] = [{ key: new Uint8Array(0), at: 0 }];
  constructor(state: OrderedReader, head: Uint8Array) {
    this.#state = state;
    this.#head = head;
  }
  async *from(wanted: number): AsyncGenerator<Uint8Array> {
    let number = Math.min(wanted, this.#places.length - 1);
    for (let place = this.#places[number]; place !== undefined; place = this.#places[number]) {
      const { chunk, next } = this.#build(place, number === 0);
      if (next !== undefined) this.#places[number + 1] = next;
      if (number >= wanted) yield chunk;
      number += 1;
      if (next === undefined) return;
    }
  }
  #build(place: Place, first: boolean): { readonly chunk: Uint8Array; readonly next: Place | undefined } {
    const writer = new ChunkWriter(snapshotChunkBytes, first ? this.#head : undefined);
    let { at } = place;
    for (const [key, value] of this.#state.range({ from: place.key })) {
      const added = writer.add([key, value], at);
      if (added.full) return { chunk: writer.take(), next: { key: key.slice(), at: added.at } };
      at = 0;
    }
    return { chunk: writer.take(), next: undefined };
  }
}

export type SnapshotSource = {
  readonly group: GroupId;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly links: RaftLinks;
  openView(): Promise<OrderedView>;
  stateIn(view: OrderedView): OrderedReader;
  /** Of the state applied up to there; undefined when the log does not know it any more. */
  markAt(index: number): SnapshotMark | undefined;
  /** Who sends it: this node's life and term. */
  envelope(): { readonly fromIncarnation: number; readonly term: OutgoingSnapshot['term'] };
  /** The first entry that the log still has: an older snapshot is of no use. */
  firstIndex(): number;
  sent(to: NodeId, ok: boolean): void;
};

/** A view that is open as long as somebody reads it, or may. */
class Kept {
  readonly mark: SnapshotMark;
  readonly chunks: StateChunks;
  readonly #view: OrderedView;
  #users = 0;
  /** Nobody new takes it. */
  #left = false;

  constructor(mark: SnapshotMark, view: OrderedView, chunks: StateChunks) {
    this.mark = mark;
    this.#view = view;
    this.chunks = chunks;
  }
  get isUsed(): boolean {
    return this.#users > 0;
  }
  use(): void {
    this.#users += 1;
  }
  giveBack(): void {
    this.#users -= 1;
    if (this.#left && this.#users === 0) this.#view.close();
  }
  /** Closed when its last reader is done. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    if (this.#users === 0) this.#view.close();
  }
}

export class SnapshotSender {
  readonly #source: SnapshotSource;
  readonly #sending = new Map<NodeId, AbortController>();
  readonly #streams = new Set<Promise<unknown>>();
  #kept: Promise<Kept> | undefined;
  #release: Timer | undefined;
  #closed = false;

  constructor(source: SnapshotSource) {
    this.#source = source;
  }
  /** To this node, unless one is on its way; `sent` is told the outcome. */
  send(to: NodeId): void {
    if (this.#sending.has(to) || this.#closed) return;
    const controller = new AbortController();
    this.#sending.set(to, controller);
    const { telemetry, group, sent, clock } = this.#source;
    const sinceMs = clock.monotonicMs();
    const stream = this.#stream(to, controller.signal)
      .then(
        (mark) => {
          const ms = Math.round(clock.monotonicMs() - sinceMs);
          telemetry.emit({ event: 'raft_snapshot_sent', group, to, index: mark.last.index, ms });
          return true;
        },
        (thrown: unknown) => {
          const error = toStatusError(thrown);
          if (error.reason !== 'cancelled')
            telemetry.emit({ event: 'raft_snapshot_not_sent', level: 'warn', group, to, error });
          return false;
        },
      )
      .then((ok) => {
        this.#sending.delete(to);
        if (!this.#closed) sent(to, ok);
      })
      .catch((thrown: unknown) => telemetry.emit({ event: 'raft_snapshot_not_sent', level: 'error', error: thrown }))
      .finally(() => this.#streams.delete(stream));
    this.#streams.add(stream);
  }
  /** To nobody any more: this node does not lead. */
  stop(): void {
    for (const controller of this.#sending.values()) controller.abort();
  }
  async close(): Promise<void> {
    this.#closed = true;
    this.stop();
    await this.#drop();
    // Those that read end first: the store that they read is closed next.
    await Promise.all(this.#streams);
  }

  async #stream(to: NodeId, signal: AbortSignal): Promise<SnapshotMark> {
    const kept = await this.#take();
    try {
      const { mark, chunks } = kept;
      const { group, links, envelope } = this.#source;
      const id = `${group}-${mark.last.index}-${mark.last.term}`;
      await links.sendSnapshot(to, { id, mark, ...envelope(), chunks: (number) => chunks.from(number) }, signal);
      return mark;
    } finally {
      kept.giveBack();
      if (!kept.isUsed) this.#releaseLater();
    }
  }
  /** One view for all that need a snapshot at a time, as long as the log goes on from it. */
  async #take(): Promise<Kept> {
    for (;;) {
      const opening = (this.#kept ??= this.#openAnew());
      const kept = await opening;
      // Another one took its place meanwhile.
      if (this.#kept !== opening) continue;
      if (kept.mark.last.index + 1 >= this.#source.firstIndex()) {
        this.#release?.cancel();
        kept.use();
        return kept;
      }
      this.#kept = undefined;
      kept.leave();
    }
  }
  #releaseLater(): void {
    const kept = this.#kept;
    this.#release?.cancel();
    this.#release = this.#source.clock.setTimer(snapshotKeepMs, () => {
      // Who takes it cancels this.
      if (this.#kept === kept) void this.#drop();
    });
  }
  /** One that could not be opened is not kept: who comes next tries again. */
  #openAnew(): Promise<Kept> {
    const opening = this.#open();
    opening.catch(() => {
      if (this.#kept === opening) this.#kept = undefined;
    });
    return opening;
  }
  async #open(): Promise<Kept> {
    const { openView, stateIn, markAt, group } = this.#source;
    const view = await openView();
    const { index, time } = readApplied(view);
    const mark = markAt(index);
    if (mark === undefined || this.#closed) {
      view.close();
      throw new StatusError(
        'cancelled',
        `Cannot send a snapshot of group "${group}" at ${index}: the log has moved on`,
      );
    }
    return new Kept(mark, view, new StateChunks(stateIn(view), encodeHead(time)));
  }
  async #drop(): Promise<void> {
    const kept = this.#kept;
    this.#release?.cancel();
    this.#kept = undefined;
    // One that could not be opened has told whoever asked.
    (await kept?.catch(() => undefined))?.leave();
  }
}
