/** Runs a load over the connections: closed loop (each answer brings the next request) or open (at a rate of its own). */
import { setTimeout as wait } from 'node:timers/promises';
import { errorCodes } from '@skerry/protocol-cql';
import type { Link } from './link.ts';
import { Histogram } from './histogram.ts';

export type Outcome = {
  readonly rate: number;
  /** All, also those that are not counted. */
  readonly answered: number;
  readonly errors: number;
  /** Of the first error, for whoever looks. */
  readonly errorCode: number | undefined;
  readonly latency: Histogram;
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
};

/** How many answers may be missing at the end, and for how long: then it is the server that failed. */
const drainMaxMs = 30_000;
const checkIntervalMs = 10;
/** Between two looks at what is due, in an open loop: who looks more often takes the server's time, not only its own. */
const tickMs = 1;

/** One stream of one connection: the time at which its request was due, or −1 when it is free. */
export async function runLoad(links: readonly Link[], write: Writer, options: LoadOptions): Promise<Outcome> {
  const { inFlight, rate, count = Infinity } = options;
  const perLink = Math.ceil(inFlight / links.length);
  const dueAt = links.map(() => new Float64Array(perLink).fill(-1));
  const free: { link: number; stream: number }[] = [];
  const latency = new Histogram();
  const startMs = performance.now();
  const countedFromMs = startMs + options.warmUpSeconds * 1000;
  const endMs = count === Infinity ? countedFromMs + options.seconds * 1000 : Infinity;
  let [sent, answered, counted, errors] = [0, 0, 0, 0];
  let errorCode: number | undefined;
  let lastMs = startMs;

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

  const send = (at: number, stream: number, dueMs: number): void => {
    (dueAt[at] as Float64Array)[stream] = dueMs;
    sent += 1;
    write(links[at] as Link, stream);
  };
  for (const [at, link] of links.entries())
    link.onAnswer = (stream, head) => {
      const nowMs = performance.now();
      const dueMs = (dueAt[at] as Float64Array)[stream] ?? -1;
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
      if (rate === undefined && nowMs < endMs && sent < count) send(at, stream, nowMs);
      else {
        (dueAt[at] as Float64Array)[stream] = -1;
        free.push({ link: at, stream });
      }
    };

  for (let i = 0; i < Math.min(inFlight, count); i++) {
    const slot = { link: i % links.length, stream: Math.floor(i / links.length) };
    if (rate === undefined) send(slot.link, slot.stream, performance.now());
    else free.push(slot);
  }
  for (const link of links) link.flush();

  let dueMs = startMs;
  for (;;) {
    // Closed, the answers drive it, and this only looks for the end; open, the time does.
    await wait(rate === undefined ? checkIntervalMs : tickMs);
    const nowMs = performance.now();
    for (const link of links) if (link.error !== undefined) throw link.error;
    // A request that has to wait for a stream keeps the time at which it was due: the wait is part of its latency.
    if (rate !== undefined && nowMs < endMs) {
      for (let slot = free.at(-1); slot !== undefined && dueMs <= nowMs; slot = free.at(-1)) {
        free.pop();
        send(slot.link, slot.stream, dueMs);
        dueMs += 1000 / rate;
      }
      for (const link of links) link.flush();
    }
    if (nowMs - part.fromMs >= partSeconds * 1000) endPart(nowMs);
    const isOver = count === Infinity ? nowMs >= endMs : sent >= count;
    if (isOver && answered === sent) break;
    if (isOver && nowMs > Math.max(endMs === Infinity ? lastMs : endMs, lastMs) + drainMaxMs)
      throw new Error(`${sent - answered} requests have no answer after ${drainMaxMs} ms`);
  }
  for (const link of links) link.onAnswer = () => {};
  return { rate: (counted / (lastMs - countedFromMs)) * 1000, answered, errors, errorCode, latency };
}

export const errorName = (code: number): string =>
  Object.entries(errorCodes).find(([, known]) => known === code)?.[0] ?? `0x${code.toString(16)}`;
