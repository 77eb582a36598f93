/** Terms, votes and who leads. Source: thesis §3.4, §9.6 (pre-vote), §4.2.3 (check-quorum), §3.10 (transfer). */
import { type LogIndex, type NodeId, type Term } from '@skerry/kernel';
import { encodeConfiguration, hasQuorum, isVoter, membersOf, quorumLost } from './configuration.ts';
import type { Core, Vote } from './core.ts';
import { broadcastAppend, propose } from './leader.ts';
import { Progress } from './progress.ts';
import { become, follow } from './role.ts';
import type { Body, Message } from './types.ts';

const noBody = new Uint8Array(0);
const isGrant = (vote: Vote | undefined): boolean => vote === 'granted' || vote === 'withheld';

/**
 * Also a node that its newest configuration leaves out, until that is decided: it may be the only one whose log is long
 * enough to lead, and to bring the others the entry that removes it (thesis §4.2.2). Not a node that joins until it has
 * what was decided: the part of the log that it has may name voters of long ago, perhaps only itself.
 */
export const mayCampaign = (core: Core): boolean =>
  core.configurations.since(core.commit).some((configuration) => isVoter(configuration, core.id)) &&
  (core.standing === 'member' || (core.standing === 'new' && core.founder)) &&
  core.role !== 'leader';

/** Asks whether a majority would vote, without disturbing anyone's term. */
export function campaignPre(core: Core): void {
  core.resetTimeout();
  if (!mayCampaign(core)) return;
  become(core, 'preCandidate', undefined);
  requestVotes(core, true, false);
  recordVote(core, core.id, 'granted');
}

export function campaign(core: Core, transfer: boolean): void {
  if (!mayCampaign(core)) return;
  core.term = (core.term + 1) as Term;
  core.vote = core.id;
  core.hardStateChanged();
  core.dropHeld();
  core.resetTimeout();
  become(core, 'candidate', undefined);
  const { term } = core;
  // A candidate that crashed before its vote was on disk could vote for another in this term.
  core.whenDurable(() => {
    if (core.term !== term || core.role !== 'candidate') return;
    requestVotes(core, false, transfer);
    recordVote(core, core.id, 'granted');
  });
}

function requestVotes(core: Core, pre: boolean, transfer: boolean): void {
  for (const to of membersOf(core.configuration)) requestVote(core, to, pre, transfer);
}
function requestVote(core: Core, to: NodeId, pre: boolean, transfer: boolean): void {
  if (to === core.id || !isVoter(core.configuration, to)) return;
  const body: Body = { kind: 'requestVote', pre, last: core.log.last, transfer, standing: core.standing };
  core.send(to, body, (pre ? core.term + 1 : core.term) as Term);
}
/**
 * What was asked of the last life of a voter was lost: followers do not talk to each other, and learn only now that it
 * began anew. Without this each election after a restart would cost one more timeout.
 */
export function requestVoteAgain(core: Core, to: NodeId): void {
  // Until the own vote counts, nobody was asked yet.
  if (!core.votes.has(core.id)) return;
  if (core.role === 'preCandidate') requestVote(core, to, true, false);
  else if (core.role === 'candidate') requestVote(core, to, false, false);
}

function recordVote(core: Core, from: NodeId, vote: Vote): void {
  if (!core.votes.has(from)) core.votes.set(from, vote);
  if (core.role !== 'preCandidate' && core.role !== 'candidate') return;
  const elected =
    hasQuorum(core.configuration, (id) => core.votes.get(id) === 'granted') ||
    membersOf(core.configuration).every((id) => !isVoter(core.configuration, id) || isGrant(core.votes.get(id)));
  if (elected) {
    if (core.role === 'preCandidate') campaign(core, false);
    else lead(core);
  } else if (quorumLost(core.configuration, (id) => core.votes.get(id) === 'refused')) {
    follow(core, core.term, undefined);
  }
}

function lead(core: Core): void {
  core.resetTimeout();
  core.succession = false;
  become(core, 'leader', core.id);
  const next = (core.log.lastIndex + 1) as LogIndex;
  for (const id of membersOf(core.configuration)) if (id !== core.id) core.progress.set(id, new Progress(next));
  // A configuration of an earlier leader may be undecided still.
  core.pendingChange = core.log.lastIndex;
  // Who joins later learns of the first members from the log alone.
  const isFirst = core.configurations.index === 0;
  if (isFirst) propose(core, 'configuration', encodeConfiguration(core.configuration));
  else propose(core, 'noop', noBody);
  broadcastAppend(core);
}

/** Whether the asker may lead: its log holds all that could be decided here. */
function mayVoteFor(core: Core, { last }: Extract<Body, { kind: 'requestVote' }>): boolean {
  if (core.standing === 'damaged') return false;
  const own = core.log.last;
  return last.term > own.term || (last.term === own.term && last.index >= own.index);
}

/** A learner votes too when asked: it may not have learned yet that it is a voter (thesis §4.2.2). */
export function onRequestVote(core: Core, message: Message, body: Extract<Body, { kind: 'requestVote' }>): void {
  const { from, term } = message;
  const heard = core.leaderHeard && !body.transfer;
  const withheld = core.standing === 'new' && body.standing !== 'new';
  if (body.pre) {
    const granted = !heard && term > core.term && mayVoteFor(core, body);
    core.send(from, { kind: 'vote', pre: true, granted, withheld }, granted ? term : core.term);
    return;
  }
  if (term > core.term) {
    if (heard) return;
    follow(core, term, undefined);
  }
  const free = core.vote === from || (core.vote === undefined && core.leader === undefined);
  if (term < core.term || !free || !mayVoteFor(core, body)) {
    core.send(from, { kind: 'vote', pre: false, granted: false, withheld });
    return;
  }
  if (core.vote !== from) {
    core.vote = from;
    core.hardStateChanged();
  }
  core.resetTimeout();
  core.sendDurable(from, { kind: 'vote', pre: false, granted: true, withheld });
}

export function onVote(core: Core, { from, term }: Message, body: Extract<Body, { kind: 'vote' }>): void {
  const { pre, granted, withheld } = body;
  const vote = !granted ? 'refused' : withheld ? 'withheld' : 'granted';
  if (pre) {
    const asked = granted ? term === core.term + 1 : term === core.term;
    if (core.role === 'preCandidate' && asked) recordVote(core, from, vote);
  } else if (core.role === 'candidate' && term === core.term) {
    recordVote(core, from, vote);
  }
}

/** A leader that a majority does not answer stops leading: its clients find another, its reads are not stale. */
export function checkQuorum(core: Core): void {
  core.elapsed = 0;
  const heard = hasQuorum(core.configuration, (id) => id === core.id || core.progress.get(id)?.active === true);
  for (const progress of core.progress.values()) progress.active = false;
  if (!heard) follow(core, core.term, undefined);
}
