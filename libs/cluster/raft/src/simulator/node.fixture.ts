/**
 * A driver in small: it keeps the entries, does the writes later and in order, applies later still, cuts the log, sends
 * snapshots, and tells clients what became of their operations.
 */
import { assert, present, type LogIndex, type NodeId, type Prng, type Term } from '@skerry/kernel';
import type { KeyValueOutput } from '@skerry/testing/linearizability';
import { Raft } from '../raft.ts';
import type {
  Configuration,
  Effect,
  Entry,
  Input,
  OutgoingMessage,
  RefusalReason,
  SnapshotMark,
  Write,
} from '../types.ts';
import { Disk } from './disk.fixture.ts';
import type { Invariants } from './invariants.fixture.ts';
import type { Network, Parcel } from './network.fixture.ts';
import type { Moment, Plan } from './plan.fixture.ts';
import { applyEntry, emptyState, operationOf, valueOf, type State } from './state.fixture.ts';

/** What a node shares with the others. Times are in 1/10 ticks. */
export interface Surroundings {
  readonly plan: Plan;
  readonly network: Network;
  readonly invariants: Invariants;
  readonly calm: boolean;
  readonly now: number;
  later(delay: number, run: () => void): void;
  incarnationOf(id: NodeId): number;
  mark(name: string): void;
}
/** Exactly one is called, or none when the node dies. */
export type WriteAnswer = (answer: KeyValueOutput | 'overwritten' | RefusalReason) => void;
export type ReadAnswer = (value: string | undefined, refused: boolean) => void;
type WaitingRead = { readonly key: string; readonly floor: number; readonly answer: ReadAnswer };

const tickLength = 10;
/** In 1/10 ticks. */
const applyDelayMax = 30;
/** After a transfer of a snapshot its sender is told how it went. */
const snapshotOutcomeDelay = 320;

export class Node {
  readonly id: NodeId;
  machine: Raft | undefined;
  incarnation = 0;
  disk: Disk;
  /** Newer than the disk: what the driver holds in memory. */
  base: SnapshotMark;
  log: Entry[] = [];
  state: State = emptyState();
  pausedUntil = 0;
  stalledUntil = 0;
  armed: Moment | undefined;
  /** After an armed crash. */
  downTicks = 0;
  /** Its disk was lost once: its votes and acknowledgements before that are gone. */
  wiped = false;
  leads = false;
  readonly #random: Prng;
  readonly #around: Surroundings;
  readonly #rate: number;
  #commitTold = 0;
  #applying = false;
  /** Of the `installSnapshot` that is being received. */
  #offered: State | undefined;
  #writes = new Map<string, WriteAnswer>();
  #reads = new Map<number, WaitingRead>();
  #requests = 0;

  constructor(id: NodeId, configuration: Configuration, random: Prng, around: Surroundings) {
    this.id = id;
    this.#random = random;
    this.#around = around;
    this.disk = new Disk(configuration);
    this.base = this.disk.base;
    const { drift } = around.plan.rates;
    this.#rate = 1 + drift * (2 * random.next() - 1);
  }
  get running(): Raft {
    return present(this.machine, 'machine');
  }

