/** What one stream's operations gave, on its way back: what came in one turn of the event loop goes together. */
import type { group as wire } from '@skerry/proto';
import { Channel } from '@skerry/runtime-driver';
import { batchCountMax, streamOperationCountMax } from './limits.ts';

export class Answers {
  readonly #batches = new Channel<wire.Outcome[]>({ capacity: streamOperationCountMax });
  /** Waits to be taken, and takes more until then. */
  #open: wire.Outcome[] | undefined;
  #underWay = 0;
  #room: (() => void) | undefined;

  /** So many more operations began. */
  expect(count: number): void {
    this.#underWay += count;
  }
  add(outcome: wire.Outcome): void {
    this.#underWay -= 1;
    if (this.#underWay < streamOperationCountMax / 2) this.#room?.();
    if (this.#batches.closed) return;
    if (this.#open !== undefined && this.#open.length < batchCountMax) {
      this.#open.push(outcome);
      return;
    }
    this.#open = [outcome];
    // There is room: no more operations are under way than it holds.
    this.#batches.offer(this.#open);
  }
  /** Undefined, or a promise that resolves when more may be begun. */
  room(): Promise<void> | undefined {
    if (this.#underWay < streamOperationCountMax) return undefined;
    return new Promise((resolve) => (this.#room = resolve));
  }
  async *batches(): AsyncGenerator<wire.Outcome[], void> {
    for await (const batch of this.#batches) {
      if (batch === this.#open) this.#open = undefined;
      yield batch;
    }
  }
  end(): void {
    this.#batches.end();
  }
  fail(thrown: unknown): void {
    this.#batches.fail(thrown);
  }
  /** Nobody reads any more. */
  close(): void {
    this.#batches.cancel();
    this.#room?.();
  }
}
