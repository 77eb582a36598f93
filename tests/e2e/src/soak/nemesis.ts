/**
 * What hurts the nodes while clients work: up to two of each role that keeps no state, and one of each replicated group,
 * are killed, stopped in their tracks, or cut off; leaders more often than others.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Prng } from '@skerry/kernel';
import type { Cluster } from '../cluster-fixture.ts';

const fates = ['kill', 'pause', 'isolate'] as const;
type Fate = (typeof fates)[number];
export type Wounds = Record<Fate, number> & { restarts: number; allKilled: number };

/** How many of a role may be hurt at once. */
const hurtMax: Readonly<Record<string, number>> = { routing: 2, processing: 2, discovery: 2, data: 1, auth: 1 };
/** How long a node stays hurt, and how long nothing is done, in milliseconds. */
const woundMs = { min: 300, max: 7_000 } as const;
const restMs = { min: 200, max: 2_500 } as const;
/** After a wound of a replicated role heals, its group has so long before the next, in milliseconds: to be whole again. */
const recoveryMs = 1_500;

type Wound = { readonly fate: Fate; readonly role: string; readonly endMs: number };

export class Nemesis {
  readonly #now: () => Cluster;
  readonly #prng: Prng;
  readonly #tell: (line: string) => void;
  readonly #wounds = new Map<string, Wound>();
  readonly #starting = new Map<string, Promise<void>>();
  readonly #quietUntilMs = new Map<string, number>();
  readonly counts: Wounds = { kill: 0, pause: 0, isolate: 0, restarts: 0, allKilled: 0 };

  /** @param cluster as it is now: all of it may be started anew. */
  constructor(cluster: () => Cluster, prng: Prng, tell: (line: string) => void) {
    this.#now = cluster;
    this.#prng = prng;
    this.#tell = tell;
  }

  get #cluster(): Cluster {
    return this.#now();
  }

  /** Until `signal` aborts; then {@link Nemesis.heal} makes good. */
  async rage(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#healDue();
      await this.#hurtOne();
      await pause(this.#prng.between(restMs.min, restMs.max), undefined, { signal }).catch(() => undefined);
    }
  }
  /** All nodes run, and hear each other. */
  async heal(): Promise<void> {
    for (const name of [...this.#wounds.keys()]) await this.#mend(name);
    await Promise.all(this.#starting.values());
  }

  /** All was killed, and is started anew. */
  forget(): void {
    this.#wounds.clear();
    this.#starting.clear();
  }

  async #healDue(): Promise<void> {
    const nowMs = performance.now();
    for (const [name, { endMs }] of [...this.#wounds]) if (endMs <= nowMs) await this.#mend(name);
  }
  #isHurt(name: string): boolean {
    return this.#wounds.has(name) || this.#starting.has(name);
  }
  async #hurtOne(): Promise<void> {
    const { nodes } = this.#cluster;
    const nowMs = performance.now();
    const victims = nodes.filter(({ name, role }) => {
      const hurt = nodes.filter((each) => each.role === role && this.#isHurt(each.name)).length;
      return !this.#isHurt(name) && hurt < (hurtMax[role] ?? 0) && (this.#quietUntilMs.get(role) ?? 0) <= nowMs;
    });
    if (victims.length === 0) return;
    const { role } = this.#prng.pick(victims);
    const leader = hurtMax[role] === 1 && this.#prng.chance(0.6) ? await this.#cluster.leader(role) : '';
    const name = leader === '' ? this.#prng.pick(victims.filter((each) => each.role === role)).name : leader;
    const fate = this.#prng.pick(fates);
    const lastsMs = this.#prng.between(woundMs.min, woundMs.max);
    this.#tell(`${fate} ${name}${leader === name ? ' (leads)' : ''} for ${lastsMs} ms`);
    this.#wounds.set(name, { fate, role, endMs: performance.now() + lastsMs });
    this.counts[fate] += 1;
    if (fate === 'isolate') return this.#cut();
    await this.#cluster.order(fate, name);
  }
  async #mend(name: string): Promise<void> {
    const wound = this.#wounds.get(name);
    if (wound === undefined) return;
    const { fate, role } = wound;
    this.#wounds.delete(name);
    if (fate === 'isolate') await this.#cut();
    if (fate === 'pause') await this.#cluster.order('resume', name);
    if (fate !== 'kill') return this.#recovers(role);
    this.counts.restarts += 1;
    const starting = this.#cluster
      .order('start', name)
      .then(() => this.#recovers(role))
      .then(() => void this.#starting.delete(name));
    this.#starting.set(name, starting);
    // Told when all is healed.
    starting.catch(() => undefined);
    return undefined;
  }
  #recovers(role: string): void {
    if (hurtMax[role] === 1) this.#quietUntilMs.set(role, performance.now() + recoveryMs);
  }
  /** Those that are cut off, as they are now. */
  async #cut(): Promise<void> {
    const names = [...this.#wounds].filter(([, { fate }]) => fate === 'isolate').map(([name]) => name);
    await (names.length === 0 ? this.#cluster.order('heal') : this.#cluster.order('isolate', names.join(',')));
  }
}
