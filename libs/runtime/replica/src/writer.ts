/** The machine's writes on their way to the disk: in order, many at a time, watched for a disk that hangs. */
import type { Message, Write } from '@skerry/cluster-raft';
import type { RecordEntry, StatusError } from '@skerry/kernel';
import type { RaftLog } from '@skerry/runtime-raft-log';
import { writePendingMaxBytes } from './limits.ts';

export type WriterHost = {
  log(): RaftLog;
  /** All writes up to this one are on disk. */
  persisted(sequence: number): void;
  /** The log is replaced by a snapshot's mark: its state must take the place of this one. */
  replaced(write: Write): Promise<void>;
  /** The log takes nothing more. */
  refused(error: StatusError, log: RaftLog): void;
  now(): number;
};

type Unfinished = { readonly sinceTick: number };

export class Writer {
  readonly #host: WriterHost;
  readonly #unfinished = new Map<number, Unfinished>();
  /** Bytes of the appends that came from the leader: written as they are. */
  #received = new Map<number, RecordEntry>();
  #last = 0;
  #told = 0;
  #durable = 0;
  #room: (() => void)[] = [];

  constructor(host: WriterHost) {
    this.#host = host;
  }
  /** While the machine takes in this message. */
  during(message: Message, step: () => void): void {
    if (message.body.kind === 'append')
      for (const entry of message.body.entries)
        if ('record' in entry) this.#received.set(entry.index, entry as RecordEntry);
    step();
    if (this.#received.size > 0) this.#received = new Map();
  }
  write(write: Write): void {
    const log = this.#host.log();
    const { sequence, hardState, truncateFrom, snapshot } = write;
    const entries = write.entries.map((entry) => {
      const received = this.#received.get(entry.index);
      return received?.body === entry.body ? received : entry;
    });
    this.#last = sequence;
    this.#unfinished.set(sequence, { sinceTick: this.#host.now() });
    log
      .write({ hardState, truncateFrom, snapshot, entries })
      .then(() => (snapshot === undefined ? undefined : this.#host.replaced(write)))
      .then(
        () => this.#done(sequence),
        (error: StatusError) => this.#host.refused(error, log),
      );
  }
  /** Those of one sync are told as one. */
  #done(sequence: number): void {
    this.#unfinished.delete(sequence);
    // One that took longer holds back those behind it.
    const [oldest = this.#last + 1] = this.#unfinished.keys();
    if (oldest - 1 <= this.#durable) return;
    this.#durable = oldest - 1;
    queueMicrotask(() => this.#tell());
  }
  #tell(): void {
    if (this.#told >= this.#durable) return;
    this.#told = this.#durable;
    this.#host.persisted(this.#durable);
    if (this.#room.length > 0 && this.#host.log().pendingBytes < writePendingMaxBytes)
      for (const resolve of this.#room.splice(0)) resolve();
  }
  /** Undefined, or a promise that resolves when the disk has caught up: no more is taken from a leader before. */
  room(): Promise<void> | undefined {
    if (this.#host.log().pendingBytes < writePendingMaxBytes) return undefined;
    return new Promise((resolve) => this.#room.push(resolve));
  }
  /** Ticks since the oldest write that is not on disk began. */
  waitedTicks(now: number): number {
    const [oldest] = this.#unfinished.values();
    return oldest === undefined ? 0 : now - oldest.sinceTick;
  }
  /** A new machine counts from the start. */
  reset(): void {
    this.#unfinished.clear();
    this.#last = 0;
    this.#durable = 0;
    this.#told = 0;
    for (const resolve of this.#room.splice(0)) resolve();
  }
}
