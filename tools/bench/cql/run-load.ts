/** Runs a load over the connections: closed loop (each answer brings the next request) or open (at a rate of its own). */
import { setTimeout as wait } from 'node:timers/promises';
import { errorCodes } from '@skerry/protocol-cql';
import type { Link } from './link.ts';
import { Histogram } from './histogram.ts';

export type Outcome = {
  readonly rate: number;
  /** Those since {@link LoadOptions.begun}. */
  readonly answered: number;
  readonly errors: number;
  /** Of the first error, for whoever looks. */
  readonly errorCode: number | undefined;
  readonly latency: Histogram;
  /** Of an open loop: by how much bursts were sent after they were due. Latencies have it in them: it is the generator's. */
  readonly lateness: Histogram;
};
export type Writer = (link: Link, stream: number) => void;

/** What came of ten seconds of a long run. */
export type Part = {
  readonly fromSeconds: number;
  readonly rate: number;
  readonly errors: number;
  readonly latency: Histogram;
  /** Longest time without any answer, in milliseconds: the server's event loop stood no longer. */
  readonly silenceMs: number;
};
const partSeconds = 10;

export type LoadOptions = {
  /** Told every ten seconds. */
  readonly report?: (part: Part) => void;
  readonly inFlight: number;
  readonly seconds: number;
  /** Requests each second; undefined: closed loop. */
  readonly rate?: number;
  /** Ends when so many were sent, instead of by the clock. */
  readonly count?: number;
  /** Not counted, at the beginning. */
  readonly warmUpSeconds: number;
  /** Called when that is over. */
  readonly begun?: () => void;
};

/** How many answers may be missing at the end, and for how long: then it is the server that failed. */
const drainMaxMs = 30_000;
const checkIntervalMs = 10;
/**
 * Of an open loop, the requests of each such time are due together at its beginning: who looks for them more often takes
 * the server's time, not only its own.
 */
const burstMs = 1;

/** Streams without a request, of all links. */
class Free {
  readonly #slots: Int32Array;
  #count = 0;
  constructor(size: number) {
    this.#slots = new Int32Array(size);
  }
  push(slot: number): void {
    this.#slots[this.#count++] = slot;
  }
  /** -1: there is none. */
  pop(): number {
    return this.#count === 0 ? -1 : (this.#slots[--this.#count] as number);
  }
}

/** Slot s is stream `s / links` of link `s % links`. */
export async function runLoad(links: readonly Link[], write: Writer, options: LoadOptions): Promise<Outcome> {
  const { inFlight, rate: wantedRate, count = Infinity } = options;
  const width = links.length;
  const slotCount = Math.min(inFlight, count);
  const dueAt = new Float64Array(slotCount);
  const free = new Free(slotCount);
  const latency = new Histogram();
  const lateness = new Histogram();
  const startMs = performance.now();
  const countedFromMs = startMs + options.warmUpSeconds * 1000;
  const endMs = count === Infinity ? countedFromMs + options.seconds * 1000 : Infinity;
  let [sent, answered, counted, errors] = [0, 0, 0, 0];
  let errorCode: number | undefined;
  let lastMs = startMs;
  let hasBegun = false;
  let answeredBefore = 0;

  let part = { fromMs: startMs, answered: 0, errors: 0, latency: new Histogram(), silenceMs: 0 };
  let heardMs = startMs;
  const endPart = (nowMs: number): void => {
    const { fromMs, latency: own, silenceMs } = part;
    options.report?.({
      fromSeconds: Math.round((fromMs - startMs) / 1000),
      rate: ((answered - part.answered) / (nowMs - fromMs)) * 1000,
      errors: errors - part.errors,
      latency: own,
      silenceMs,
    });
    part = { fromMs: nowMs, answered, errors, latency: new Histogram(), silenceMs: 0 };
  };

  const send = (slot: number, dueMs: number): void => {
    dueAt[slot] = dueMs;
    sent += 1;
    const link = links[slot % width] as Link;
    write(link, (slot / width) | 0);
    link.wrote();
  };
  for (const [at, link] of links.entries())
    link.onAnswer = (stream, head, nowMs) => {
      const slot = stream * width + at;
      const dueMs = dueAt[slot] as number;
      answered += 1;
      part.silenceMs = Math.max(part.silenceMs, nowMs - heardMs);
      heardMs = nowMs;
      if (options.report !== undefined) part.latency.add(nowMs - dueMs);
      if (nowMs >= countedFromMs && nowMs < endMs) {
        counted += 1;
        latency.add(nowMs - dueMs);
        lastMs = nowMs;
      }
      if (head.errorCode >= 0) {
        errors += 1;
        errorCode ??= head.errorCode;
      }
      if (wantedRate === undefined && nowMs < endMs && sent < count) send(slot, nowMs);
      else free.push(slot);
    };

  for (let slot = slotCount - 1; slot >= 0; slot--) {
    if (wantedRate === undefined) send(slot, startMs);
    else free.push(slot);
  }
  for (const link of links) link.flush();

  const perMs = (wantedRate ?? 0) / 1000;
  /** Of an open loop: requests that were due, and of how many bursts. */
  let [due, bursts] = [0, 0];
  for (;;) {
    // Closed, the answers drive it, and this only looks for the end; open, the time does.
    await wait(wantedRate === undefined ? checkIntervalMs : burstMs);
    const nowMs = performance.now();
    for (const link of links) if (link.error !== undefined) throw link.error;
    if (!hasBegun && nowMs >= countedFromMs) {
      hasBegun = true;
      answeredBefore = answered;
      options.begun?.();
    }
    // A request that has to wait for a stream keeps the time at which it was due: the wait is part of its latency.
    while (wantedRate !== undefined && nowMs < endMs && startMs + bursts * burstMs <= nowMs) {
      const dueMs = startMs + bursts * burstMs;
      const upTo = (bursts + 1) * burstMs * perMs;
      let slot = 0;
      for (; due < upTo; due++) {
        slot = free.pop();
        if (slot < 0) break;
        send(slot, dueMs);
      }
      if (slot < 0) break;
      bursts += 1;
      if (nowMs >= countedFromMs) lateness.add(nowMs - dueMs);
    }
    if (wantedRate !== undefined) for (const link of links) link.flush();
    if (nowMs - part.fromMs >= partSeconds * 1000) endPart(nowMs);
    const isOver = count === Infinity ? nowMs >= endMs : sent >= count;
    if (isOver && answered === sent) break;
    if (isOver && nowMs > Math.max(endMs === Infinity ? lastMs : endMs, lastMs) + drainMaxMs)
      throw new Error(`${sent - answered} requests have no answer after ${drainMaxMs} ms`);
  }
  for (const link of links) link.onAnswer = () => {};
  const rate = (counted / (lastMs - countedFromMs)) * 1000;
  return { rate, answered: answered - answeredBefore, errors, errorCode, latency, lateness };
}

export const errorName = (code: number): string =>
  Object.entries(errorCodes).find(([, known]) => known === code)?.[0] ?? `0x${code.toString(16)}`;
