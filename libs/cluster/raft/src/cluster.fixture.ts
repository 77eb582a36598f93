/**
 * A group of machines in virtual time, with a seeded network, seeded disks and seeded crashes, and the invariants of
 * Raft checked after every step (thesis figure 3.2; raft.md, "The simulator").
 *
 * A driver in small: it keeps the entries, does the writes later and in order, applies later still, cuts the log, sends
 * snapshots. A crash keeps a prefix of the unfinished writes, torn anywhere between two records.
 */
import { assert, present, Prng, type LogIndex, NodeId, type Term } from '@skerry/kernel';
import { configurationOf, isJoint, isVoter, membersOf } from './configuration.ts';
import { EventHeap } from './event-heap.fixture.ts';
import { Raft } from './raft.ts';
import type {
  Configuration,
  Effect,
  Entry,
  HardState,
  Input,
  Message,
  OutgoingMessage,
  SnapshotMark,
  Write,
} from './types.ts';

export type Faults = {
  readonly lossRate: number;
  readonly duplicateRate: number;
  readonly delayMax: number;
  readonly diskDelayMax: number;
  readonly crashRate: number;
  readonly cutRate: number;
  readonly pauseRate: number;
  readonly compactRate: number;
  readonly memberRate: number;
  readonly transferRate: number;
  readonly wipeRate: number;
};
/** Applied state: how far, and a digest of all commands in order. */
type State = { readonly index: number; readonly digest: number };
type Disk = { hardState: HardState; base: SnapshotMark; log: Entry[]; state: State };
type Snapshot = { readonly mark: SnapshotMark; readonly state: State };
type Node = {
  readonly id: NodeId;
  incarnation: number;
  machine: Raft | undefined;
  disk: Disk;
  /** Newer than the disk: what the driver holds in memory. */
  base: SnapshotMark;
  log: Entry[];
  writes: { readonly write: Write; readonly state: State | undefined }[];
  state: State;
  commitTold: number;
  applying: boolean;
  pausedUntil: number;
  leads: boolean;
};
type Pending = { readonly index: number; readonly term: Term; readonly node: NodeId };

const tickLength = 10;
/** Events in one tick of time; more are messages that answer each other without end. */
const eventsPerTickMax = 20_000;

export class Cluster {
  readonly random: Prng;
  readonly faults: Faults;
  readonly nodes = new Map<NodeId, Node>();
  /** What rare states were reached, for tests that prove that the seeds reach them. */
  readonly marks = new Map<string, number>();
  readonly acknowledged = new Map<number, Term>();
  readonly #events = new EventHeap();
  readonly #cuts = new Set<string>();
  readonly #leaders = new Map<number, NodeId>();
  readonly #votes = new Map<string, NodeId>();
  /** `seenTerm`: of the node that first applied it; decided in that term or before. */
  readonly #decided = new Map<number, { readonly term: Term; readonly seenTerm: Term; readonly text: string }>();
  readonly #digests = new Map<number, number>();
  readonly #pending = new Map<string, Pending>();
  readonly #reads = new Map<number, { readonly floor: number; readonly node: NodeId }>();
  readonly #wiped = new Set<NodeId>();
  readonly #first: Configuration;
  #now = 0;
  #proposals = 0;
  #requests = 0;
  #decidedTop = 0;
  #calm = false;
  readsServed = 0;

