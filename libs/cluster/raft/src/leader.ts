/** What a leader does: replicate, count, decide. Source: thesis §3.5, §3.6, §4.3, §6.4, §10.2. */
import { assert, type LogIndex, type NodeId } from '@skerry/kernel';
import {
  encodeConfiguration,
  enterChange,
  hasQuorum,
  isJoint,
  isVoter,
  leaveJoint,
  membersOf,
  quorumValue,
} from './configuration.ts';
import { entryOverheadBytes, type Core } from './core.ts';
import { Progress } from './progress.ts';
import { follow } from './role.ts';
import type { Body, EntryKind, Message, RefusalReason } from './types.ts';

/** A member that is told of its removal gets so many election timeouts to hear it. */
const farewellTimeouts = 4;

/** Appends to the own log; what follows is sent by `broadcastAppend`, counted when it is durable. */
export function propose(core: Core, kind: EntryKind, body: Uint8Array): LogIndex {
  const index = core.append(kind, body);
  if (kind === 'configuration') {
    core.pendingChange = index;
    reconfigure(core);
  }
  return index;
}

export function onPropose(core: Core, bodies: readonly Uint8Array[]): void {
  const reason = refusal(core, bodies);
  if (reason !== undefined) {
    core.emit({ kind: 'refused', of: 'propose', reason });
    return;
  }
  if (bodies.length === 0) return;
  const first = (core.log.lastIndex + 1) as LogIndex;
  for (const body of bodies) propose(core, 'command', body);
  core.emit({ kind: 'proposed', first, count: bodies.length, term: core.term });
  broadcastAppend(core);
}

function refusal(core: Core, bodies: readonly Uint8Array[]): RefusalReason | undefined {
  if (core.role !== 'leader') return 'not_leader';
  if (core.transfer !== undefined) return 'transferring';
  const { entrySizeMaxBytes, uncommittedSizeMaxBytes } = core.limits;
  let sizeBytes = 0;
  for (const body of bodies) {
    if (body.length > entrySizeMaxBytes) return 'too_large';
    sizeBytes += body.length + entryOverheadBytes;
  }
  const waiting = core.log.sizeBytes(core.commit, core.log.lastIndex);
  return waiting > 0 && waiting + sizeBytes > uncommittedSizeMaxBytes ? 'uncommitted_full' : undefined;
}

// Replication.

export function broadcastAppend(core: Core): void {
  for (const to of core.progress.keys()) sendAppends(core, to, false);
}

/** Fills the follower's window. `probe`: at least one message, though there is nothing new: it tells commit, or finds loss. */
function sendAppends(core: Core, to: NodeId, probe: boolean): void {
  let wanted = probe;
  while (sendAppend(core, to, wanted)) wanted = false;
}

function sendAppend(core: Core, to: NodeId, emptyToo: boolean): boolean {
  const progress = core.progress.get(to);
  if (progress === undefined || progress.state === 'snapshot') return false;
  const { inflightCountMax, inflightSizeMaxBytes, appendSizeMaxBytes } = core.limits;
  const replicating = progress.state === 'replicate';
  if (replicating ? progress.isFull(inflightCountMax, inflightSizeMaxBytes) : progress.probing) return false;
  const index = (progress.next - 1) as LogIndex;
  const term = core.log.term(index);
  if (term === undefined) {
    if (!progress.active) return false;
    sendSnapshot(core, to, progress);
    return false;
  }
  const last = core.log.batchEnd(index, appendSizeMaxBytes);
  if (last === index && !emptyToo) return false;
  core.send(to, { kind: 'appendRange', previous: { index, term }, last, commit: core.commit });
  progress.commitSent = core.commit;
  if (replicating && last > index) progress.sent(last, core.log.sizeBytes(index, last));
  if (!replicating) progress.probing = true;
  return replicating && last > index;
}

export function onAppended(core: Core, from: NodeId, body: Extract<Body, { kind: 'appended' }>): void {
  const progress = core.progress.get(from);
  if (progress === undefined) return;
  if (body.ok) onAcknowledged(core, from, progress, body.match);
  else onRejected(core, from, progress, body);
}

