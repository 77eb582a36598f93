/** A group of machines in virtual time, under the faults of a plan; then in peace. Source: raft.md, "The simulator". */
import { assert, present, Prng, type NodeId } from '@skerry/kernel';
import { configurationOf, isJoint, isVoter, membersOf } from '../configuration.ts';
import type { Input } from '../types.ts';
import { Clients } from './clients.fixture.ts';
import { EventHeap } from './event-heap.fixture.ts';
import { Invariants } from './invariants.fixture.ts';
import { Network } from './network.fixture.ts';
import { Node, type Surroundings } from './node.fixture.ts';
import { idsOf, linkOf, type Action, type Plan } from './plan.fixture.ts';

const tickLength = 10;
/** Events in one tick of time; more are messages that answer each other without end. */
const eventsPerTickMax = 20_000;
const probeIntervalTicks = 20;
/** How often all who think that they lead are asked. */
const leaderReadTicks = 1;

export class Cluster implements Surroundings {
  readonly plan: Plan;
  readonly nodes = new Map<NodeId, Node>();
  readonly network: Network;
  readonly invariants: Invariants;
  readonly clients: Clients;
  /** How often each state was reached, for tests that prove that the seeds reach the rare ones. */
  readonly marks = new Map<string, number>();
  readonly #events = new EventHeap();
  calm = false;
  now = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    const { seed, size, rates } = plan;
    const random = new Prng(seed);
    const mark = (name: string): void => this.mark(name);
    const later = (delay: number, run: () => void): void => this.later(delay, run);
    this.network = new Network(seed, rates, later, (parcel) => this.#node(parcel.message.to).deliver(parcel));
    this.invariants = new Invariants(this.nodes, mark);
    const ids = idsOf(plan);
    const first = configurationOf(ids.slice(0, size));
    // Who joins later knows of no voters, and waits to be asked.
    for (const id of ids)
      this.nodes.set(id, new Node(id, isVoter(first, id) ? first : configurationOf([]), random.fork(), this));
    for (const node of this.nodes.values()) node.start();
    this.clients = new Clients({ random: random.fork(), nodes: this.nodes, invariants: this.invariants, later, mark });
    for (let tick = 0; tick < plan.ticks; tick += leaderReadTicks)
      this.later(tick * tickLength, () => this.#readAtLeaders());
    for (const { tick, action } of plan.actions) this.later(tick * tickLength, () => this.#act(action));
  }
  mark(name: string): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }
  later(delay: number, run: () => void): void {
    this.#events.add(this.now + Math.max(0, delay), run);
  }
  incarnationOf(id: NodeId): number {
    return this.#node(id).incarnation;
  }
  #node(id: NodeId): Node {
    return present(this.nodes.get(id), id);
  }
  get leader(): Node | undefined {
    const leaders = [...this.nodes.values()].filter(({ machine }) => machine?.role === 'leader');
    return leaders.toSorted((a, b) => b.running.term - a.running.term)[0];
  }

