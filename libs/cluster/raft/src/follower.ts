/** What a follower does with its leader's messages. Source: thesis §3.5, §5 (snapshots); raft.md 15–18, 25–29. */
import { assert, AssertionError, type LogIndex, type NodeId } from '@skerry/kernel';
import type { Core } from './core.ts';
import { follow } from './role.ts';
import type { Body, Entry, SnapshotMark } from './types.ts';

/** The leader of this term speaks. */
export function hear(core: Core, from: NodeId): void {
  assert(core.role !== 'leader', `two leaders in term ${core.term}: ${core.id} and ${from}`);
  assert(
    core.leader === undefined || core.leader === from,
    `two leaders in term ${core.term}: ${core.leader}, ${from}`,
  );
  follow(core, core.term, from);
  core.elapsed = 0;
}

export function onAppend(core: Core, from: NodeId, body: Extract<Body, { kind: 'append' }>): void {
  const { previous, entries } = body;
  if (previous.index < core.commit) {
    acknowledge(core, from, core.commit);
    return;
  }
  if (!core.log.matches(previous)) {
    const hint = core.log.agreeable(previous.index, previous.term);
    core.send(from, { kind: 'appended', ok: false, previousIndex: previous.index, hint });
    return;
  }
  takeEntries(core, entries);
  const lastNew = (previous.index + entries.length) as LogIndex;
  core.commitTo(Math.min(body.commit, lastNew) as LogIndex);
  regainStanding(core, body.commit);
  acknowledge(core, from, lastNew);
}

/** Cuts off only what differs: a late, shorter append must not erase what was acknowledged since. */
function takeEntries(core: Core, entries: readonly Entry[]): void {
  const known = entries.findIndex(({ index, term }) => core.log.term(index) !== term);
  if (known === -1) return;
  const fresh = entries.slice(known);
  const first = fresh[0] as Entry;
  if (first.index <= core.log.lastIndex) core.truncateFrom(first.index);
  for (const { index, term, kind, body } of fresh) {
    if (index !== core.log.lastIndex + 1)
      throw new AssertionError(`append has a gap: ${index} after ${core.log.lastIndex}`);
    core.append(kind, body, term);
  }
}

function acknowledge(core: Core, to: NodeId, match: LogIndex): void {
  core.sendDurable(to, { kind: 'appended', ok: true, match });
}

/**
 * All that was decided before this node's life is here again once the log holds what the leader has decided, if that is
 * of the leader's own term: earlier decisions of other leaders it may not know yet.
 */
function regainStanding(core: Core, leaderCommit: LogIndex): void {
  if (core.standing === 'member' || core.log.term(leaderCommit) !== core.term) return;
  core.standing = 'member';
  core.hardStateChanged();
}

export function onHeartbeat(core: Core, from: NodeId, { commit, round }: Extract<Body, { kind: 'heartbeat' }>): void {
  // Bounded by what this node acknowledged in this term, so the log holds it.
  core.commitTo(Math.min(commit, core.log.lastIndex) as LogIndex);
  core.send(from, { kind: 'heartbeatReply', round });
}

/** @returns whether state and log are to be replaced. */
export function onInstallSnapshot(core: Core, from: NodeId, mark: SnapshotMark): void {
  if (mark.last.index > core.commit) {
    if (core.log.matches(mark.last)) core.commitTo(mark.last.index);
    else core.replaceBySnapshot(mark);
  }
  regainStanding(core, mark.last.index);
  acknowledge(core, from, core.commit);
}