function onAcknowledged(core: Core, from: NodeId, progress: Progress, match: LogIndex): void {
  assert(match <= core.log.lastIndex, `${from} acknowledged ${match}, but the log ends at ${core.log.lastIndex}`);
  const news = progress.acknowledged(match);
  if (progress.state === 'probe' && match + 1 >= progress.next) {
    progress.replicate();
    spareLog(core, from, progress, match);
  } else if (progress.state === 'snapshot' && news && progress.match >= core.log.base.index) {
    // The snapshot, or another leader's, brought it to where this log goes on.
    progress.replicate();
  }
  if (news) maybeCommit(core);
  if (core.role !== 'leader') return;
  sendAppends(core, from, false);
  if (progress.leaving !== undefined) bidFarewell(core, from, progress);
  if (core.transfer?.to === from && progress.match === core.log.lastIndex) handOver(core, from);
}

/** It is known where the logs agree: a follower that misses more than the state takes gets the state, once. */
function spareLog(core: Core, to: NodeId, progress: Progress, agreed: LogIndex): void {
  if (progress.spared || progress.leaving !== undefined || agreed >= core.applied) return;
  if (!core.prefersSnapshot(core.log.sizeBytes(agreed, core.applied))) return;
  progress.spared = true;
  sendSnapshot(core, to, progress);
}

function sendSnapshot(core: Core, to: NodeId, progress: Progress): void {
  progress.awaitSnapshot();
  core.emit({ kind: 'sendSnapshot', to });
}

function onRejected(
  core: Core,
  from: NodeId,
  progress: Progress,
  { previousIndex, hint }: Extract<Body, { ok: false }>,
): void {
  const stale = progress.state === 'probe' ? previousIndex !== progress.next - 1 : previousIndex <= progress.match;
  if (stale || progress.state === 'snapshot') return;
  const agreed = core.log.agreeable(Math.min(hint.index, previousIndex - 1), hint.term).index;
  // Below the base nothing is known: the first refusal there ends in a snapshot.
  const next = hint.index < core.log.base.index ? hint.index + 1 : agreed + 1;
  progress.probeFrom(Math.min(next, previousIndex));
  if (hint.index > 0 && core.log.matches(hint)) spareLog(core, from, progress, hint.index);
  sendAppends(core, from, true);
}

/** Decides what a majority has on disk, of the own term only: earlier entries with it (thesis §3.6.2, figure 3.7). */
export function maybeCommit(core: Core): void {
  if (core.role !== 'leader') return;
  const reached = quorumValue(core.configuration, (id) =>
    id === core.id ? core.stable : (core.progress.get(id)?.match ?? 0),
  ) as LogIndex;
  if (reached <= core.commit || core.log.term(reached) !== core.term) return;
  const isFirst = !core.termCommitted;
  core.commitTo(reached);
  if (core.standing !== 'member') {
    core.standing = 'member';
    core.hardStateChanged();
  }
  settleConfiguration(core);
  // By the first of a term who began with an empty disk is a member again; a heartbeat does not tell it enough for that.
  const atOnce = core.limits.tellsCommitAtOnce || isFirst;
  for (const [to, { leaving }] of core.progress) sendAppends(core, to, atOnce || leaving !== undefined);
  stepDownWhenRemoved(core);
}

/** A leader that is no voter any more hands over to the best of those that are (thesis §4.2.2). */
function stepDownWhenRemoved(core: Core): void {
  if (isJoint(core.configuration) || core.commit < core.configurations.index) return;
  if (isVoter(core.configuration, core.id)) return;
  const matchOf = (id: NodeId): number => core.progress.get(id)?.match ?? 0;
  const [best] = core.configuration.voters.toSorted((a, b) => matchOf(b) - matchOf(a));
  if (best !== undefined) core.send(best, { kind: 'timeoutNow' });
  follow(core, core.term, undefined);
}

// Heartbeats and reads.