  /** Runs for so many ticks. @throws AssertionError when an invariant breaks. */
  run(ticks: number): void {
    const end = this.now + ticks * tickLength;
    const countMax = this.#events.added + ticks * eventsPerTickMax;
    for (let event = this.#events.takeUntil(end); event !== undefined; event = this.#events.takeUntil(end)) {
      this.now = event.at;
      event.run();
      assert(this.#events.added < countMax, 'messages answer each other without end');
    }
    this.now = end;
  }
  /** No more faults; all nodes run. */
  heal(): void {
    this.calm = true;
    this.network.heal();
    this.clients.rest();
    for (const node of this.nodes.values()) {
      node.pausedUntil = 0;
      node.stalledUntil = 0;
      node.armed = undefined;
      if (node.machine === undefined) node.start();
    }
  }

  #act(action: Action): void {
    if (this.calm) return;
    switch (action.kind) {
      case 'crash': {
        const node = this.#node(action.node);
        node.downTicks = action.downTicks;
        if (action.moment === 'now') node.crash();
        else if (node.machine !== undefined) node.armed = action.moment;
        return;
      }
      case 'pause':
        return this.#node(action.node).pause(action.ticks, action.catchUp);
      case 'stall':
        this.#node(action.node).stalledUntil = this.now + action.ticks * tickLength;
        return;
      case 'cut':
        return this.#cut(action.links, action.ticks);
      case 'isolateLeader':
        return this.#isolateLeader(action);
      case 'slow':
        this.network.slow(action.link, action.factor);
        this.later(action.ticks * tickLength, () => this.network.slow(action.link, 1));
        return;
      case 'clog':
        return this.#clog(action.links, action.ticks);
      case 'lateTransfer':
        return this.#lateTransfer(action);
      case 'forget':
        return this.#forget(action);
      case 'compact':
        return this.#node(action.node).compact(action.kept);
      case 'configure':
        return this.#configure(action);
      case 'transfer':
        this.leader?.step({ kind: 'transfer', to: action.to });
        return;
      case 'wipe':
        return this.#wipe(action.node);
      default:
        action satisfies never;
    }
  }
  #readAtLeaders(): void {
    const { decidedTop } = this.invariants;
    for (const node of this.nodes.values())
      if (node.machine?.role === 'leader') node.read('', decidedTop, () => undefined);
  }
  #cut(links: readonly string[], ticks: number): void {
    this.network.cut(links);
    this.later(ticks * tickLength, () => this.network.uncut(links));
  }
  #clog(links: readonly string[], ticks: number): void {
    this.network.clog(links);
    this.later(ticks * tickLength, () => this.network.unclog(links));
  }
  #lateTransfer({ to, ticks }: Extract<Action, { kind: 'lateTransfer' }>): void {
    const { leader } = this;
    if (leader === undefined || to === leader.id) return;
    leader.step({ kind: 'transfer', to });
    this.#clog([linkOf(leader.id, to)], ticks);
    this.later(ticks * tickLength, () => this.#cut([linkOf(to, leader.id)], ticks));
  }
  #forget({ away, restarted, ticks }: Extract<Action, { kind: 'forget' }>): void {
    const { leader } = this;
    if (leader === undefined || restarted === leader.id || away === leader.id) return;
    this.#cut([linkOf(leader.id, away), linkOf(away, leader.id)], ticks + 10);
    this.later(ticks * tickLength, () => {
      const node = this.#node(restarted);
      node.downTicks = 1;
      if (this.calm) return;
      node.crash();
      this.#cut([linkOf(leader.id, restarted), linkOf(restarted, leader.id)], 10);
    });
  }
  #isolateLeader({ to, oneWay, ticks }: Extract<Action, { kind: 'isolateLeader' }>): void {
    const { leader } = this;
    if (leader === undefined) return;
    const links = to.flatMap((id) =>
      oneWay ? [linkOf(leader.id, id)] : [linkOf(leader.id, id), linkOf(id, leader.id)],
    );
    this.#cut(links, ticks);
  }
  #configure({ voters, learners }: Extract<Action, { kind: 'configure' }>): void {
    const { leader } = this;
    if (leader === undefined) return;
    const before = leader.running.configuration;
    const input: Input = { kind: 'configure', voters, learners };
    const { machine } = leader;
    const effects = leader.step(input);
    if (leader.machine !== machine || !effects.some(({ kind }) => kind === 'proposed')) return;
    if (isJoint(leader.running.configuration)) this.invariants.onChange(leader, before);
  }
  /** Not while another that lost its disk has not recovered: that is beyond what Raft bears. */
  #wipe(id: NodeId): void {
    const others = [...this.nodes.values()].filter((node) => node.id !== id);
    const leader = others.find(({ machine }) => machine?.role === 'leader');
    if (leader === undefined || !isVoter(leader.running.configuration, id)) return;
    const voters = others.filter((node) => isVoter(leader.running.configuration, node.id));
    if (voters.length < 2 || !voters.every(({ disk }) => disk.hardState.standing === 'member')) return;
    // A group begins once: whoever lost its disk comes back as one that joins.
    this.#node(id).wipe(configurationOf([]));
  }

  /** After {@link heal}: reads are served, a write is decided, all members have it. @throws AssertionError when not in time. */
  expectLiveness(ticks: number): void {
    // Without a client's write an election alone must make reads possible, and decide what was under way.
    const reads = this.#readCount;
    const served = this.#until(
      ticks,
      () => this.#readCount > reads,
      () => this.clients.probe('get'),
    );
    const decided = this.invariants.decidedTop;
    const written =
      served &&
      this.#until(
        ticks,
        () => this.invariants.decidedTop > decided,
        () => this.clients.probe('put'),
      );
    if (written && this.#until(ticks, () => this.#isSettled())) return;
    const statuses = [...this.nodes.values()].map(({ id, machine, state }) => {
      const { followers, ...status } = present(machine, 'machine').status();
      return `${id} applied ${state.index} ${JSON.stringify(status)} ${JSON.stringify(followers)}`;
    });
    assert(false, `no progress in ${ticks} ticks after healing:\n${statuses.join('\n')}`);
  }
  get #readCount(): number {
    return (this.marks.get('read at the leader') ?? 0) + (this.marks.get('read at a follower') ?? 0);
  }
  #isSettled(): boolean {
    const { leader } = this;
    if (leader === undefined) return false;
    const { commit, last, configuration } = leader.running.status();
    if (isJoint(configuration) || !isVoter(configuration, leader.id)) return false;
    return commit === last.index && membersOf(configuration).every((id) => this.#node(id).state.index >= commit);
  }
  #until(ticks: number, done: () => boolean, eachRound: () => void = () => undefined): boolean {
    for (let tick = 0; tick < ticks; tick++) {
      if (tick % probeIntervalTicks === 5) eachRound();
      this.run(1);
      if (tick % probeIntervalTicks === probeIntervalTicks - 1 && done()) return true;
    }
    return false;
  }
  /** After {@link expectLiveness}: one voter that is away and comes back disturbs nobody (thesis §9.6). */
  expectSteadiness(ticks: number): void {
    const leader = present(this.leader, 'leader');
    const { term, configuration } = leader.running;
    const away = configuration.voters.find((id) => id !== leader.id);
    if (away === undefined || configuration.voters.length < 3) return;
    const links = [...this.nodes.keys()].flatMap((id) => [linkOf(id, away), linkOf(away, id)]);
    this.network.cut(links);
    this.run(ticks);
    this.network.uncut(links);
    this.run(ticks);
    const { role, term: after } = leader.running;
    assert(role === 'leader' && after === term, `${away} was away, and ${leader.id} of term ${term} was disturbed`);
  }
}
