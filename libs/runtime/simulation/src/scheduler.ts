/**
 * Virtual time: one heap of events, ordered by time; the seed decides between those of one moment.
 *
 * Time is counted in 1,024ths of a millisecond, so that sums of times are exact in binary numbers.
 */
import { assert, crc32c, utf8, type Prng } from '@skerry/kernel';

const ticksPerMs = 1_024;

type Event = {
  readonly ticks: number;
  readonly tie: number;
  readonly sequence: number;
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
};
export type Scheduled = { readonly cancel: () => void };

const isBefore = (a: Event, b: Event): boolean =>
  a.ticks !== b.ticks ? a.ticks < b.ticks : a.tie !== b.tie ? a.tie < b.tie : a.sequence < b.sequence;

export class Scheduler {
  readonly #prng: Prng;
  #heap: Event[] = [];
  #nowTicks = 0;
  #sequence = 0;
  #traceHash = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }
  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.#nowTicks / ticksPerMs;
  }
  /** Checksum over all that has happened: equal for equal seeds. */
  get traceHash(): number {
    return this.#traceHash;
  }
  /** Adds to the trace what is not an event, such as the content of a message. */
  trace(bytes: Uint8Array): void {
    this.#traceHash = crc32c(bytes, this.#traceHash);
  }
  /** Runs `run` not before `delayMs` from now, never inside this call. */
  after(delayMs: number, label: string, run: () => void): Scheduled {
    assert(Number.isFinite(delayMs), `delay must be a finite number: got ${delayMs}`);
    const event: Event = {
      ticks: this.#nowTicks + Math.ceil(Math.max(0, delayMs) * ticksPerMs),
      tie: this.#prng.u32(),
      sequence: this.#sequence,
      label,
      run,
      cancelled: false,
    };
    this.#sequence += 1;
    this.#push(event);
    return { cancel: () => void (event.cancelled = true) };
  }
  /** When the next event is, in virtual milliseconds; undefined when there is none. */
  nextMs(): number | undefined {
    while (this.#heap[0]?.cancelled === true) this.#pop();
    const next = this.#heap[0];
    return next === undefined ? undefined : next.ticks / ticksPerMs;
  }
  /** Moves time to the next event and runs it. False when there is none. */
  step(): boolean {
    if (this.nextMs() === undefined) return false;
    const event = this.#pop();
    this.#nowTicks = event.ticks;
    this.trace(utf8(`${event.ticks} ${event.label}\n`));
    event.run();
    return true;
  }
  /** Moves time on without an event. */
  advanceTo(timeMs: number): void {
    this.#nowTicks = Math.max(this.#nowTicks, Math.ceil(timeMs * ticksPerMs));
  }

  // The casts: indexes are below the heap's length by the loops' conditions.
  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }
  #pop(): Event {
    const heap = this.#heap;
    const first = heap[0] as Event;
    const last = heap.pop() as Event;
    if (heap.length === 0) return first;
    let at = 0;
    while (true) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && isBefore(heap[right] as Event, heap[left] as Event) ? right : left;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
