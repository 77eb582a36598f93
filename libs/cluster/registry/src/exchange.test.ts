/**
 * Registries that exchange their entries over a bad network: after it has calmed down, each knows exactly the nodes that
 * are there, wherever those give signs of life.
 */
import { describe, expect, test } from '@jest/globals';
import { Prng } from '@skerry/kernel';
import { seeds } from '@skerry/testing';
import { Registry, type NodeRecord, type ToldEntry } from './registry.ts';

const leaseTicks = 12;
const registryCount = 3;
const nodeCount = 6;
const stormRounds = 400;
/** A lease, and then some for the news to go round. */
const calmRounds = 3 * leaseTicks;

type Message = { readonly to: number; readonly dueRound: number; readonly entries: readonly ToldEntry[] };
type Node = { readonly record: NodeRecord; beats: number; home: number };

class World {
  readonly #prng: Prng;
  readonly registries = Array.from({ length: registryCount }, () => new Registry(leaseTicks));
  readonly nodes = new Map<string, Node>();
  readonly #lives = new Map<string, number>();
  #wire: Message[] = [];
  #cut = new Set<number>();
  #round = 0;
  bad = true;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }
  round(): void {
    this.#round += 1;
    if (this.bad) this.#mischief();
    for (const node of this.nodes.values()) this.#sign(node);
    for (const registry of this.registries) registry.step({ kind: 'tick' });
    for (let from = 0; from < registryCount; from++) this.#exchange(from, this.#prng.below(registryCount));
    const due = this.#wire.filter(({ dueRound }) => dueRound <= this.#round);
    this.#wire = this.#wire.filter(({ dueRound }) => dueRound > this.#round);
    for (const { to, entries } of due) this.registries[to]?.step({ kind: 'merge', entries });
  }
  #mischief(): void {
    if (this.#prng.chance(0.05)) this.#cut = new Set(this.#prng.chance(0.5) ? [this.#prng.below(registryCount)] : []);
    if (this.#prng.chance(0.03)) this.registries[this.#prng.below(registryCount)] = new Registry(leaseTicks);
    const nodeId = `n${this.#prng.below(nodeCount)}`;
    const node = this.nodes.get(nodeId);
    if (node === undefined) {
      if (this.#prng.chance(0.3)) this.#birth(nodeId);
    } else if (this.#prng.chance(0.03)) {
      this.nodes.delete(nodeId);
      // Or it falls silent without a word.
      if (this.#prng.chance(0.5)) this.#unregister(node);
    } else if (this.#prng.chance(0.1)) node.home = this.#prng.below(registryCount);
  }
  #birth(nodeId: string): void {
    const incarnation = (this.#lives.get(nodeId) ?? 0) + 1;
    this.#lives.set(nodeId, incarnation);
    const record = { nodeId, role: 'data', site: '', address: 'h:1', incarnation, endpoints: {}, load: 0 };
    this.nodes.set(nodeId, { record, beats: 0, home: this.#prng.below(registryCount) });
  }
  /** At one registry only: the others hear of it from that one. */
  #sign(node: Node): void {
    // In the calm three times in a lease, as nodes do; before that as it comes.
    if (this.bad ? !this.#prng.chance(0.4) : this.#round % (leaseTicks / 3) !== 0) return;
    const { nodeId, incarnation } = node.record;
    node.beats += 1;
    if (this.bad && this.#prng.chance(0.2)) return;
    const home = this.registries[node.home];
    const [answer] = home?.step({ kind: 'heartbeat', nodeId, incarnation, load: 0, beat: node.beats }) ?? [];
    if (answer?.kind === 'beaten' && answer.known) return;
    node.beats += 1;
    home?.step({ kind: 'register', record: node.record, beat: node.beats });
  }
  #unregister(node: Node): void {
    const { nodeId, incarnation } = node.record;
    this.registries[node.home]?.step({ kind: 'unregister', nodeId, incarnation, beat: node.beats + 1 });
  }
  #exchange(from: number, to: number): void {
    if (from === to || this.#cut.has(from) !== this.#cut.has(to)) return;
    const [one, other] = [this.registries[from], this.registries[to]];
    if (one === undefined || other === undefined) return;
    this.#send(to, one.newerThan(other.versions()));
    this.#send(from, other.tell(one.behind(other.versions())));
  }
  #send(to: number, entries: readonly ToldEntry[]): void {
    if (this.bad && this.#prng.chance(0.2)) return;
    const copies = this.bad && this.#prng.chance(0.2) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++)
      this.#wire.push({ to, entries, dueRound: this.#round + (this.bad ? this.#prng.below(6) : 0) });
  }
  calmDown(): void {
    this.bad = false;
    this.#cut = new Set();
  }
}

describe('registries that exchange their entries', () => {
  test.each(seeds(150))('agree on who is there, seed %i', (seed) => {
    const world = new World(seed);
    for (let round = 0; round < stormRounds; round++) world.round();
    world.calmDown();
    for (let round = 0; round < calmRounds; round++) world.round();
    const there = [...world.nodes.keys()].toSorted();
    for (const registry of world.registries) {
      expect(registry.nodes().map(({ nodeId }) => nodeId)).toEqual(there);
      for (const record of registry.nodes()) expect(record).toEqual(world.nodes.get(record.nodeId)?.record);
    }
  });
});