export function broadcastHeartbeats(core: Core): void {
  core.reads.round += 1;
  sendHeartbeats(core);
}

function sendHeartbeats(core: Core): void {
  const { round } = core.reads;
  for (const [to, { match }] of core.progress) {
    core.send(to, { kind: 'heartbeat', commit: Math.min(match, core.commit) as LogIndex, round });
  }
  core.roundTicks.set(round, core.now);
  for (const [sent, tick] of core.roundTicks) {
    if (tick >= core.now - core.limits.electionTicks) break;
    core.roundTicks.delete(sent);
  }
}

export function onHeartbeatReply(core: Core, from: NodeId, round: number): void {
  const progress = core.progress.get(from);
  if (progress === undefined) return;
  if (round > progress.round) {
    progress.round = round;
    progress.roundTick = core.roundTicks.get(round) ?? progress.roundTick;
  }
  confirmReads(core);
  // It lives: what it did not acknowledge may be lost on the way.
  const { inflightCountMax, inflightSizeMaxBytes } = core.limits;
  if (progress.isFull(inflightCountMax, inflightSizeMaxBytes)) progress.releaseFirst();
  progress.probing = false;
  if (progress.match < core.log.lastIndex || progress.commitSent < core.commit) sendAppends(core, from, true);
}

/** Asks for the read index; `beginReads` sends the round, one for all reads of a step. */
export function onLeaderRead(core: Core, request: number, from: NodeId | undefined): void {
  const reason: RefusalReason | undefined = core.role !== 'leader' ? 'not_leader' : undefined;
  if (reason === undefined && hasLease(core)) return answerRead(core, request, from, core.commit);
  if (reason === undefined && core.reads.add({ request, from })) return;
  if (from !== undefined) core.send(from, { kind: 'readIndexReply', request, index: undefined });
  else core.emit({ kind: 'readRefused', request, reason: reason ?? 'too_many_reads' });
}

export function beginReads(core: Core): void {
  if (core.role !== 'leader' || !core.termCommitted) return;
  if (core.reads.begin(core.commit) === undefined) return;
  sendHeartbeats(core);
  confirmReads(core);
}

function confirmReads(core: Core): void {
  const round = quorumValue(core.configuration, (id) =>
    id === core.id ? core.reads.round : (core.progress.get(id)?.round ?? 0),
  );
  for (const { read, index } of core.reads.confirm(round)) answerRead(core, read.request, read.from, index);
}

function answerRead(core: Core, request: number, from: NodeId | undefined, index: LogIndex): void {
  if (from === undefined) {
    core.reads.await(request, index);
    return;
  }
  // It reads when it has applied so much, so it must hear that so much is decided.
  const progress = core.progress.get(from);
  if (progress !== undefined && progress.commitSent < index) sendAppends(core, from, true);
  core.send(from, { kind: 'readIndexReply', request, index });
}

/**
 * Until an election timeout after a majority was last proved, nobody else can lead, but one that was asked to: the
 * request may be late. Ticks must not fall behind real time, and all nodes must go by leases.
 */
function hasLease(core: Core): boolean {
  if (!core.limits.leaseReads || !core.termCommitted || core.succession) return false;
  const proved = quorumValue(core.configuration, (id) =>
    id === core.id ? core.now : (core.progress.get(id)?.roundTick ?? -Infinity),
  );
  return core.now < proved + core.limits.electionTicks - core.limits.heartbeatTicks;
}

// Membership.

/** Why a leader refuses any change of members for now. */
export function changePending(core: Core): 'term_uncommitted' | 'change_pending' | undefined {
  if (!core.termCommitted) return 'term_uncommitted';
  return core.pendingChange > core.applied || isJoint(core.configuration) ? 'change_pending' : undefined;
}

