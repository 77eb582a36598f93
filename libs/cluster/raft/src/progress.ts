/**
 * What a leader knows of one follower. Source: thesis §3.5, §10.2.1 (pipelining); the states are those of etcd's raft.
 *
 * `probe`: where the logs agree is not known; one append at a time. `replicate`: appends follow each other unanswered,
 * within a window of messages and bytes. `snapshot`: what it misses is cut off; the driver streams the state.
 */
import type { LogIndex } from '@skerry/kernel';

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

export class Progress {
  state: ProgressState = 'probe';
  /** All up to here is on the follower's disk. Never more than it acknowledged in this life. */
  match = 0 as LogIndex;
  /** First entry of the next append. */
  next: LogIndex;
  /** Probing: one append is on its way. */
  probing = false;
  /** Heard of since the last check of the quorum. */
  active = false;
  /** Highest heartbeat round that it answered. */
  round = 0;
  /** Tick at which that round was sent. */
  roundTick = -Infinity;
  /** It was sent a snapshot that it could have done without, and has acknowledged nothing new since: the log must do. */
  spared = false;
  /** Highest commit index that was sent with an append. */
  commitSent = 0 as LogIndex;
  /** Its removal is in the log at this index: it is told, and then forgotten, at the latest at that tick. */
  leaving: { readonly index: LogIndex; readonly untilTick: number } | undefined;
  #inflight: { readonly last: LogIndex; readonly sizeBytes: number }[] = [];
  #inflightBytes = 0;

  constructor(next: LogIndex) {
    this.next = next;
  }

  sent(last: LogIndex, sizeBytes: number): void {
    this.next = (last + 1) as LogIndex;
    this.#inflight.push({ last, sizeBytes });
    this.#inflightBytes += sizeBytes;
  }
  isFull(countMax: number, sizeMaxBytes: number): boolean {
    return this.#inflight.length >= countMax || this.#inflightBytes >= sizeMaxBytes;
  }
  /** True when `index` is news. */
  acknowledged(index: LogIndex): boolean {
    let released = 0;
    for (const { last, sizeBytes } of this.#inflight) {
      if (last > index) break;
      this.#inflightBytes -= sizeBytes;
      released += 1;
    }
    this.#inflight.splice(0, released);
    this.probing = false;
    if (index <= this.match) return false;
    // What is found out while probing is no answer to the log that followed.
    if (this.state !== 'probe') this.spared = false;
    this.match = index;
    if (this.next <= index) this.next = (index + 1) as LogIndex;
    return true;
  }
  /** Nothing on the way counts any more: what is missing is found out from `next`. */
  probeFrom(next: number): void {
    this.state = 'probe';
    this.next = Math.max(next, this.match + 1) as LogIndex;
    this.probing = false;
    this.#release();
  }
  replicate(): void {
    this.state = 'replicate';
    this.next = (this.match + 1) as LogIndex;
    this.probing = false;
    this.#release();
  }
  awaitSnapshot(): void {
    this.state = 'snapshot';
    this.#release();
  }
  /** Another life of the follower: what an earlier one acknowledged may be on a lost disk. */
  restart(lastIndex: LogIndex): void {
    this.match = 0 as LogIndex;
    this.round = 0;
    this.roundTick = -Infinity;
    this.commitSent = 0 as LogIndex;
    this.spared = false;
    this.probeFrom(lastIndex + 1);
  }
  /** A slot for one more message, though the window is full: its answers may all be lost. */
  releaseFirst(): void {
    const first = this.#inflight.shift();
    if (first !== undefined) this.#inflightBytes -= first.sizeBytes;
  }
  #release(): void {
    this.#inflight = [];
    this.#inflightBytes = 0;
  }
}
