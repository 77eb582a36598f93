/**
 * Raft as a pure machine: inputs in, effects out.
 *
 * Source: D. Ongaro, "Consensus: Bridging Theory and Practice", 2014; the shape is that of etcd's raft.
 * Assumes: effects are performed in order; writes are done in order, and `persisted` tells only what an fsync has put on
 * disk; messages may be lost, doubled, late and out of order; ticks may be late, never early.
 */
import { type LogIndex, type Machine, unreachable, type NodeId, type Term } from '@skerry/kernel';
import { Core } from './core.ts';
import { campaign, campaignPre, checkQuorum, onRequestVote, onVote, requestVoteAgain } from './election.ts';
import { hear, onAppend, onHeartbeat, onInstallSnapshot } from './follower.ts';
import {
  beginReads,
  bidFarewells,
  broadcastHeartbeats,
  changePending,
  maybeCommit,
  onAlive,
  onAppended,
  onConfigure,
  onHeartbeatReply,
  onLeaderRead,
  onPropose,
  onSnapshotSent,
  onTransfer,
} from './leader.ts';
import { limitsOf } from './options.ts';
import type { ProgressState } from './progress.ts';
import { follow } from './role.ts';
import type { Configuration, Effect, Input, Message, Options, Position, Role, Standing } from './types.ts';

export type Status = {
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | undefined;
  readonly standing: Standing;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly stable: LogIndex;
  readonly base: Position;
  readonly last: Position;
  readonly configuration: Configuration;
  readonly transferringTo: NodeId | undefined;
  /** A leader's: it refuses a change of members until what came before (its term's first entry, another change) is decided. */
  readonly changePending: boolean;
  /** Of a leader: its followers. */
  readonly followers: readonly {
    readonly id: NodeId;
    readonly state: ProgressState;
    readonly match: LogIndex;
    readonly active: boolean;
  }[];
};

export class Raft implements Machine<Input, Effect> {
  readonly #core: Core;

  /** @throws StatusError `malformed` when the options are out of range or do not agree. */
  constructor(options: Options) {
    this.#core = new Core(options, limitsOf(options));
  }

  step(input: Input): readonly Effect[] {
    const core = this.#core;
    switch (input.kind) {
      case 'tick':
        tick(core);
        break;
      case 'receive':
        receive(core, input.message);
        break;
      case 'propose':
        onPropose(core, input.bodies);
        break;
      case 'persisted':
        core.persisted(input.sequence);
        maybeCommit(core);
        break;
      case 'applied':
        onApplied(core, input.index);
        break;
      case 'read':
        onRead(core, input.request);
        break;
      case 'configure':
        onConfigure(core, input.voters, input.learners);
        break;
      case 'transfer':
        onTransfer(core, input.to);
        break;
      case 'compacted':
        core.log.compact(input.index);
        core.configurations.settle(input.index);
        break;
      case 'snapshotSent':
        onSnapshotSent(core, input.to, input.ok);
        break;
      case 'stalled':
        if (core.role !== 'follower') follow(core, core.term, undefined);
        break;
      default:
        unreachable(input);
    }
    beginReads(core);
    answerApplied(core);
    return core.flush();
  }

  /** Parts of the status, without the cost of the whole. */
  get role(): Role {
    return this.#core.role;
  }
  get term(): Term {
    return this.#core.term;
  }
  get leader(): NodeId | undefined {
    return this.#core.leader;
  }
  get commit(): LogIndex {
    return this.#core.commit;
  }
  get configuration(): Configuration {
    return this.#core.configuration;
  }
  status(): Status {
    const core = this.#core;
    const { role, term, leader, standing, commit, applied, stable, configuration, log } = core;
    const followers = [...core.progress].map(([id, { state, match, active }]) => ({ id, state, match, active }));
    const transferringTo = core.transfer?.to;
    const places = { base: log.base, last: log.last };
    return {
      role,
      term,
      leader,
      standing,
      commit,
      applied,
      stable,
      ...places,
      configuration,
      transferringTo,
      changePending: role === 'leader' && changePending(core) !== undefined,
      followers,
    };
  }
  /** Who voted as of `index`: a snapshot there must carry it. */
  configurationAt(index: LogIndex): Configuration {
    return this.#core.configurations.at(index);
  }
  /** Of the entry at `index`, or of the base; undefined when it is cut off or not there yet. */
  termAt(index: LogIndex): Term | undefined {
    return this.#core.log.term(index);
  }
}