  constructor(seed: number, size: number, faults: Faults, spare = 0) {
    this.random = new Prng(seed);
    this.faults = faults;
    const ids = Array.from({ length: size + spare }, (_, n) => NodeId(`n${n + 1}`));
    this.#first = configurationOf(ids.slice(0, size));
    // Who joins later knows of no voters, and waits to be asked.
    for (const id of ids) this.#add(id, isVoter(this.#first, id) ? this.#first : configurationOf([]));
    for (const id of ids) this.#start(id);
  }
  get now(): number {
    return this.#now;
  }
  mark(name: string): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }

  #add(id: NodeId, configuration: Configuration): void {
    const base = { last: { index: 0 as LogIndex, term: 0 as Term }, configuration };
    const hardState: HardState = { term: 0 as Term, vote: undefined, standing: 'new' };
    const state = { index: 0, digest: 0 };
    const disk = { hardState, base, log: [], state };
    const node: Node = {
      id,
      incarnation: 0,
      machine: undefined,
      disk,
      base,
      log: [],
      writes: [],
      state,
      commitTold: 0,
      applying: false,
      pausedUntil: 0,
      leads: false,
    };
    this.nodes.set(id, node);
  }
  #start(id: NodeId): void {
    const node = this.#node(id);
    const { disk } = node;
    node.incarnation += 1;
    node.base = disk.base;
    node.log = [...disk.log];
    node.writes = [];
    node.state = disk.state;
    node.commitTold = disk.state.index;
    node.applying = false;
    node.leads = false;
    const { incarnation } = node;
    const random = this.random.fork();
    node.machine = new Raft({
      id,
      incarnation,
      stored: { hardState: disk.hardState, snapshot: disk.base, log: disk.log, applied: disk.state.index as LogIndex },
      below: (limit) => random.below(limit),
      inflightCountMax: 8,
      appendSizeMaxBytes: 200,
      promotionLagMax: 5,
    });
    const tick = (): void => {
      if (node.incarnation !== incarnation || node.machine === undefined) return;
      if (this.#now >= node.pausedUntil) this.#step(node, { kind: 'tick' });
      this.#later(tickLength, tick);
    };
    this.#later(this.random.between(1, tickLength), tick);
  }
  #node(id: NodeId): Node {
    return present(this.nodes.get(id), id);
  }
  #later(delay: number, run: () => void): void {
    this.#events.add(this.#now + delay, run);
  }

  /** Runs until `until`, in ticks of the machines. @throws AssertionError when an invariant breaks. */
  run(ticks: number): void {
    const end = this.#now + ticks * tickLength;
    const countMax = this.#events.added + ticks * eventsPerTickMax;
    for (let event = this.#events.takeUntil(end); event !== undefined; event = this.#events.takeUntil(end)) {
      this.#now = event.at;
      event.run();
      assert(this.#events.added < countMax, 'messages answer each other without end');
    }
    this.#now = end;
  }
  /** Random faults and clients for so many ticks. */
  trouble(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) {
      this.#chaos();
      this.run(1);
    }
  }
  /** No more faults; all nodes run. */
  heal(): void {
    this.#calm = true;
    this.#cuts.clear();
    for (const node of this.nodes.values()) {
      node.pausedUntil = 0;
      if (node.machine === undefined) this.#start(node.id);
    }
  }
  /** After {@link heal}: a leader is found, a write decided, and all members have it. @throws AssertionError when not in time. */
  expectLiveness(ticks: number): void {
    const settled = (): boolean => {
      const leader = [...this.nodes.values()].find(({ machine }) => machine?.status().role === 'leader');
      if (leader?.machine === undefined) return false;
      const { commit, last, configuration } = leader.machine.status();
      if (isJoint(configuration) || !isVoter(configuration, leader.id)) return false;
      return commit === last.index && membersOf(configuration).every((id) => this.#node(id).state.index >= commit);
    };
    const until = (done: () => boolean, eachRound: () => void): boolean => {
      for (let tick = 0; tick < ticks; tick++) {
        if (tick % 20 === 5) eachRound();
        this.run(1);
        if (tick % 20 === 19 && done()) return true;
      }
      return false;
    };
    // Without a client's write an election alone must make reads possible, and decide what was under way.
    const { readsServed } = this;
    const served = until(
      () => this.readsServed > readsServed,
      () => this.read(),
    );
    const decided = this.#decidedTop;
    const written =
      served &&
      until(
        () => this.#decidedTop > decided,
        () => this.propose(),
      );
    if (written && until(settled, () => undefined)) return;
    const statuses = [...this.nodes.values()].map(({ id, machine, state }) => {
      const status = machine?.status();
      return `${id} ${status?.role} t${status?.term} c${status?.commit} l${status?.last.index} ${status?.standing} a${state.index} leader ${status?.leader} ${JSON.stringify(status?.configuration)} ${JSON.stringify(status?.followers)}`;
    });
    assert(false, `no progress in ${ticks} ticks after healing:\n${statuses.join('\n')}`);
  }

  #chaos(): void {
    const { random, faults } = this;
    const ids = [...this.nodes.keys()];
    if (random.chance(0.3)) this.propose();
    if (random.chance(0.2)) this.read();
    if (random.chance(faults.crashRate)) this.crash(random.pick(ids));
    if (random.chance(faults.pauseRate)) this.#node(random.pick(ids)).pausedUntil = this.#now + random.between(20, 400);
    if (random.chance(0.08)) this.#restartOne();
    if (random.chance(faults.cutRate)) this.#cut();
    if (random.chance(0.05)) this.#cuts.clear();
    if (random.chance(faults.compactRate)) this.#compact(this.#node(random.pick(ids)));
    if (random.chance(faults.memberRate)) this.#configure();
    if (random.chance(faults.transferRate)) this.#stepLeader({ kind: 'transfer', to: random.pick(ids) });
    if (random.chance(faults.wipeRate)) this.#wipe(random.pick(ids));
  }
  #cut(): void {
    const ids = [...this.nodes.keys()];
    const side = ids.filter(() => this.random.chance(0.5));
    const oneWay = this.random.chance(0.3);
    for (const a of side) {
      for (const b of ids) {
        if (side.includes(b)) continue;
        this.#cuts.add(`${a}>${b}`);
        if (!oneWay) this.#cuts.add(`${b}>${a}`);
      }
    }
  }
  #restartOne(): void {
    const dead = [...this.nodes.values()].filter(({ machine }) => machine === undefined);
    if (dead.length > 0) this.#start(this.random.pick(dead).id);
  }
  /** A prefix of the unfinished writes stays, the last of them perhaps in part. */
  crash(id: NodeId): void {
    const node = this.#node(id);
    if (node.machine === undefined) return;
    const kept = this.random.below(node.writes.length + 1);
    for (const { write, state } of node.writes.slice(0, kept)) persist(node.disk, write, state);
    const torn = node.writes[kept];
    if (torn !== undefined && torn.write.snapshot === undefined && this.random.chance(0.5)) {
      const entries = torn.write.entries.slice(0, this.random.below(torn.write.entries.length + 1));
      persist(node.disk, { ...torn.write, entries }, undefined);
      this.mark('torn write');
    }
    node.machine = undefined;
    node.writes = [];
    this.mark('crash');
  }
  /** The disk is lost; the node comes back empty. Not while another that lost its disk has not recovered: that is beyond what Raft bears. */
  #wipe(id: NodeId): void {
    const others = [...this.nodes.values()].filter((node) => node.id !== id);
    const leader = others.find(({ machine }) => machine?.status().role === 'leader');
    if (leader?.machine === undefined || !isVoter(leader.machine.status().configuration, id)) return;
    const voters = others.filter((node) => isVoter(present(leader.machine, 'leader').status().configuration, node.id));
    if (!voters.every(({ disk }) => disk.hardState.standing === 'member')) return;
    if (voters.length < 2) return;
    this.crash(id);
    const node = this.#node(id);
    this.#wiped.add(id);
    // A group begins once: whoever lost its disk comes back as one that joins.
    const configuration = configurationOf([]);
    const base = { last: { index: 0 as LogIndex, term: 0 as Term }, configuration };
    node.disk = {
      hardState: { term: 0 as Term, vote: undefined, standing: 'new' },
      base,
      log: [],
      state: { index: 0, digest: 0 },
    };
    this.mark('wiped disk');
  }
  #compact(node: Node): void {
    const { machine, disk } = node;
    if (machine === undefined) return;
    // Only what the saved state covers may go.
    const index = Math.max(0, disk.state.index - this.random.below(4)) as LogIndex;
    const term = machine.termAt(index);
    if (term === undefined || index <= disk.base.last.index || index <= node.base.last.index) return;
    if (node.writes.some(({ write }) => write.snapshot !== undefined)) return;
    const base = { last: { index, term }, configuration: machine.configurationAt(index) };
    disk.log = disk.log.filter((entry) => entry.index > index);
    disk.base = base;
    node.log = node.log.filter((entry) => entry.index > index);
    node.base = base;
    this.#step(node, { kind: 'compacted', index });
    this.mark('compacted');
  }
  #configure(): void {
    const ids = [...this.nodes.keys()];
    // Sometimes two at once: the second must wait.
    for (let count = this.random.between(1, 2); count > 0; count--) {
      const voters = ids.filter(() => this.random.chance(0.6));
      this.#stepLeader({ kind: 'configure', voters, learners: ids.filter((id) => !voters.includes(id)) });
    }
  }
  #stepLeader(input: Input): void {
    const leader = [...this.nodes.values()].find(({ machine }) => machine?.status().role === 'leader');
    if (leader !== undefined) this.#step(leader, input);
  }
  /** A client's write, at a node that may think itself leader. */
  propose(): void {
    const leaders = [...this.nodes.values()].filter(({ machine }) => machine?.status().role === 'leader');
    if (leaders.length === 0) return;
    const count = this.random.between(1, 3);
    const bodies = Array.from({ length: count }, () => new TextEncoder().encode(`w${++this.#proposals}`));
    this.#step(this.random.pick(leaders), { kind: 'propose', bodies });
  }
  read(): void {
    const node = this.random.pick([...this.nodes.values()]);
    if (node.machine === undefined) return;
    const request = ++this.#requests;
    this.#reads.set(request, { floor: Math.max(0, ...this.acknowledged.keys()), node: node.id });
    this.#step(node, { kind: 'read', request });
  }

  #step(node: Node, input: Input): void {
    const machine = present(node.machine, 'machine');
    const { commit, term } = machine.status();
    for (const effect of machine.step(input)) {
      this.#perform(node, effect);
      // A crash between any two effects: what was just sent is on its way, what was just written is not on disk.
      if (!this.#calm && this.random.chance(this.faults.crashRate / 20)) return this.crash(node.id);
    }
    const after = machine.status();
    assert(after.commit >= commit, `${node.id}: commit went back from ${commit} to ${after.commit}`);
    assert(after.term >= term, `${node.id}: term went back from ${term} to ${after.term}`);
    this.#checkLeader(node, machine);
  }
  #checkLeader(node: Node, machine: Raft): void {
    const { role, term } = machine.status();
    const leads = role === 'leader';
    if (leads) {
      const known = this.#leaders.get(term) ?? node.id;
      assert(known === node.id, `two leaders in term ${term}: ${known} and ${node.id}`);
      this.#leaders.set(term, node.id);
      if (!node.leads) {
        this.mark('elected');
        for (const [index, decided] of this.#decided) {
          // A leader that learns late that it was elected may lack what a later one decided meanwhile.
          if (index <= node.base.last.index || decided.seenTerm >= term) continue;
          const entry = node.log[index - node.base.last.index - 1];
          assert(entry?.term === decided.term, `leader ${node.id} of term ${term} lacks decided entry ${index}`);
        }
      }
    }
    node.leads = leads;
  }

  #perform(node: Node, effect: Effect): void {
    switch (effect.kind) {
      case 'write':
        this.#write(node, effect);
        return;
      case 'send':
        this.#send(node, effect.message);
        return;
      case 'commit':
        node.commitTold = effect.index;
        if (!node.applying) this.#applyLater(node);
        return;
      case 'proposed':
        for (let n = 0; n < effect.count; n++) {
          const index = effect.first + n;
          this.#pending.set(`${node.id}:${index}:${effect.term}`, { index, term: effect.term, node: node.id });
        }
        return;
      case 'readReady': {
        const read = present(this.#reads.get(effect.request), 'read');
        assert(effect.index >= read.floor, `stale read at ${node.id}: ${effect.index} is before ${read.floor}`);
        assert(node.state.index >= effect.index, `read before apply at ${node.id}`);
        this.readsServed += 1;
        return;
      }
      case 'sendSnapshot':
        this.#sendSnapshot(node, effect.to);
        return;
      case 'refused':
        this.mark(`refused ${effect.reason}`);
        return;
      case 'configured':
        if (effect.configuration.outgoing.length > 0) this.mark('joint');
        return;
      case 'readRefused':
      case 'role':
        return;
      default:
        effect satisfies never;
    }
  }
  #write(node: Node, write: Write): void {
    if (write.snapshot !== undefined) {
      node.base = write.snapshot;
      node.log = [];
      this.mark('snapshot installed');
    }
    if (write.truncateFrom !== undefined) {
      node.log = node.log.filter(({ index }) => index < present(write.truncateFrom, 'index'));
      this.mark('truncated');
    }
    node.log.push(...write.entries);
    const { incarnation } = node;
    node.writes.push({ write, state: write.snapshot === undefined ? undefined : node.state });
    const slow = this.random.chance(0.1) ? 20 : 1;
    this.#later(this.random.between(1, this.#calm ? 5 : this.faults.diskDelayMax * slow), () => {
      if (node.incarnation !== incarnation || node.machine === undefined) return;
      // An fsync makes durable all that was written before it.
      const done = node.writes.filter((pending) => pending.write.sequence <= write.sequence);
      if (done.length === 0) return;
      node.writes = node.writes.slice(done.length);
      for (const pending of done) persist(node.disk, pending.write, pending.state);
      this.#step(node, { kind: 'persisted', sequence: write.sequence });
    });
  }
  #applyLater(node: Node): void {
    node.applying = true;
    const { incarnation } = node;
    this.#later(this.random.between(1, 30), () => {
      if (node.incarnation !== incarnation || node.machine === undefined) return;
      node.applying = false;
      const from = node.state.index;
      while (node.state.index < node.commitTold) this.#apply(node);
      if (node.state.index === from) return;
      if (this.random.chance(0.5) && node.writes.every(({ write }) => write.snapshot === undefined))
        node.disk.state = node.state;
      this.#step(node, { kind: 'applied', index: node.state.index as LogIndex });
    });
  }
  #apply(node: Node): void {
    const index = node.state.index + 1;
    const entry = node.log[index - node.base.last.index - 1];
    assert(entry?.index === index, `${node.id} applies ${index}, which it does not have`);
    const text = new TextDecoder().decode(entry.body);
    const known = this.#decided.get(index);
    if (known === undefined) this.#decide(entry, text, present(node.machine, 'machine').status().term);
    else
      assert(known.term === entry.term && known.text === text, `${node.id} applies another ${index} than was decided`);
    const digest = digestOf(node.state.digest, entry);
    const expected = this.#digests.get(index) ?? digest;
    assert(expected === digest, `state of ${node.id} differs at ${index}`);
    this.#digests.set(index, digest);
    node.state = { index, digest };
    if (this.#pending.delete(`${node.id}:${index}:${entry.term}`)) this.acknowledged.set(index, entry.term);
  }
  #decide(entry: Entry, text: string, seenTerm: Term): void {
    this.#decided.set(entry.index, { term: entry.term, seenTerm, text });
    this.#decidedTop = Math.max(this.#decidedTop, entry.index);
    if (entry.index % 7 === 0) return;
    const holders = [...this.nodes.values()].filter(({ disk }) => holds(disk, entry));
    assert(holders.length > 0, `entry ${entry.index} was decided and is on no disk`);
  }
  #send(node: Node, message: OutgoingMessage): void {
    if (message.body.kind === 'vote' && !message.body.pre && message.body.granted) {
      const key = `${node.id}@${message.term}`;
      const known = this.#votes.get(key) ?? message.to;
      // A node that lost its disk may vote again; it does so only for others that are new.
      assert(known === message.to || this.#wiped.has(node.id), `${key} voted for ${known} and ${message.to}`);
      this.#votes.set(key, message.to);
    }
    const { body } = message;
    if (body.kind !== 'appendRange') return this.#post({ ...message, body });
    const offset = node.base.last.index + 1;
    if (body.previous.index < node.base.last.index) return;
    const entries = node.log.slice(body.previous.index + 1 - offset, body.last + 1 - offset);
    const { previous, commit } = body;
    this.#post({ ...message, body: { kind: 'append', previous, entries, commit } });
  }
  #post(message: Message, extra?: Snapshot): void {
    const { random, faults } = this;
    const copies = this.#calm ? 1 : random.chance(faults.duplicateRate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (!this.#calm && random.chance(faults.lossRate)) continue;
      const late = !this.#calm && random.chance(0.02) ? 30 : 1;
      this.#later(random.between(1, this.#calm ? 3 : faults.delayMax) * late, () => this.#deliver(message, extra));
    }
  }
  #deliver(message: Message, snapshot?: Snapshot): void {
    const node = this.#node(message.to);
    if (node.machine === undefined || this.#cuts.has(`${message.from}>${message.to}`)) return;
    if (this.#now < node.pausedUntil) {
      this.#later(node.pausedUntil - this.#now, () => this.#deliver(message, snapshot));
      return;
    }
    if (snapshot !== undefined && snapshot.mark.last.index > node.machine.status().commit) {
      const before = node.state;
      node.state = snapshot.state;
      this.#step(node, { kind: 'receive', message });
      // Not taken (its log had it already, or the message was stale): the state stays what it was.
      if (node.base !== snapshot.mark) node.state = before;
      else node.commitTold = snapshot.state.index;
      return;
    }
    this.#step(node, { kind: 'receive', message });
  }
  #sendSnapshot(node: Node, to: NodeId): void {
    const machine = present(node.machine, 'machine');
    const { state, incarnation, id } = node;
    const index = state.index as LogIndex;
    const last = { index, term: present(machine.termAt(index), 'term of the state') };
    const mark = { last, configuration: machine.configurationAt(index) };
    const { term } = machine.status();
    const toIncarnation = this.#node(to).incarnation;
    this.mark('snapshot sent');
    const message = { from: id, fromIncarnation: incarnation, to, toIncarnation, term };
    this.#post({ ...message, body: { kind: 'installSnapshot', mark } }, { mark, state });
    this.#later(60, () => {
      if (node.incarnation !== incarnation || node.machine === undefined) return;
      this.#step(node, { kind: 'snapshotSent', to, ok: this.random.chance(0.7) });
    });
  }
}

function persist(disk: Disk, write: Write, state: State | undefined): void {
  if (write.hardState !== undefined) disk.hardState = write.hardState;
  if (write.snapshot !== undefined) {
    disk.base = write.snapshot;
    disk.log = [];
    disk.state = present(state, 'state of the snapshot');
  }
  const { truncateFrom } = write;
  if (truncateFrom !== undefined) disk.log = disk.log.filter(({ index }) => index < truncateFrom);
  disk.log.push(...write.entries.filter(({ index }) => index > disk.base.last.index));
}
const holds = ({ base, log }: Disk, { index, term }: Entry): boolean =>
  index <= base.last.index || log.some((entry) => entry.index === index && entry.term === term);

function digestOf(digest: number, { term, kind, body }: Entry): number {
  let hash = Math.imul(digest ^ term, 0x01000193) ^ kind.length;
  for (const byte of body) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
