/**
 * Who is there: nodes by id, each for as long as it renews its lease (F3, F11, F12).
 *
 * Source: C. Gray, D. Cheriton, "Leases", SOSP 1989, for expiry; the merge is a join of a total order on entries
 * (M. Shapiro et al., "Conflict-free Replicated Data Types", 2011: last writer by incarnation and heartbeat).
 * Assumes: ticks come from one clock; a tick that is late makes leases longer, never shorter.
 */
import { assert, present, unreachable, type Machine } from '@skerry/kernel';

/** Nodes that are up, in all: ten times the largest cluster that was thought of. */
export const nodeCountMax = 1_024;
/** Nodes that left and are remembered, in all; the one that left longest ago is forgotten for the newest. */
export const departedCountMax = 1_024;
/** How long a departed node is remembered, in leases: until no other registry can still think it up. */
export const departedKeptLeases = 3;

export type NodeRecord = {
  readonly nodeId: string;
  readonly role: string;
  readonly site: string;
  readonly address: string;
  /** Later lives of a node have larger ones. */
  readonly incarnation: number;
  readonly endpoints: { readonly [name: string]: string };
  readonly load: number;
};

/** What registries tell each other of a node. */
export type Entry = {
  readonly record: NodeRecord;
  /** Counts the signs of life within one incarnation, from 1. */
  readonly heartbeat: number;
  readonly state: 'up' | 'left';
};

export type Input =
  | { readonly kind: 'register'; readonly record: NodeRecord }
  | { readonly kind: 'heartbeat'; readonly nodeId: string; readonly incarnation: number; readonly load: number }
  | { readonly kind: 'unregister'; readonly nodeId: string; readonly incarnation: number }
  | { readonly kind: 'tick' }
  /** Another registry's entries. */
  | { readonly kind: 'merge'; readonly entries: readonly Entry[] };

export type Effect =
  /** To a register: it is in the table. */
  | { readonly kind: 'accepted' }
  /** To a register: a later life of the node is known, or the table is full. */
  | { readonly kind: 'refused'; readonly why: 'older' | 'full'; readonly knownIncarnation: number }
  /** To a heartbeat: false when the node must register again. */
  | { readonly kind: 'beaten'; readonly known: boolean }
  | { readonly kind: 'joined'; readonly record: NodeRecord }
  | { readonly kind: 'changed'; readonly record: NodeRecord }
  | { readonly kind: 'left'; readonly record: NodeRecord };

/** `dueTick`: when it expires, or, having left, is forgotten; this registry's own, never merged. */
type Slot = { readonly entry: Entry; readonly dueTick: number };

export class Registry implements Machine<Input, Effect> {
  readonly #leaseTicks: number;
  /** In order of the last change: the departed at the front left longest ago. */
  readonly #slots = new Map<string, Slot>();
  #tick = 0;
  #upCount = 0;

  /** @param leaseTicks a node that is silent for so many ticks is dropped; from 2. */
  constructor(leaseTicks: number) {
    assert(
      Number.isSafeInteger(leaseTicks) && leaseTicks >= 2,
      `leaseTicks must be an integer >= 2: got ${leaseTicks}`,
    );
    this.#leaseTicks = leaseTicks;
  }

