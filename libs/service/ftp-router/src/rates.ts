/**
 * Transfer rates: of a user, shared by all of the user's transfers here, and of all users together.
 *
 * Bytes pass in pieces, each when its time has come: small enough to flow, large enough to cost little.
 */
import { pause, type Clock } from '@skerry/runtime-world';
import { Pace } from './pace.ts';
import type { Config } from './settings.ts';

/** What belongs to so long a time may pass at once, in ms: timers come late, and a start should not stutter. */
const burstMs = 100;
/** Time that one piece takes at its rate, in ms. */
const pieceMs = 50;
/** Smallest and largest piece, in bytes. */
const pieceMinBytes = 512;
const pieceMaxBytes = 256 * 1024;

export type Direction = 'up' | 'down';
/** What the grant says; absent: what the settings say. */
export type OwnRates = { readonly [D in Direction]?: number | undefined };
type Shared = { readonly pace: Pace; users: number };
type Limits = Pick<Config, 'ftpRateUp' | 'ftpRateDown' | 'ftpRateUpAll' | 'ftpRateDownAll'>;

/** Of one transfer. */
export class TransferPace {
  readonly #paces: readonly Pace[];
  readonly #clock: Clock;
  readonly #pieceSizeBytes: number;
  readonly #release: () => void;
  readonly #hurry = new AbortController();
  #open = true;

  constructor(paces: readonly Pace[], clock: Clock, release: () => void) {
    this.#paces = paces;
    this.#clock = clock;
    this.#release = release;
    const slowest = Math.min(...paces.map(({ perSecond }) => perSecond));
    this.#pieceSizeBytes = Math.floor(Math.min(pieceMaxBytes, Math.max(pieceMinBytes, (slowest * pieceMs) / 1_000)));
  }
  /** `bytes` in pieces, each at its time. */
  async *pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += this.#pieceSizeBytes) {
      const piece = bytes.subarray(at, at + this.#pieceSizeBytes);
      await this.#pass(piece.length);
      yield piece;
    }
  }
  /** The transfer was aborted: what is left passes at once. */
  hurry(): void {
    this.#hurry.abort();
  }
  /** Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.hurry();
    this.#release();
  }
  async #pass(sizeBytes: number): Promise<void> {
    if (this.#hurry.signal.aborted) return;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = Math.max(...this.#paces.map((pace) => pace.take(sizeBytes, nowMs)));
    if (waitMs > 0) await pause(this.#clock, waitMs, this.#hurry.signal);
  }
}

export class Rates {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #all: { readonly [D in Direction]: Pace | undefined };
  /** Of users with a transfer under way. */
  readonly #shared = new Map<string, Shared>();

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    const { ftpRateUpAll, ftpRateDownAll } = limits;
    this.#all = { up: paceOf(ftpRateUpAll), down: paceOf(ftpRateDownAll) };
  }
  /** For one transfer; to be closed. Undefined: no limit. */
  open(user: string, direction: Direction, own: OwnRates): TransferPace | undefined {
    const { ftpRateUp, ftpRateDown } = this.#limits;
    const perSecond = own[direction] ?? (direction === 'up' ? ftpRateUp : ftpRateDown);
    const all = this.#all[direction];
    if (perSecond === undefined)
      return all === undefined ? undefined : new TransferPace([all], this.#clock, () => undefined);
    // A rate that was changed meanwhile is another one.
    const key = `${direction} ${perSecond} ${user}`;
    const shared = this.#shared.get(key) ?? { pace: new Pace(perSecond, burstMs), users: 0 };
    this.#shared.set(key, shared);
    shared.users += 1;
    return new TransferPace(all === undefined ? [shared.pace] : [shared.pace, all], this.#clock, () => {
      shared.users -= 1;
      if (shared.users === 0) this.#shared.delete(key);
    });
  }
  /** Users and directions under a limit of their own now. */
  get limited(): number {
    return this.#shared.size;
  }
}

const paceOf = (perSecond: number | undefined): Pace | undefined =>
  perSecond === undefined ? undefined : new Pace(perSecond, burstMs);
