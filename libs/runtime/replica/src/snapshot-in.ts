/** A snapshot that a leader sends: into the place that is not in use, chunk by chunk, durable before it counts. */
import { concatBytes, type GroupId, type OrderedStore, StatusError } from '@skerry/kernel';
import type { SnapshotOffer } from '@skerry/runtime-raft-links';
import type { SnapshotMark } from '@skerry/cluster-raft';
import type { Applier } from './apply.ts';
import { clearRowsMax, snapshotFlushBytes } from './limits.ts';
import { type Incoming, readIncoming, writeApplied, writeIncoming } from './meta.ts';
import { decodeChunk } from './snapshot-format.ts';
import type { Slots } from './slots.ts';

export class SnapshotReceiver<Effect> {
  readonly #group: GroupId;
  readonly #store: OrderedStore;
  readonly #slots: Slots;
  readonly #applier: Applier<Effect>;
  #incoming: Incoming | undefined;
  #unflushedBytes = 0;
  /** What came before is on its way to the disk. */
  #flushing: Promise<void> = Promise.resolve();
  /** What the other place holds is of no use, and is on its way out. */
  #clearing: Promise<void> | undefined;
  #closed = false;

  constructor(group: GroupId, store: OrderedStore, slots: Slots, applier: Applier<Effect>) {
    this.#group = group;
    this.#store = store;
    this.#slots = slots;
    this.#applier = applier;
    this.#incoming = readIncoming(store);
  }
  /** The mark of what is here, whole and durable. */
  get whole(): SnapshotMark | undefined {
    return this.#incoming?.whole === true ? this.#incoming.mark : undefined;
  }

  async begin({ id, mark }: SnapshotOffer): Promise<{ readonly nextChunk: number } | undefined> {
    if (this.#closed || mark.last.index <= this.#applier.index) return undefined;
    if (this.#incoming?.id === id) return { nextChunk: this.#incoming.nextChunk };
    this.#set(undefined);
    await this.clear();
    // Another offer came while rows were removed.
    if (this.#incoming !== undefined || this.#closed || mark.last.index <= this.#applier.index) return undefined;
    this.#set({ id, mark, nextChunk: 0, whole: false, time: this.#applier.time });
    return { nextChunk: 0 };
  }
  #set(incoming: Incoming | undefined): void {
    this.#store.transaction((writer) => writeIncoming(writer, incoming));
    this.#incoming = incoming;
  }
  #expect(id: string): Incoming {
    if (this.#incoming?.id === id && !this.#closed) return this.#incoming;
    throw new StatusError(
      'fenced',
      `Cannot take in snapshot "${id}" of group "${this.#group}": another took its place`,
    );
  }

  async chunk(id: string, number: number, bytes: Uint8Array): Promise<void> {
    const incoming = this.#expect(id);
    if (number < incoming.nextChunk) return;
    if (number > incoming.nextChunk || incoming.whole)
      throw new StatusError(
        'malformed',
        `Cannot take in chunk ${number} of snapshot "${id}": wanted ${incoming.nextChunk}`,
      );
    const { time = incoming.time, pieces } = decodeChunk(bytes, number === 0);
    const next = { ...incoming, time, nextChunk: number + 1 };
    this.#store.transaction((writer) => {
      const other = this.#slots.otherWriter(writer);
      for (const { key, value, continues } of pieces)
        other.put(key, continues ? concatBytes([other.get(key) ?? new Uint8Array(0), value]) : value);
      writeIncoming(writer, next);
    });
    this.#incoming = next;
    this.#unflushedBytes += bytes.length;
    if (this.#unflushedBytes < snapshotFlushBytes) return;
    this.#unflushedBytes = 0;
    // What comes next is taken in meanwhile: a crash loses the rows and the count of chunks alike.
    await this.#flushing;
    this.#flushing = this.#store.flush();
    // Whoever comes next is told.
    this.#flushing.catch(() => undefined);
  }
  async end(id: string, chunkCount: number): Promise<SnapshotMark> {
    const incoming = this.#expect(id);
    if (incoming.nextChunk !== chunkCount)
      throw new StatusError(
        'malformed',
        `Cannot take in snapshot "${id}": it ends after ${chunkCount} chunks, and ${incoming.nextChunk} came`,
      );
    this.#set({ ...incoming, whole: true });
    await this.#store.flush();
    this.#expect(id);
    return incoming.mark;
  }

  /**
   * What came takes the place of the state, at once; durable with the next flush, and found again without. The log
   * begins behind it by then.
   */
  install(mark: SnapshotMark): void {
    const incoming = this.#incoming;
    const { index, term } = mark.last;
    if (incoming?.whole !== true || incoming.mark.last.index !== index || incoming.mark.last.term !== term)
      throw new StatusError(
        'corrupt',
        `Cannot install the snapshot of group "${this.#group}" at ${index}: its state is not here`,
      );
    this.#store.transaction((writer) => {
      this.#slots.switch(writer);
      writeApplied(writer, { index, time: incoming.time });
      writeIncoming(writer, undefined);
    });
    this.#incoming = undefined;
    this.#applier.reload();
  }
  /** Removes what the other place holds, in parts. */
  clear(): Promise<void> {
    this.#clearing ??= this.#clearAll().finally(() => (this.#clearing = undefined));
    return this.#clearing;
  }
  async #clearAll(): Promise<void> {
    while (!this.#closed && this.#incoming === undefined && this.#slots.clearOther(clearRowsMax))
      await this.#store.flush();
  }
  async close(): Promise<void> {
    this.#closed = true;
    await this.#clearing;
  }
}
