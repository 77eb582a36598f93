/** What waits to be sent to one node: small messages first, appends within a window. */
import { BoundedQueue } from '@skerry/kernel';
import { bulkCountMax, bulkWindowMaxBytes, frameBulkMaxBytes, smallCountMax } from './limits.ts';
import { bulkWeightBytes, recordsSizeBytes } from './records.ts';
import type { LinkMessage, RecordAppend } from './types.ts';

/** What a small message counts, in bytes, more or less as on the wire. */
const smallSizeBytes = 32;

// An empty one too: it must not overtake those before it.
const isBulk = (message: LinkMessage): message is LinkMessage & { readonly body: RecordAppend } =>
  message.body.kind === 'append';

type Waiting = { readonly message: LinkMessage; readonly sizeBytes: number };

export class SendQueue {
  readonly #bulkMaxBytes: number;
  readonly #small = new BoundedQueue<LinkMessage>(smallCountMax);
  readonly #bulk = new BoundedQueue<Waiting>(bulkCountMax);
  #bulkBytes = 0;

  constructor(bulkMaxBytes: number) {
    this.#bulkMaxBytes = bulkMaxBytes;
  }
  get sizeBytes(): number {
    return this.#small.length * smallSizeBytes + this.#bulkBytes;
  }
  get hasBulk(): boolean {
    return this.#bulk.length > 0;
  }
  get isEmpty(): boolean {
    return this.#small.length === 0 && this.#bulk.length === 0;
  }
  /** False: full. One append more than the limit in bytes passes. */
  offer(message: LinkMessage): boolean {
    if (!isBulk(message)) return this.#small.offer(message);
    if (this.#bulkBytes >= this.#bulkMaxBytes) return false;
    const sizeBytes = bulkWeightBytes(recordsSizeBytes(message.body.entries));
    if (!this.#bulk.offer({ message, sizeBytes })) return false;
    this.#bulkBytes += sizeBytes;
    return true;
  }
  /**
   * What goes into one frame: all small messages, then appends as far as frame and window allow.
   * @param underWayBytes appends sent and not yet taken in by the other side
   */
  take(underWayBytes: number): { readonly messages: readonly LinkMessage[]; readonly bulkBytes: number } {
    const messages: LinkMessage[] = [];
    for (let small = this.#small.poll(); small !== undefined; small = this.#small.poll()) messages.push(small);
    let bulkBytes = 0;
    while (bulkBytes < frameBulkMaxBytes && underWayBytes + bulkBytes < bulkWindowMaxBytes) {
      const next = this.#bulk.poll();
      if (next === undefined) break;
      messages.push(next.message);
      bulkBytes += next.sizeBytes;
    }
    this.#bulkBytes -= bulkBytes;
    return { messages, bulkBytes };
  }
  /** Drops all; how many. */
  clear(): number {
    const count = this.#small.length + this.#bulk.length;
    this.#small.clear();
    this.#bulk.clear();
    this.#bulkBytes = 0;
    return count;
  }
}
