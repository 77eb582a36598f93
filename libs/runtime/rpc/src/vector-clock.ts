/**
 * How many events each node had counted when it last spoke (requirement P9).
 *
 * Source: C. Fidge 1988, F. Mattern 1989. Only this node counts its own events; of the others the greatest count heard
 * is kept. Bounded: of the node heard from longest ago the count is forgotten, so the clock orders messages among nodes
 * that talk, not all that ever were.
 */
import { isNodeId, type NodeId } from '@skerry/kernel';

/** Twice the nodes of the largest topology (30), and a header still fits 2 KiB. */
export const vectorClockNodesMax = 64;

type Counts = Record<string, number>;

export class VectorClock {
  readonly #own: NodeId;
  // Without a prototype: the keys come from peers.
  readonly #counts: Counts = Object.create(null) as Counts;
  // Nodes in order of the last change, the longest ago first.
  readonly #recent = new Set<string>();
  /** How often a count of another node was raised. */
  #heard = 0;
  /** What was heard of neighbours in the process, by what they had heard then. */
  #met = new WeakMap<VectorClock, number>();

  constructor(own: NodeId) {
    this.#own = own;
    this.#counts[own] = 0;
  }
  /** Counts an event of ours. The live clock: to be read before the next call, copied to be kept. */
  tick(): Readonly<Counts> {
    this.#counts[this.#own] = (this.#counts[this.#own] ?? 0) + 1;
    return this.#counts;
  }
  /** Nodes in it. */
  get size(): number {
    return this.#recent.size + 1;
  }
  /** Takes note of what a peer knew. Names that are no node ids and counts that are no counts are left out. */
  merge(seen: Readonly<Counts>): void {
    for (const node in seen) {
      const count = seen[node] ?? 0;
      const known = this.#counts[node];
      if (known !== undefined && known >= count) continue;
      if (node === this.#own || !Number.isSafeInteger(count) || count <= 0) continue;
      if (known === undefined && !this.#admit(node)) continue;
      this.#raise(node, count);
    }
  }
  #raise(node: string, count: number): void {
    this.#counts[node] = count;
    this.#heard += 1;
    this.#recent.delete(node);
    this.#recent.add(node);
  }
  /**
   * A message from a neighbour in the process: counts at both ends as {@link VectorClock.tick} and
   * {@link VectorClock.merge} would have them. What a neighbour has not heard anew is not looked at again.
   */
  meet(caller: VectorClock): void {
    const counts = caller.tick();
    const own = caller.#own;
    if (this.#met.get(caller) === caller.#heard && this.#counts[own] !== undefined)
      return this.#raise(own, counts[own] ?? 0);
    this.merge(counts);
    this.#met.set(caller, caller.#heard);
  }
  #admit(node: string): boolean {
    if (!isNodeId(node)) return false;
    if (this.#recent.size < vectorClockNodesMax - 1) return true;
    for (const oldest of this.#recent) {
      this.#recent.delete(oldest);
      delete this.#counts[oldest];
      this.#met = new WeakMap();
      break;
    }
    return true;
  }
}