function tick(core: Core): void {
  core.now += 1;
  core.elapsed += 1;
  if (core.role !== 'leader') {
    if (core.elapsed >= core.timeout) campaignPre(core);
    return;
  }
  if (core.elapsed >= core.limits.electionTicks) checkQuorum(core);
  if (core.role !== 'leader') return;
  if (core.transfer !== undefined && core.now >= core.transfer.untilTick) core.transfer = undefined;
  bidFarewells(core);
  if (core.now % core.limits.heartbeatTicks === 0) broadcastHeartbeats(core);
}

function receive(core: Core, message: Message): void {
  const { from, fromIncarnation, to, toIncarnation, term, body } = message;
  const known = core.incarnations.get(from) ?? 0;
  if (to !== core.id || fromIncarnation < known) return;
  core.incarnations.set(from, fromIncarnation);
  if (toIncarnation !== 0 && toIncarnation !== core.incarnation) return answerOldLife(core, message);
  const hasRestarted = fromIncarnation > known && known !== 0;
  onAlive(core, message, hasRestarted);
  if (hasRestarted) requestVoteAgain(core, from);
  if (body.kind === 'requestVote') return onRequestVote(core, message, body);
  if (body.kind === 'vote' && body.pre && body.granted) return onVote(core, message, body);
  if (term < core.term) return answerStale(core, message);
  const fromLeader = isLeaders(body);
  if (term > core.term) follow(core, term, fromLeader ? from : undefined);
  if (fromLeader) hear(core, from);
  dispatch(core, message);
}

/** A node that has not heard of this life must, or all its messages would go to the last one. */
function answerOldLife(core: Core, { from, toIncarnation, body }: Message): void {
  if (toIncarnation > core.incarnation || body.kind === 'heartbeatReply') return;
  core.send(from, { kind: 'heartbeatReply', round: 0 });
}

const isLeaders = ({ kind }: Message['body']): boolean =>
  kind === 'append' || kind === 'heartbeat' || kind === 'installSnapshot';

/** A leader of an earlier term learns that it is none, and a node that was away which term it is: without this it would be stuck. */
function answerStale(core: Core, { from, body }: Message): void {
  if (!isLeaders(body)) return;
  const hint = { index: 0 as LogIndex, term: 0 as Term };
  core.send(from, { kind: 'appended', ok: false, previousIndex: 0 as LogIndex, hint });
}

function dispatch(core: Core, message: Message): void {
  const { from, body } = message;
  switch (body.kind) {
    case 'append':
      return onAppend(core, from, body);
    case 'heartbeat':
      return onHeartbeat(core, from, body);
    case 'installSnapshot':
      return onInstallSnapshot(core, from, body.mark);
    case 'appended':
      return onAppended(core, from, body);
    case 'heartbeatReply':
      return onHeartbeatReply(core, from, body.round);
    case 'vote':
      return onVote(core, message, body);
    case 'timeoutNow':
      return campaign(core, true);
    case 'readIndex':
      return onLeaderRead(core, body.request, from);
    case 'readIndexReply':
      if (body.index !== undefined) core.reads.await(body.request, body.index);
      else core.emit({ kind: 'readRefused', request: body.request, reason: 'not_leader' });
      return;
    case 'requestVote':
      return;
    default:
      unreachable(body);
  }
}

function onRead(core: Core, request: number): void {
  if (core.role !== 'leader' && core.leader !== undefined) core.send(core.leader, { kind: 'readIndex', request });
  else onLeaderRead(core, request, undefined);
}

function onApplied(core: Core, index: LogIndex): void {
  if (index <= core.applied) return;
  core.applied = index;
}

function answerApplied(core: Core): void {
  for (const { request, index } of core.reads.applied(core.applied)) core.emit({ kind: 'readReady', request, index });
}