  start(): void {
    const { disk } = this;
    disk.recover();
    this.incarnation += 1;
    this.base = disk.base;
    this.log = [...disk.log];
    const follows = this.log.every(({ index }, place) => index === disk.base.last.index + 1 + place);
    assert(follows, `${this.id} starts with a log that does not follow its snapshot`);
    this.state = disk.state;
    this.#commitTold = disk.state.index;
    this.#applying = false;
    this.#offered = undefined;
    this.leads = false;
    this.armed = undefined;
    const random = this.#random.fork();
    const { appendSizeMaxBytes, inflightCountMax, lease, seed } = this.#around.plan;
    this.machine = new Raft({
      id: this.id,
      incarnation: this.incarnation,
      stored: { hardState: disk.hardState, snapshot: disk.base, log: disk.log, applied: disk.state.index as LogIndex },
      below: (limit) => random.below(limit),
      inflightCountMax,
      appendSizeMaxBytes,
      promotionLagMax: this.#around.invariants.promotionLagMax,
      leaseReads: lease,
      tellsCommitAtOnce: seed % 3 !== 0,
      prefersSnapshot: (missingBytes) => seed % 4 === 2 && missingBytes > 200,
    });
    this.#tickLater(random.between(1, tickLength));
  }
  #tickLater(delay: number): void {
    this.#inThisLife(delay, () => {
      this.step({ kind: 'tick' });
      this.#tickLater(this.#around.calm ? tickLength : tickLength * this.#rate);
    });
  }
  /** Dropped when the node died meanwhile; put off while it is paused. */
  #inThisLife(delay: number, run: () => void): void {
    const { incarnation } = this;
    const attempt = (): void => {
      if (this.incarnation !== incarnation || this.machine === undefined) return;
      const wait = this.pausedUntil - this.#around.now;
      if (wait > 0) this.#around.later(wait, attempt);
      else run();
    };
    this.#around.later(delay, attempt);
  }
  /** Stands still, and perhaps catches up its ticks. */
  pause(ticks: number, catchUp: boolean): void {
    if (this.machine === undefined) return;
    this.pausedUntil = this.#around.now + ticks * tickLength;
    this.#around.mark('pause');
    if (!catchUp) return;
    this.#inThisLife(0, () => {
      for (let tick = 0; tick < ticks && this.machine !== undefined; tick++) this.step({ kind: 'tick' });
    });
  }
  crash(): void {
    if (this.machine === undefined) return;
    const torn = this.disk.crash(this.#random);
    if (torn !== undefined) this.#around.mark(`torn ${torn}`);
    this.machine = undefined;
    this.#writes.clear();
    this.#reads.clear();
    this.#requests = 0;
    this.#around.mark('crash');
    const { incarnation, downTicks } = this;
    this.#around.later(downTicks * tickLength, () => {
      if (this.incarnation === incarnation && this.machine === undefined) this.start();
    });
  }
  wipe(configuration: Configuration): void {
    this.crash();
    this.disk = new Disk(configuration);
    this.wiped = true;
    this.#around.mark('wiped disk');
  }
  compact(kept: number): void {
    const { machine, disk } = this;
    if (machine === undefined || disk.hasSnapshotPending) return;
    // Only what the saved state covers may go.
    const index = Math.max(0, disk.state.index - kept) as LogIndex;
    const term = machine.termAt(index);
    if (term === undefined || index <= disk.base.last.index || index <= this.base.last.index) return;
    const base = { last: { index, term }, configuration: machine.configurationAt(index) };
    this.#around.invariants.onSnapshot(this.id, base);
    disk.compact(base);
    this.log = this.log.slice(index - this.base.last.index);
    this.base = base;
    this.step({ kind: 'compacted', index });
    this.#around.mark('compacted');
  }

  propose(body: Uint8Array, fillers: readonly Uint8Array[], answer: WriteAnswer): void {
    if (this.machine === undefined || this.pausedUntil > this.#around.now) return;
    const effects = this.step({ kind: 'propose', bodies: [body, ...fillers] });
    for (const effect of effects) {
      if (effect.kind === 'refused') answer(effect.reason);
      if (effect.kind === 'proposed') this.#writes.set(`${effect.first}:${effect.term}`, answer);
    }
  }
  read(key: string, floor: number, answer: ReadAnswer): void {
    if (this.machine === undefined || this.pausedUntil > this.#around.now) return;
    this.#requests += 1;
    const request = this.#requests;
    this.#reads.set(request, { key, floor, answer });
    this.step({ kind: 'read', request });
  }
  deliver({ message, state }: Parcel): void {
    this.#inThisLife(0, () => {
      this.#offered = state;
      this.step({ kind: 'receive', message });
      this.#offered = undefined;
    });
  }

  step(input: Input): readonly Effect[] {
    const machine = this.running;
    const { invariants } = this.#around;
    const before = { term: machine.term, commit: machine.commit };
    const effects = machine.step(input);
    invariants.onStep(this, before);
    for (const [place, effect] of effects.entries()) {
      this.#perform(effect);
      if (this.machine !== machine) return effects.slice(0, place);
      // A crash between any two effects: what was just sent is on its way, what was just written is not on disk.
      if (this.armed !== undefined && strikes(this.armed, effect, input)) {
        this.armed = undefined;
        this.#around.mark('crash between effects');
        this.crash();
        return effects.slice(0, place + 1);
      }
    }
    return effects;
  }
  #perform(effect: Effect): void {
    const { invariants } = this.#around;
    switch (effect.kind) {
      case 'write':
        return this.#write(effect);
      case 'send':
        return this.#send(effect.message);
      case 'commit':
        invariants.onCommitTold(this, effect.index);
        this.#commitTold = effect.index;
        return this.#applyLater();
      case 'readReady':
        return this.#readReady(effect.request, effect.index);
      case 'readRefused': {
        const read = this.#reads.get(effect.request);
        this.#reads.delete(effect.request);
        return read?.answer(undefined, true);
      }
      case 'sendSnapshot':
        return this.#sendSnapshot(effect.to);
      case 'refused':
        return this.#around.mark(`refused ${effect.reason}`);
      case 'configured':
        invariants.onConfigured(this);
        if (effect.configuration.outgoing.length > 0) this.#around.mark('joint');
        return undefined;
      case 'role':
        return this.#around.mark(effect.role);
      case 'proposed':
        return undefined;
      default:
        return effect satisfies never;
    }
  }
  #write(write: Write): void {
    const { truncateFrom, snapshot, entries } = write;
    const { rates } = this.#around.plan;
    let state: State | undefined;
    if (snapshot !== undefined) {
      state = present(this.#offered, 'state of the snapshot');
      this.#around.invariants.onDropped(this, snapshot.last.index + 1);
      this.base = snapshot;
      this.log = [];
      this.state = state;
      this.#commitTold = state.index;
      this.#around.mark('snapshot installed');
    }
    if (truncateFrom !== undefined) {
      this.#around.invariants.onDropped(this, truncateFrom);
      this.log = this.log.slice(0, Math.max(0, truncateFrom - 1 - this.base.last.index));
      this.#around.mark('truncated');
    }
    this.log.push(...entries);
    if (truncateFrom !== undefined || snapshot !== undefined) this.#around.invariants.onConfigured(this);
    this.disk.write(write, state);
    const slow = this.#random.chance(rates.slowWrite) ? 20 : 1;
    const delay = this.#random.between(1, this.#around.calm ? 5 : rates.diskDelayMax * slow);
    this.#inThisLife(Math.max(delay, this.stalledUntil - this.#around.now), () => {
      // An fsync makes durable all that was written before it.
      if (this.disk.sync(write.sequence)) this.step({ kind: 'persisted', sequence: write.sequence });
    });
  }
  #applyLater(): void {
    if (this.#applying) return;
    this.#applying = true;
    this.#inThisLife(this.#random.between(1, applyDelayMax), () => {
      this.#applying = false;
      const from = this.state.index;
      while (this.state.index < this.#commitTold) this.#apply();
      if (this.state.index === from) return;
      if (this.#random.chance(0.5)) this.disk.saveState(this.state);
      this.step({ kind: 'applied', index: this.state.index as LogIndex });
    });
  }
  #apply(): void {
    const index = this.state.index + 1;
    const entry = this.log[index - this.base.last.index - 1];
    assert(entry?.index === index, `${this.id} applies ${index}, which it does not have`);
    const { state, answer } = applyEntry(this.state, entry);
    this.state = state;
    this.#around.invariants.onApplied(this.id, entry, state, operationOf(entry));
    for (const [place, waiting] of this.#writes) {
      const [at, term] = place.split(':').map(Number);
      if (at !== index) continue;
      this.#writes.delete(place);
      if (term !== entry.term) this.#around.mark('overwritten');
      waiting(term === entry.term && answer !== undefined ? answer : 'overwritten');
    }
  }
  #readReady(request: number, index: LogIndex): void {
    const read = this.#reads.get(request);
    // A doubled reply answers twice.
    if (read === undefined) return;
    this.#reads.delete(request);
    assert(index >= read.floor, `stale read at ${this.id}: ${index} is before ${read.floor}`);
    assert(this.state.index >= index, `read before apply at ${this.id}`);
    this.#around.mark(this.running.role === 'leader' ? 'read at the leader' : 'read at a follower');
    read.answer(valueOf(this.state, read.key), false);
  }
  #send(message: OutgoingMessage): void {
    const { invariants, network } = this.#around;
    const { body } = message;
    invariants.onSend(this, message);
    if (body.kind !== 'appendRange') {
      network.post({ message: { ...message, body }, state: undefined });
      return;
    }
    const { previous, last, commit } = body;
    const before = this.base.last.index;
    if (previous.index < before) return;
    const entries = this.log.slice(previous.index - before, last - before);
    network.post({ message: { ...message, body: { kind: 'append', previous, entries, commit } }, state: undefined });
  }
  #sendSnapshot(to: NodeId): void {
    const machine = this.running;
    const index = this.state.index as LogIndex;
    const term: Term = present(machine.termAt(index), 'term of the state');
    const mark = { last: { index, term }, configuration: machine.configurationAt(index) };
    this.#around.invariants.onSnapshot(this.id, mark);
    const toIncarnation = this.#around.incarnationOf(to);
    const envelope = { from: this.id, fromIncarnation: this.incarnation, to, toIncarnation, term: machine.term };
    const message = { ...envelope, body: { kind: 'installSnapshot' as const, mark } };
    const arrives = this.#around.network.post({ message, state: this.state });
    this.#around.mark('snapshot sent');
    // The driver may be wrong: the last word that it hears is not what became of it.
    const ok = this.#random.chance(0.2) ? this.#random.chance(0.5) : arrives;
    const delay = this.#random.between(1, snapshotOutcomeDelay);
    this.#inThisLife(delay, () => void this.step({ kind: 'snapshotSent', to, ok }));
  }
}

function strikes(moment: Moment, effect: Effect, input: Input): boolean {
  switch (moment) {
    case 'now':
      return true;
    case 'write':
      return effect.kind === 'write';
    case 'snapshot':
      return effect.kind === 'write' && effect.snapshot !== undefined;
    case 'send':
      return effect.kind === 'send';
    case 'vote':
      return effect.kind === 'send' && effect.message.body.kind === 'vote' && !effect.message.body.pre;
    case 'persisted':
      return input.kind === 'persisted';
  }
}
