/** Which role a node has, and the way back to follower. Source: thesis §3.4, figure 3.3. */
import { assert, type NodeId, type Term } from '@skerry/kernel';
import type { Core } from './core.ts';
import type { Role } from './types.ts';

export function become(core: Core, role: Role, leader: NodeId | undefined): void {
  core.role = role;
  core.leader = leader;
  core.votes = new Map();
  core.emit({ kind: 'role', role, term: core.term, leader });
}

/** Follows `leader`, or nobody yet, in `term`: the present one or a later. */
export function follow(core: Core, term: Term, leader: NodeId | undefined): void {
  assert(term >= core.term, `term cannot go back from ${core.term} to ${term}`);
  const sameTerm = term === core.term;
  if (sameTerm && core.role === 'follower' && core.leader === leader) return;
  if (!sameTerm) {
    core.term = term;
    core.vote = undefined;
    core.hardStateChanged();
    core.dropHeld();
  }
  if (core.role === 'leader') abdicate(core);
  // Whoever only learns a term has heard no leader: the timer runs on, or candidates would keep each other waiting.
  if (core.role !== 'follower') core.resetTimeout();
  become(core, 'follower', leader);
}

function abdicate(core: Core): void {
  core.progress = new Map();
  core.transfer = undefined;
  for (const { request, from } of core.reads.abandon()) {
    if (from === undefined) core.emit({ kind: 'readRefused', request, reason: 'not_leader' });
    else core.send(from, { kind: 'readIndexReply', request, index: undefined });
  }
}
