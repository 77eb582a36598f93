/**
 * A few machines whose messages, clocks and disks move only when a scenario says so. Election timeouts are all the same,
 * 15 ticks, with 10 for the least.
 */
import { assert, NodeId, present, type LogIndex, type Term } from '@skerry/kernel';
import { configurationOf, isVoter } from '../configuration.ts';
import { Raft } from '../raft.ts';
import type { Body, Configuration, Effect, Entry, HardState, Input, Message, SnapshotMark, Write } from '../types.ts';

type Actor = {
  readonly id: NodeId;
  machine: Raft | undefined;
  incarnation: number;
  hardState: HardState;
  base: SnapshotMark;
  /** In memory; the first `saved` writes of `writes` are on disk, the rest is lost in a crash. */
  log: Entry[];
  disk: { hardState: HardState; base: SnapshotMark; log: Entry[]; applied: number };
  writes: Write[];
  applied: number;
  decided: number;
  /** Its disk does not answer until `sync`. */
  held: boolean;
};
export type Group = {
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  /** Nodes with empty disks that know of no members. */
  readonly joins: readonly string[];
  /** Terms of entries that are there already, by node. */
  readonly logs: ReadonlyMap<string, readonly number[]>;
  readonly term: number;
  readonly lease: boolean;
  /** One entry in an append. */
  readonly small: boolean;
};

const deliveriesMax = 10_000;
const place = (index: number, term: number): { index: LogIndex; term: Term } => ({
  index: index as LogIndex,
  term: term as Term,
});

export class Stage {
  readonly actors = new Map<string, Actor>();
  readonly #cuts = new Set<string>();
  readonly #lease: boolean;
  readonly #small: boolean;
  #mail: Message[] = [];
  #news: string[] = [];

