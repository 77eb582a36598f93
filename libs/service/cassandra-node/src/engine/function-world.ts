/** What functions cannot know by themselves: the time of the request, chance, unique timeuuids. */
import { timeuuidBytes, type FunctionWorld } from '@skerry/domain-values';
import type { RandomBytes } from '@skerry/kernel';
import type { Execution } from './contract.ts';

/** By Java's name of the algorithm. */
export type HashBytes = (algorithm: string, bytes: Uint8Array) => Uint8Array | undefined;

const ticksOfMs = 10_000n;

export class World implements FunctionWorld {
  nowMs = 0n;
  readonly hash: HashBytes;
  readonly #random: RandomBytes;
  /** Clock sequence and node of the timeuuids that are made here. */
  readonly #node: Uint8Array;
  #lastTicks = 0n;

  constructor(random: RandomBytes, hash: HashBytes) {
    this.#random = random;
    this.hash = hash;
    this.#node = random(8);
    this.#node[0] = ((this.#node[0] ?? 0) & 0x3f) | 0x80;
    // The multicast bit says that this is no network card's address.
    this.#node[2] = (this.#node[2] ?? 0) | 0x01;
  }
  /** The same for all functions of one request. */
  at(execution: Execution): this {
    this.nowMs = BigInt(execution.nowMs);
    return this;
  }
  readonly random = (): Uint8Array => this.#random(16);
  readonly timeuuid = (): Uint8Array => {
    const now = this.nowMs * ticksOfMs;
    this.#lastTicks = now > this.#lastTicks ? now : this.#lastTicks + 1n;
    return timeuuidBytes(this.#lastTicks, this.#node);
  };
}
