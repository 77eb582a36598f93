/** Cuts the log below what the store has on disk, and what followers that answer still need. */
import type { SnapshotMark } from '@skerry/cluster-raft';
import { type GroupId, LogIndex, toStatusError } from '@skerry/kernel';
import type { RaftLog } from '@skerry/runtime-raft-log';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { isPassing } from './applying.ts';

export type CheckpointHost = {
  readonly group: GroupId;
  readonly telemetry: Telemetry;
  readonly bytes: number;
  readonly keepCountMax: number;
  log(): RaftLog;
  appliedIndex(): LogIndex;
  /** The least index that each of the others has which were heard of lately. */
  slowestMatch(): number;
  /** What `perform` put outside the store, then the store itself. */
  flush(): Promise<void>;
  markAt(index: number): SnapshotMark | undefined;
  cut(index: LogIndex): void;
  fail(thrown: unknown): void;
};

/** At a close the log is cut when so much of what calls for it was logged. */
const closeShare = 4;

export class Checkpoints {
  readonly #host: CheckpointHost;
  #loggedBytes = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(host: CheckpointHost) {
    this.#host = host;
  }
  logged(sizeBytes: number): void {
    this.#loggedBytes += sizeBytes;
    if (this.#loggedBytes < this.#host.bytes || this.#closed) return;
    this.#loggedBytes = 0;
    void this.take(false);
  }
  /** @param all also what a slow follower needs: it gets a snapshot. Tried again after as much more was logged. */
  take(all: boolean): Promise<void> {
    this.#running ??= this.#take(all).finally(() => (this.#running = undefined));
    return this.#running;
  }
  async #take(all: boolean): Promise<void> {
    const host = this.#host;
    try {
      const applied = host.appliedIndex();
      await host.flush();
      const kept = Math.max(Math.min(applied, host.slowestMatch()), applied - host.keepCountMax);
      const index = LogIndex(Math.max(0, all ? applied : kept));
      const mark = host.markAt(index);
      if (mark === undefined || index < host.log().snapshot.last.index) return;
      await host.log().compact(mark);
      host.cut(index);
    } catch (thrown) {
      this.#refused(thrown);
    }
  }
  /** The state is durable when it resolves; a log that would take long to read at the next start is cut. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    if (this.#loggedBytes >= this.#host.bytes / closeShare) return this.take(false);
    try {
      await this.#host.flush();
    } catch (thrown) {
      this.#refused(thrown);
    }
  }
  #refused(thrown: unknown): void {
    const error = toStatusError(thrown);
    const { telemetry, group, fail } = this.#host;
    if (isPassing(error)) telemetry.emit({ event: 'checkpoint_failed', level: 'warn', group, error });
    else fail(error);
  }
}