  constructor({ voters, learners, joins, logs, term, lease, small }: Group) {
    this.#lease = lease;
    this.#small = small;
    const first = configurationOf(voters.map(NodeId), learners.map(NodeId));
    for (const name of [...voters, ...learners, ...joins]) {
      const base = { last: place(0, 0), configuration: joins.includes(name) ? configurationOf([]) : first };
      const terms = logs.get(name);
      const standing = logs.size === 0 ? 'new' : 'member';
      const hardState: HardState = { term: term as Term, vote: undefined, standing };
      const log = (terms ?? []).map((each, n): Entry => ({
        ...place(n + 1, each),
        kind: 'command',
        body: new Uint8Array(8),
      }));
      this.actors.set(name, {
        id: NodeId(name),
        machine: undefined,
        incarnation: 0,
        hardState,
        base,
        log,
        disk: { hardState, base, log: [...log], applied: 0 },
        writes: [],
        applied: 0,
        decided: 0,
        held: false,
      });
      this.start(name);
    }
    this.takeNews();
  }
  #actor(name: string): Actor {
    return present(this.actors.get(name), name);
  }
  running(name: string): Raft {
    return present(this.#actor(name).machine, name);
  }
  /** What happened since it was last asked. */
  takeNews(): string {
    const news = this.#news.join('\n');
    this.#news = [];
    return news;
  }

  start(name: string): void {
    const actor = this.#actor(name);
    const { disk } = actor;
    actor.incarnation += 1;
    actor.base = disk.base;
    actor.log = [...disk.log];
    actor.applied = disk.applied;
    actor.decided = disk.applied;
    actor.writes = [];
    actor.held = false;
    actor.machine = new Raft({
      id: actor.id,
      incarnation: actor.incarnation,
      stored: { hardState: disk.hardState, snapshot: disk.base, log: disk.log, applied: disk.applied as LogIndex },
      below: () => 5,
      promotionLagMax: 5,
      leaseReads: this.#lease,
      appendSizeMaxBytes: this.#small ? 1 : 4_096,
    });
  }
  crash(name: string): void {
    const actor = this.#actor(name);
    actor.machine = undefined;
    actor.writes = [];
  }
  wipe(name: string): void {
    const actor = this.#actor(name);
    this.crash(name);
    const base = { last: place(0, 0), configuration: configurationOf([]) };
    actor.disk = { hardState: { term: 0 as Term, vote: undefined, standing: 'new' }, base, log: [], applied: 0 };
  }
  hold(name: string): void {
    this.#actor(name).held = true;
  }
  /** All that was written is on disk. */
  sync(name: string): void {
    this.#syncNow(this.#actor(name));
  }
  release(name: string): void {
    this.#actor(name).held = false;
    this.sync(name);
  }
  tick(name: string, count: number): void {
    for (let tick = 0; tick < count; tick++) this.step(name, { kind: 'tick' });
  }
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }
  mend(): void {
    this.#cuts.clear();
  }
  /** Delivers what is on its way, and what that brings about; of one kind and link only, if told. */
  deliver(fits: (message: Message) => boolean, countMax = deliveriesMax): void {
    for (let count = 0; count < countMax; count++) {
      const at = this.#mail.findIndex(fits);
      if (at === -1) return;
      const [message] = this.#mail.splice(at, 1);
      this.#receive(message as Message);
      assert(count < deliveriesMax - 1, 'messages answer each other without end');
    }
  }
  drop(fits: (message: Message) => boolean): void {
    this.#mail = this.#mail.filter((message) => !fits(message));
  }
  /** Again, what is on its way. */
  double(fits: (message: Message) => boolean): void {
    this.#mail.push(...this.#mail.filter(fits));
  }
  turn(): void {
    this.#mail.reverse();
  }
  compact(name: string, index: number): void {
    const actor = this.#actor(name);
    const machine = this.running(name);
    const last = place(index, present(machine.termAt(index as LogIndex), 'term'));
    const base = { last, configuration: machine.configurationAt(index as LogIndex) };
    for (const each of [actor, actor.disk]) {
      each.base = base;
      each.log = each.log.filter((entry) => entry.index > index);
    }
    actor.disk.applied = Math.max(actor.disk.applied, index);
    this.step(name, { kind: 'compacted', index: index as LogIndex });
  }

  #receive(message: Message): void {
    if (this.#cuts.has(`${message.from}>${message.to}`) || this.#actor(message.to).machine === undefined) return;
    this.step(message.to, { kind: 'receive', message });
  }
  step(name: string, input: Input): void {
    const actor = this.#actor(name);
    if (actor.machine === undefined) return;
    const before = actor.machine.role;
    for (const effect of actor.machine.step(input)) this.#perform(actor, effect);
    const { role, term } = actor.machine;
    if (role !== before && role === 'leader') this.#news.push(`${name} leads term ${term}`);
    if (role !== before && before === 'leader') this.#news.push(`${name} leads no more`);
    if (!actor.held) this.#syncNow(actor);
    this.#apply(actor);
  }
  #perform(actor: Actor, effect: Effect): void {
    const { id } = actor;
    switch (effect.kind) {
      case 'write':
        return this.#write(actor, effect);
      case 'send':
        return this.#send(actor, effect.message);
      case 'commit':
        actor.decided = effect.index;
        return undefined;
      case 'refused':
        this.#news.push(`${id} refuses to ${effect.of}: ${effect.reason}`);
        return undefined;
      case 'readReady':
        this.#news.push(`${id} answers read ${effect.request} at ${effect.index}`);
        return undefined;
      case 'readRefused':
        this.#news.push(`${id} refuses read ${effect.request}: ${effect.reason}`);
        return undefined;
      case 'sendSnapshot':
        return this.#sendSnapshot(actor, effect.to);
      case 'proposed':
      case 'role':
      case 'configured':
        return undefined;
      default:
        return effect satisfies never;
    }
  }
  #write(actor: Actor, write: Write): void {
    actor.writes.push(write);
    if (write.snapshot !== undefined) {
      this.#news.push(`${actor.id} installs the snapshot at ${write.snapshot.last.index}`);
      actor.applied = write.snapshot.last.index;
      actor.decided = actor.applied;
    }
    put(actor, write);
  }
  #syncNow(actor: Actor): void {
    const writes = actor.writes.splice(0);
    const last = writes.at(-1);
    if (last === undefined) return;
    for (const write of writes) {
      if (write.hardState !== undefined) actor.disk.hardState = write.hardState;
      if (write.snapshot !== undefined) actor.disk.applied = write.snapshot.last.index;
      put(actor.disk, write);
    }
    this.step(actor.id, { kind: 'persisted', sequence: last.sequence });
  }
  #apply(actor: Actor): void {
    if (actor.decided <= actor.applied || actor.machine === undefined) return;
    actor.applied = actor.decided;
    this.step(actor.id, { kind: 'applied', index: actor.applied as LogIndex });
  }
  #send(actor: Actor, message: Extract<Effect, { kind: 'send' }>['message']): void {
    const { body } = message;
    if (body.kind !== 'appendRange') {
      this.#mail.push({ ...message, body });
      return;
    }
    const { previous, last, commit } = body;
    const before = actor.base.last.index;
    if (previous.index < before) return;
    const entries = actor.log.slice(previous.index - before, last - before);
    const append: Body = { kind: 'append', previous, entries, commit };
    this.#mail.push({ ...message, body: append });
  }
  /** Of what is applied; the driver's answer comes by `snapshotSent`. */
  #sendSnapshot(actor: Actor, to: NodeId): void {
    const machine = this.running(actor.id);
    const index = actor.applied as LogIndex;
    const last = place(index, present(machine.termAt(index), 'term'));
    const mark = { last, configuration: machine.configurationAt(index) };
    this.#news.push(`${actor.id} sends the snapshot at ${index} to ${to}`);
    const { id: from, incarnation: fromIncarnation } = actor;
    const toIncarnation = this.#actor(to).incarnation;
    const envelope = { from, fromIncarnation, to, toIncarnation, term: machine.term };
    this.#mail.push({ ...envelope, body: { kind: 'installSnapshot', mark } });
  }

  /** One line for each: role, term, log as terms, commit. */
  show(names: readonly string[]): string {
    return names.map((name) => this.#line(name)).join('\n');
  }
  #line(name: string): string {
    const { machine, log, base } = this.#actor(name);
    if (machine === undefined) return `${name} is down`;
    const { role, term, commit } = machine;
    const before = base.last.index === 0 ? '' : ` (${base.last.index})`;
    const terms = log.map((entry) => entry.term).join(' ');
    return `${name} ${role} ${term} log${before} ${terms || '-'} commit ${commit}`;
  }
  members(name: string): string {
    const { voters, outgoing, learners }: Configuration = this.running(name).configuration;
    const parts = [`voters ${voters.join(' ')}`];
    if (outgoing.length > 0) parts.push(`outgoing ${outgoing.join(' ')}`);
    if (learners.length > 0) parts.push(`learners ${learners.join(' ')}`);
    return `${name} ${parts.join(', ')}`;
  }
  isVoter(name: string): boolean {
    return isVoter(this.running(name).configuration, NodeId(name));
  }
}

function put(to: { base: SnapshotMark; log: Entry[] }, { snapshot, truncateFrom, entries }: Write): void {
  if (snapshot !== undefined) {
    to.base = snapshot;
    to.log = [];
  }
  if (truncateFrom !== undefined) to.log = to.log.filter(({ index }) => index < truncateFrom);
  to.log.push(...entries);
}
