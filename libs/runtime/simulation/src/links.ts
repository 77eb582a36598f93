/** What is between the nodes, for each direction of each pair: delay, loss, cuts, clogs. */
import type { Prng } from '@skerry/kernel';

export type LinkSettings = {
  /** Virtual milliseconds that a message is under way: from, to. */
  delayMs: readonly [least: number, most: number];
  /** Of datagrams: how likely one is lost, or arrives twice. Different delays reorder them. */
  datagramLossProbability: number;
  datagramDuplicateProbability: number;
};

export class Links {
  readonly #prng: Prng;
  readonly #nowMs: () => number;
  readonly settings: LinkSettings = {
    delayMs: [0.1, 5],
    datagramLossProbability: 0,
    datagramDuplicateProbability: 0,
  };
  #cuts = new Set<string>();
  #clogs = new Map<string, number>();
  #waiting: (() => void)[] = [];

  constructor(prng: Prng, nowMs: () => number) {
    this.#prng = prng;
    this.#nowMs = nowMs;
  }
  #key(from: string, to: string): string {
    return `${from} ${to}`;
  }
  /** Drops, silently, all that goes from one node to the other; the way back stays open. */
  cut(from: string, to: string): void {
    if (from !== to) this.#cuts.add(this.#key(from, to));
  }
  /** Nodes of different groups do not reach each other, both ways; a node that is not named is not touched. */
  partition(...groups: readonly (readonly string[])[]): void {
    for (const group of groups)
      for (const other of groups) if (group !== other) for (const a of group) for (const b of other) this.cut(a, b);
  }
  /** All cuts and clogs end; what streams kept back goes on. */
  heal(): void {
    this.#cuts.clear();
    this.#clogs.clear();
    for (const wake of this.#waiting.splice(0)) wake();
  }
  /** For so long nothing arrives in this direction; then all of it. */
  clog(from: string, to: string, forMs: number): void {
    this.#clogs.set(this.#key(from, to), this.#nowMs() + forMs);
  }
  isCut(from: string, to: string): boolean {
    return this.#cuts.has(this.#key(from, to));
  }
  /** Calls back once, when the links are healed. */
  whenHealed(wake: () => void): void {
    this.#waiting.push(wake);
  }
  /** Delay of one message, in virtual milliseconds. */
  delayMs(from: string, to: string): number {
    const [least, most] = from === to ? [0.01, 0.1] : this.settings.delayMs;
    const cloggedMs = (this.#clogs.get(this.#key(from, to)) ?? 0) - this.#nowMs();
    return Math.max(0, cloggedMs) + least + (most - least) * this.#prng.next();
  }
  /** How often one datagram arrives: 0, 1 or 2. */
  datagramCount(from: string, to: string): number {
    if (this.isCut(from, to) || this.#prng.chance(this.settings.datagramLossProbability)) return 0;
    return this.#prng.chance(this.settings.datagramDuplicateProbability) ? 2 : 1;
  }
}