  step(input: Input): readonly Effect[] {
    switch (input.kind) {
      case 'register':
        return this.#register(input.record);
      case 'heartbeat':
        return this.#beat(input.nodeId, input.incarnation, input.load);
      case 'unregister':
        return this.#unregister(input.nodeId, input.incarnation);
      case 'tick':
        return this.#advance();
      case 'merge':
        return input.entries.flatMap((entry) => this.#merge(entry));
      default:
        return unreachable(input);
    }
  }

  /** Those that are up, in order of node id; of one role, or all. */
  nodes(role?: string): readonly NodeRecord[] {
    return [...this.#slots.values()]
      .filter(({ entry }) => entry.state === 'up' && (role === undefined || entry.record.role === role))
      .map(({ entry }) => entry.record)
      .toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }
  find(nodeId: string): NodeRecord | undefined {
    const entry = this.#slots.get(nodeId)?.entry;
    return entry?.state === 'up' ? entry.record : undefined;
  }
  /** For another registry: everything, the departed too, in order of node id. */
  entries(): readonly Entry[] {
    return [...this.#slots.values()]
      .map(({ entry }) => entry)
      .toSorted((a, b) => (a.record.nodeId < b.record.nodeId ? -1 : 1));
  }
  get count(): number {
    return this.#upCount;
  }

  #register(record: NodeRecord): readonly Effect[] {
    const known = this.#slots.get(record.nodeId)?.entry;
    const knownIncarnation = known?.record.incarnation ?? 0;
    if (known !== undefined && knownIncarnation > record.incarnation)
      return [{ kind: 'refused', why: 'older', knownIncarnation }];
    if (known?.state !== 'up' && this.#upCount >= nodeCountMax)
      return [{ kind: 'refused', why: 'full', knownIncarnation }];
    const heartbeat = known !== undefined && knownIncarnation === record.incarnation ? known.heartbeat + 1 : 1;
    return [{ kind: 'accepted' }, ...this.#put({ record, heartbeat, state: 'up' })];
  }

  #beat(nodeId: string, incarnation: number, load: number): readonly Effect[] {
    const known = this.#slots.get(nodeId)?.entry;
    if (known?.state !== 'up' || known.record.incarnation !== incarnation) return [{ kind: 'beaten', known: false }];
    const record = known.record.load === load ? known.record : { ...known.record, load };
    return [{ kind: 'beaten', known: true }, ...this.#put({ ...known, record, heartbeat: known.heartbeat + 1 })];
  }

  #unregister(nodeId: string, incarnation: number): readonly Effect[] {
    const known = this.#slots.get(nodeId)?.entry;
    if (known?.state !== 'up' || known.record.incarnation > incarnation) return [];
    return this.#put({ ...known, heartbeat: known.heartbeat + 1, state: 'left' });
  }

  #advance(): readonly Effect[] {
    this.#tick += 1;
    const due = [...this.#slots.values()].filter(({ dueTick }) => dueTick <= this.#tick);
    return due.flatMap(({ entry }) => {
      // The same heartbeat, left: wins over those that heard no more than we did, loses to one that did.
      if (entry.state === 'up') return this.#put({ ...entry, state: 'left' });
      this.#slots.delete(entry.record.nodeId);
      return [];
    });
  }

  #merge(entry: Entry): readonly Effect[] {
    const known = this.#slots.get(entry.record.nodeId)?.entry;
    if (known !== undefined && compareEntries(entry, known) <= 0) return [];
    if (entry.state === 'up' && known?.state !== 'up' && this.#upCount >= nodeCountMax) return [];
    return this.#put(entry);
  }

  #put(entry: Entry): readonly Effect[] {
    const { record, state } = entry;
    const before = this.#slots.get(record.nodeId)?.entry;
    const lifeTicks = state === 'up' ? this.#leaseTicks : this.#leaseTicks * departedKeptLeases;
    this.#slots.delete(record.nodeId);
    this.#slots.set(record.nodeId, { entry, dueTick: this.#tick + lifeTicks });
    if (before?.state === 'up') this.#upCount -= 1;
    if (state === 'up') this.#upCount += 1;
    else this.#forgetDeparted();
    if (before?.state !== 'up') return state === 'up' ? [{ kind: 'joined', record }] : [];
    if (state === 'left') return [{ kind: 'left', record: before.record }];
    return compareRecords(before.record, record) === 0 ? [] : [{ kind: 'changed', record }];
  }

  #forgetDeparted(): void {
    if (this.#slots.size - this.#upCount <= departedCountMax) return;
    const oldest = [...this.#slots.values()].find(({ entry }) => entry.state === 'left');
    this.#slots.delete(present(oldest, 'a departed node').entry.record.nodeId);
  }
}

const compare = <T extends number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** Positive when `a` is the newer news of one node. A total order: the merge is its maximum. */
export function compareEntries(a: Entry, b: Entry): number {
  return (
    compare(a.record.incarnation, b.record.incarnation) ||
    compare(a.heartbeat, b.heartbeat) ||
    compare(a.state === 'left' ? 1 : 0, b.state === 'left' ? 1 : 0) ||
    compareRecords(a.record, b.record)
  );
}

function compareRecords(a: NodeRecord, b: NodeRecord): number {
  if (a === b) return 0;
  const scalars =
    compare(a.incarnation, b.incarnation) ||
    compare(a.load, b.load) ||
    compare(a.role, b.role) ||
    compare(a.site, b.site) ||
    compare(a.address, b.address);
  return scalars || compare(endpointsText(a), endpointsText(b));
}
const endpointsText = ({ endpoints }: NodeRecord): string =>
  JSON.stringify(Object.entries(endpoints).toSorted(([x], [y]) => compare(x, y)));
