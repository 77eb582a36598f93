/** What one stream's operations gave, on its way back: what came in one turn of the event loop goes together. */
import type { group as wire } from '@skerry/proto';
import { giveUp } from '@skerry/runtime-rpc';
import { Channel } from '@skerry/runtime-driver';
import { batchCountMax, streamOperationCountMax } from './limits.ts';

type Step = IteratorResult<wire.OperateResponse, undefined>;

/** Read once, to the end or to {@link Answers.return}. */
export class Answers implements AsyncIterableIterator<wire.OperateResponse, undefined> {
  readonly #batches = new Channel<wire.OperateResponse>({ capacity: streamOperationCountMax });
  readonly #over: () => void;
  /** Waits to be taken, and takes more until then. */
  #open: wire.OperateResponse | undefined;
  #underWay = 0;
  #room: (() => void) | undefined;

  /** @param over the reader stopped, or came to the end. */
  constructor(over: () => void) {
    this.#over = over;
  }
  /** So many more operations began. */
  expect(count: number): void {
    this.#underWay += count;
  }
  add(outcome: wire.Outcome): void {
    this.#underWay -= 1;
    if (this.#underWay < streamOperationCountMax / 2) this.#room?.();
    if (this.#batches.closed) return;
    if (this.#open !== undefined && this.#open.outcomes.length < batchCountMax) {
      this.#open.outcomes.push(outcome);
      return;
    }
    this.#open = { header: undefined, outcomes: [outcome] };
    // There is room: no more operations are under way than it holds.
    this.#batches.offer(this.#open);
  }
  /** Undefined, or a promise that resolves when more may be begun. */
  room(): Promise<void> | undefined {
    if (this.#underWay < streamOperationCountMax) return undefined;
    return new Promise((resolve) => (this.#room = resolve));
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
  next(): Promise<Step> {
    return this.#batches.next().then(this.#taken, this.#failed);
  }
  /** Nobody reads any more. */
  return(): Promise<Step> {
    this.#batches.cancel();
    this.#room?.();
    this.#over();
    return Promise.resolve({ done: true, value: undefined });
  }
  // Only now: what came while the reader was woken goes with it.
  readonly #taken = (step: Step): Step => {
    if (step.done === true) this.#over();
    else {
      if (step.value === this.#open) this.#open = undefined;
      giveUp(step.value);
    }
    return step;
  };
  readonly #failed = (thrown: unknown): never => {
    this.#room?.();
    this.#over();
    throw thrown;
  };
  end(): void {
    this.#batches.end();
  }
  fail(thrown: unknown): void {
    this.#batches.fail(thrown);
  }
}
