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
  /** Counts the signs of life within one incarnation, from 1: the node's own count, whichever registry heard it. */
  readonly heartbeat: number;
  readonly state: 'up' | 'left';
};
/** An entry on its way, and for how many ticks its teller had heard no later sign of life. */
export type ToldEntry = Entry & { readonly quietTicks: number };
/** What tells two registries whether one knows more of a node. */
export type EntryVersion = Pick<Entry, 'heartbeat' | 'state'> & Pick<NodeRecord, 'nodeId' | 'incarnation'>;
/** `beat`: the node's count of its signs of life, this one among them; 0 of whoever counts none. */
type Sign = { readonly nodeId: string; readonly incarnation: number; readonly beat?: number };

export type Input =
  | { readonly kind: 'register'; readonly record: NodeRecord; readonly beat?: number }
  | ({ readonly kind: 'heartbeat'; readonly load: number } & Sign)
  | ({ readonly kind: 'unregister' } & Sign)
  | { readonly kind: 'tick' }
  /** Another registry's entries. */
  | { readonly kind: 'merge'; readonly entries: readonly ToldEntry[] };

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
        return this.#register(input.record, input.beat ?? 0);
      case 'heartbeat':
        return this.#beat(input, input.load);
      case 'unregister':
        return this.#unregister(input);
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
  /** Everything, the departed too, in order of node id. */
  entries(): readonly Entry[] {
    return [...this.#slots.values()]
      .map(({ entry }) => entry)
      .toSorted((a, b) => (a.record.nodeId < b.record.nodeId ? -1 : 1));
  }
  /** Of everything that is known. */
  versions(): readonly EntryVersion[] {
    return [...this.#slots.values()].map(({ entry }) => versionOf(entry));
  }
  /** What another registry lacks that has these, or all when it said nothing of them. */
  newerThan(versions: readonly EntryVersion[]): readonly ToldEntry[] {
    const theirs = new Map(versions.map((version) => [version.nodeId, version]));
    return [...this.#slots.values()].flatMap((slot) => {
      const version = theirs.get(slot.entry.record.nodeId);
      return version === undefined || compareVersions(versionOf(slot.entry), version) > 0 ? [this.#told(slot)] : [];
    });
  }
  /** Of these nodes another registry knows more than this one. */
  behind(versions: readonly EntryVersion[]): readonly string[] {
    return versions
      .filter((version) => {
        const own = this.#slots.get(version.nodeId)?.entry;
        return own === undefined || compareVersions(version, versionOf(own)) > 0;
      })
      .map(({ nodeId }) => nodeId);
  }
  /** Those of the named nodes that are known. */
  tell(nodeIds: readonly string[]): readonly ToldEntry[] {
    return nodeIds.flatMap((nodeId) => {
      const slot = this.#slots.get(nodeId);
      return slot === undefined ? [] : [this.#told(slot)];
    });
  }
  get count(): number {
    return this.#upCount;
  }

  #told({ entry, dueTick }: Slot): ToldEntry {
    return { ...entry, quietTicks: this.#lifeTicks(entry.state) - (dueTick - this.#tick) };
  }

  #register(record: NodeRecord, beat: number): readonly Effect[] {
    const known = this.#slots.get(record.nodeId)?.entry;
    const knownIncarnation = known?.record.incarnation ?? 0;
    const same = known !== undefined && knownIncarnation === record.incarnation ? known : undefined;
    // Its own later sign of life has overtaken this one on another way; after a farewell that was the last.
    const overtaken = beat > 0 && same !== undefined && beat <= same.heartbeat;
    if ((known !== undefined && knownIncarnation > record.incarnation) || (overtaken && same.state === 'left'))
      return [{ kind: 'refused', why: 'older', knownIncarnation }];
    if (known?.state !== 'up' && this.#upCount >= nodeCountMax)
      return [{ kind: 'refused', why: 'full', knownIncarnation }];
    if (overtaken) return [{ kind: 'accepted' }];
    const heartbeat = beat > 0 ? beat : (same?.heartbeat ?? 0) + 1;
    return [{ kind: 'accepted' }, ...this.#put({ record, heartbeat, state: 'up' })];
  }

  #beat({ nodeId, incarnation, beat = 0 }: Sign, load: number): readonly Effect[] {
    const known = this.#slots.get(nodeId)?.entry;
    if (known?.state !== 'up' || known.record.incarnation !== incarnation) return [{ kind: 'beaten', known: false }];
    if (beat > 0 && beat <= known.heartbeat) return [{ kind: 'beaten', known: true }];
    const record = known.record.load === load ? known.record : { ...known.record, load };
    const heartbeat = beat > 0 ? beat : known.heartbeat + 1;
    return [{ kind: 'beaten', known: true }, ...this.#put({ ...known, record, heartbeat })];
  }

  #unregister({ nodeId, incarnation, beat = 0 }: Sign): readonly Effect[] {
    const known = this.#slots.get(nodeId)?.entry;
    if (known?.state !== 'up' || known.record.incarnation > incarnation) return [];
    // A farewell is the last word of a life, whatever of it was on its way meanwhile.
    return this.#put({ ...known, heartbeat: Math.max(known.heartbeat + 1, beat), state: 'left' });
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

  #merge({ quietTicks, ...entry }: ToldEntry): readonly Effect[] {
    const known = this.#slots.get(entry.record.nodeId)?.entry;
    if (known !== undefined && compareEntries(entry, known) <= 0) return [];
    if (entry.state === 'up' && known?.state !== 'up' && this.#upCount >= nodeCountMax) return [];
    return this.#put(entry, quietTicks);
  }

  #lifeTicks(state: Entry['state']): number {
    return state === 'up' ? this.#leaseTicks : this.#leaseTicks * departedKeptLeases;
  }
  /** @param quietTicks for so long its last sign of life is past: a lease is not longer for those who hear of it later. */
  #put(entry: Entry, quietTicks = 0): readonly Effect[] {
    const { record, state } = entry;
    const before = this.#slots.get(record.nodeId)?.entry;
    const leftTicks = Math.max(1, this.#lifeTicks(state) - quietTicks);
    this.#slots.delete(record.nodeId);
    this.#slots.set(record.nodeId, { entry, dueTick: this.#tick + leftTicks });
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

const versionOf = ({ record, heartbeat, state }: Entry): EntryVersion => ({
  nodeId: record.nodeId,
  incarnation: record.incarnation,
  heartbeat,
  state,
});
function compareVersions(a: EntryVersion, b: EntryVersion): number {
  return (
    compare(a.incarnation, b.incarnation) ||
    compare(a.heartbeat, b.heartbeat) ||
    compare(a.state === 'left' ? 1 : 0, b.state === 'left' ? 1 : 0)
  );
}
/** Positive when `a` is the newer news of one node. A total order: the merge is its maximum. */
export const compareEntries = (a: Entry, b: Entry): number =>
  compareVersions(versionOf(a), versionOf(b)) || compareRecords(a.record, b.record);

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
