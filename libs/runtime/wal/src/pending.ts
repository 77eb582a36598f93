/** What waits for the disk: bounded, and taken out in groups that are written and synced together. */
import { StatusError } from '@skerry/kernel';
import { recordSizeMaxBytes } from './format.ts';
import { groupSizeMaxBytes, pendingBytesMax, pendingCountMax } from './types.ts';

/** Records that are written together or not at all. */
export type Pending = {
  readonly count: number;
  /** On disk, all of them. */
  readonly spaceBytes: number;
  /** The payload of each, by its position and its place among them, from 0. */
  readonly encode: (position: number, at: number) => Uint8Array;
  /** With the first one's position. */
  readonly resolve: (position: number) => void;
  readonly reject: (error: StatusError) => void;
};

export class PendingQueue {
  #queue: Pending[] = [];
  #bytes = 0;
  #count = 0;

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }
  /** Why so many more records are not taken; undefined when they are. */
  refusal(count: number, spaceBytes: number, largestBytes: number): StatusError | undefined {
    if (largestBytes > recordSizeMaxBytes)
      return new StatusError('too_large', `Cannot append ${largestBytes} bytes to log: limit ${recordSizeMaxBytes}`);
    if (this.#bytes + spaceBytes > pendingBytesMax || this.#count + count > pendingCountMax)
      return new StatusError(
        'overloaded',
        `Cannot append to log: ${this.#count} records with ${this.#bytes} bytes wait for the disk`,
      );
    return undefined;
  }
  push(pending: Pending): void {
    this.#queue.push(pending);
    this.#bytes += pending.spaceBytes;
    this.#count += pending.count;
  }
  /** The oldest ones, up to {@link groupSizeMaxBytes}, at least one. */
  takeGroup(): readonly Pending[] {
    let bytes = 0;
    let taken = 0;
    for (const { spaceBytes, count } of this.#queue) {
      if (taken > 0 && bytes + spaceBytes > groupSizeMaxBytes) break;
      bytes += spaceBytes;
      this.#count -= count;
      taken += 1;
    }
    this.#bytes -= bytes;
    return this.#queue.splice(0, taken);
  }
}
