/**
 * What hurts the nodes while clients work: up to two of each role that keeps no state, and one of each replicated group,
 * are killed, stopped in their tracks, or cut off; leaders more often than others. Now and then a node of each role is cut
 * off together with the others: a side on which everything is there but a majority.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Prng } from '@skerry/kernel';
import type { Cluster, ClusterNode } from '../cluster-fixture.ts';

const fates = ['kill', 'pause', 'isolate'] as const;
type Fate = (typeof fates)[number];
export type Wounds = Record<Fate, number> & { splits: number; restarts: number; allKilled: number };

/** How many of a role may be hurt at once. */
const hurtMax: Readonly<Record<string, number>> = { routing: 2, processing: 2, discovery: 2, data: 1, auth: 1 };
/** How often it is a whole side that is cut off, rather than one node that is hurt. */
const splitChance = 0.12;
/** How long a node stays hurt, and how long nothing is done, in milliseconds. */
const woundMs = { min: 300, max: 7_000 } as const;
const splitMs = { min: 4_000, max: 9_000 } as const;
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
  readonly counts: Wounds = { kill: 0, pause: 0, isolate: 0, splits: 0, restarts: 0, allKilled: 0 };

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
    let splitDue = false;
    while (!signal.aborted) {
      await this.#healDue();
      // Nobody else is hurt until enough nodes are well for it.
      splitDue = (splitDue || this.#prng.chance(splitChance)) && !(await this.#split());
      if (!splitDue) await this.#hurtOne();
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
  /** Nodes that may be hurt now. */
  #victims(): readonly ClusterNode[] {
    const { nodes } = this.#cluster;
    const nowMs = performance.now();
    return nodes.filter(({ name, role }) => {
      const hurt = nodes.filter((each) => each.role === role && this.#isHurt(each.name)).length;
      return !this.#isHurt(name) && hurt < (hurtMax[role] ?? 0) && (this.#quietUntilMs.get(role) ?? 0) <= nowMs;
    });
  }
  /** One of a role, which has some: of a replicated one mostly the leader. */
  async #oneOf(role: string, victims: readonly ClusterNode[]): Promise<string> {
    const leader = hurtMax[role] === 1 && this.#prng.chance(0.6) ? await this.#cluster.leader(role) : '';
    return leader === '' ? this.#prng.pick(victims.filter((each) => each.role === role)).name : leader;
  }
  /** One node of each role, while nobody else is cut off. @returns whether there were such. */
  async #split(): Promise<boolean> {
    const victims = this.#victims();
    const roles = Object.keys(hurtMax).filter((role) => victims.some((each) => each.role === role));
    const isCut = [...this.#wounds.values()].some(({ fate }) => fate === 'isolate');
    if (isCut || roles.length < Object.keys(hurtMax).length) return false;
    const names = await Promise.all(roles.map(async (role) => [role, await this.#oneOf(role, victims)] as const));
    const lastsMs = this.#prng.between(splitMs.min, splitMs.max);
    this.#tell(`split ${names.map(([, name]) => name).join(',')} for ${lastsMs} ms`);
    const endMs = performance.now() + lastsMs;
    for (const [role, name] of names) this.#wounds.set(name, { fate: 'isolate', role, endMs });
    this.counts.splits += 1;
    await this.#cut();
    return true;
  }
  async #hurtOne(): Promise<void> {
    const victims = this.#victims();
    if (victims.length === 0) return;
    const { role } = this.#prng.pick(victims);
    const name = await this.#oneOf(role, victims);
    const fate = this.#prng.pick(fates);
    const lastsMs = this.#prng.between(woundMs.min, woundMs.max);
    this.#tell(`${fate} ${name} for ${lastsMs} ms`);
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