export function onConfigure(core: Core, voters: readonly NodeId[], learners: readonly NodeId[]): void {
  const refuse = (reason: RefusalReason): void => core.emit({ kind: 'refused', of: 'configure', reason });
  if (core.role !== 'leader') return refuse('not_leader');
  if (core.transfer !== undefined) return refuse('transferring');
  const pending = changePending(core);
  if (pending !== undefined) return refuse(pending);
  const change = enterChange(core.configuration, { voters, learners });
  if (typeof change === 'string') return refuse(change);
  const isReady = (id: NodeId): boolean => id === core.id || caughtUp(core, id);
  const behind = change.voters.some((id) => !isVoter(core.configuration, id) && !isReady(id));
  // Also of those that stay: a majority of them must be up, or the change ends what it is to save (raft.md 45).
  if (behind || !hasQuorum(change, isReady)) return refuse('learner_behind');
  const index = propose(core, 'configuration', encodeConfiguration(change));
  core.emit({ kind: 'proposed', first: index, count: 1, term: core.term });
  broadcastAppend(core);
}

/** A voter to be must answer and miss little, or the majority would wait for it (raft.md 44, 47). */
function caughtUp(core: Core, id: NodeId): boolean {
  const progress = core.progress.get(id);
  if (progress === undefined || progress.leaving !== undefined) return false;
  const lag = core.log.lastIndex - progress.match;
  return progress.state === 'replicate' && lag <= core.limits.promotionLagMax;
}

/** A decided joint phase is left at once: it must not outlive what it was for (raft.md 46). */
function settleConfiguration(core: Core): void {
  if (!isJoint(core.configuration) || core.commit < core.configurations.index) return;
  propose(core, 'configuration', encodeConfiguration(leaveJoint(core.configuration)));
}

/** Followers by the active configuration; who is no longer in it is told so before it is forgotten (raft.md 42). */
export function reconfigure(core: Core): void {
  const members = membersOf(core.configuration);
  for (const id of members) {
    const known = core.progress.get(id);
    if (known !== undefined) known.leaving = undefined;
    else if (id !== core.id) core.progress.set(id, new Progress((core.log.lastIndex + 1) as LogIndex));
  }
  const leaving = {
    index: core.configurations.index,
    untilTick: core.now + farewellTimeouts * core.limits.electionTicks,
  };
  for (const [id, progress] of core.progress) if (!members.includes(id)) progress.leaving ??= leaving;
}

function bidFarewell(core: Core, id: NodeId, progress: Progress): void {
  const { leaving } = progress;
  if (leaving === undefined) return;
  const told = progress.match >= leaving.index && progress.commitSent >= leaving.index;
  if (told || core.now >= leaving.untilTick) core.progress.delete(id);
}

export function bidFarewells(core: Core): void {
  for (const [id, progress] of core.progress) bidFarewell(core, id, progress);
}

export function onTransfer(core: Core, to: NodeId): void {
  const refuse = (reason: RefusalReason): void => core.emit({ kind: 'refused', of: 'transfer', reason });
  if (core.role !== 'leader') return refuse('not_leader');
  if (core.transfer !== undefined) return refuse('transferring');
  if (to === core.id || !core.configuration.voters.includes(to)) return refuse('no_such_voter');
  core.transfer = { to, untilTick: core.now + core.limits.electionTicks };
  const progress = core.progress.get(to);
  if (progress?.match === core.log.lastIndex) handOver(core, to);
  else sendAppends(core, to, true);
}

function handOver(core: Core, to: NodeId): void {
  core.succession = true;
  core.send(to, { kind: 'timeoutNow' });
}

export function onSnapshotSent(core: Core, to: NodeId, ok: boolean): void {
  const progress = core.progress.get(to);
  if (progress?.state !== 'snapshot') return;
  // Not delivered: the next sign of life asks again.
  progress.probeFrom(ok ? core.log.base.index + 1 : progress.match + 1);
  progress.probing = !ok;
  if (ok) sendAppends(core, to, true);
}

/** A member answered: of an earlier life nothing counts. */
export function onAlive(core: Core, { from }: Message, restarted: boolean): void {
  if (restarted) core.reads.forget(from);
  const progress = core.progress.get(from);
  if (progress === undefined) return;
  progress.active = true;
  if (restarted) progress.restart(core.log.lastIndex);
}
