/** What an operator asks of a member: who it is, another leader, other members, a shorter log. */
import {
  type Configuration,
  type Input,
  isJoint,
  type Position,
  type Raft,
  type RefusalReason,
} from '@skerry/cluster-raft';
import { type GroupId, type LogIndex, type NodeId, StatusError, unreachable } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import type { MemberChange, RaftAdmin, StateDigest } from '@skerry/runtime-raft-links';
import type { RaftLog } from '@skerry/runtime-raft-log';
import { adminWaitTicksMax } from './limits.ts';
import type { Identity } from './meta.ts';
import type { ReplicaStatus } from './types.ts';

export type AdminHost = {
  readonly group: GroupId;
  machine(): Raft | undefined;
  step(input: Input): void;
  status(): ReplicaStatus;
  checkpoint(): Promise<void>;
  digest(signal: AbortSignal): Promise<StateDigest>;
  log(): RaftLog;
  identity(): Identity & { readonly node: NodeId };
  /** @throws StatusError when the voters must not become these. */
  admit(next: readonly NodeId[], now: readonly NodeId[]): Promise<void>;
};
type Answer = { readonly index: LogIndex } | { readonly reason: RefusalReason };
type Waiter = { check(): boolean; reject(error: StatusError): void; leftTicks: number };

export class Admin implements RaftAdmin {
  readonly #host: AdminHost;
  #waiters: Waiter[] = [];
  /** Of the step under way. */
  #answer: Answer | undefined;

  constructor(host: AdminHost) {
    this.#host = host;
  }

  status(): raft.RaftStatus {
    const { group, machine, log, identity } = this.#host;
    const own = this.#host.status();
    const status = machine()?.status();
    const { incarnation, node } = identity();
    const { snapshot, sizeBytes } = log();
    return raft.RaftStatus.fromPartial({
      group,
      epoch: own.epoch,
      node,
      incarnation,
      role: roles[own.role],
      standing: standings[own.standing],
      term: own.term,
      leader: own.leaderId,
      commit: own.committed,
      applied: own.applied,
      firstIndex: own.firstIndex,
      lastIndex: own.lastIndex,
      configuration: configurationMessage(status?.configuration ?? snapshot.configuration),
      transferringTo: status?.transferringTo ?? '',
      followers: (status?.followers ?? []).map(({ id, state, match, active }) => ({
        node: id,
        state: states[state],
        match,
        lag: Math.max(0, own.lastIndex - match),
        active,
      })),
      failureTolerance: own.failureTolerance,
      logBytes: sizeBytes,
      ...(snapshot.last.index > 0 ? { snapshot: snapshot.last } : {}),
    });
  }

  async transferLeadership(
    to: NodeId | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly leader: NodeId; readonly term: number }> {
    const { node } = this.#host.identity();
    const heir = to ?? this.#bestFollower();
    if (heir === node && this.#host.status().leader) return { leader: node, term: this.#host.status().term };
    this.#ask({ kind: 'transfer', to: heir });
    await this.#until(() => {
      const { leaderId } = this.#host.status();
      return leaderId !== '' && leaderId !== node;
    }, signal);
    const { leaderId, term } = this.#host.status();
    return { leader: leaderId as NodeId, term };
  }
  #bestFollower(): NodeId {
    const { group, machine } = this.#host;
    const status = machine()?.status();
    const heirs =
      status?.followers.filter(({ id, active }) => active && status.configuration.voters.includes(id)) ?? [];
    const [best] = heirs.toSorted((a, b) => b.match - a.match);
    if (best !== undefined) return best.id;
    throw new StatusError(
      status?.role === 'leader' ? 'no_node' : 'not_leader',
      `Cannot hand over the leadership of group "${group}": no other voter is up`,
    );
  }

  async changeMembers(
    change: MemberChange,
    signal: AbortSignal,
  ): Promise<{ readonly configuration: Configuration; readonly index: number }> {
    const { add, promote } = change;
    const both = add.filter((id) => promote.includes(id) && !this.#configuration().voters.includes(id));
    if (both.length > 0) {
      await this.#change({ ...change, promote: promote.filter((id) => !both.includes(id)) }, signal);
      await this.#until(() => this.#isCaughtUp(both), signal);
    }
    return this.#change(change, signal);
  }
  async #change(
    { add, promote, demote, remove }: MemberChange,
    signal: AbortSignal,
  ): Promise<{ readonly configuration: Configuration; readonly index: number }> {
    // A new leader's first entry, another operator's change: both are decided soon, or the wait ends.
    await this.#until(() => this.#host.machine()?.status().changePending !== true, signal);
    const now = this.#configuration();
    const isKept = (id: NodeId): boolean => !remove.includes(id);
    const voters = [...new Set([...now.voters.filter((id) => !demote.includes(id)), ...promote])].filter(isKept);
    const learners = [...new Set([...now.learners, ...add, ...demote])].filter(
      (id) => isKept(id) && !voters.includes(id),
    );
    const same = (a: readonly string[], b: readonly string[]): boolean =>
      a.length === b.length && a.every((id) => b.includes(id));
    if (same(voters, now.voters) && same(learners, now.learners) && !isJoint(now))
      return { configuration: now, index: this.#host.status().applied };
    if (!same(voters, now.voters) && this.#host.status().leader) await this.#host.admit(voters, now.voters);
    const index = this.#ask({ kind: 'configure', voters, learners });
    await this.#until(() => this.#host.status().applied >= index && !isJoint(this.#configuration()), signal);
    return { configuration: this.#configuration(), index };
  }
  #isCaughtUp(ids: readonly NodeId[]): boolean {
    const { followers = [], last } = this.#host.machine()?.status() ?? {};
    return ids.every((id) => followers.some((each) => each.id === id && each.match >= (last?.index ?? 0)));
  }
  #configuration(): Configuration {
    return this.#host.machine()?.status().configuration ?? this.#host.log().snapshot.configuration;
  }

  async takeSnapshot(): Promise<{ readonly last: Position; readonly sizeBytes: number }> {
    await this.#host.checkpoint();
    const { snapshot, sizeBytes } = this.#host.log();
    return { last: snapshot.last, sizeBytes };
  }
  digestState(signal: AbortSignal): Promise<StateDigest> {
    return this.#host.digest(signal);
  }

  // The machine's answers to what was asked.

  proposed(index: LogIndex): void {
    this.#answer = { index };
  }
  refused(_: 'configure' | 'transfer' | 'propose', reason: RefusalReason): void {
    this.#answer = { reason };
  }
  /** @returns the entry's index, of a change. */
  #ask(input: Input): LogIndex {
    this.#answer = undefined;
    this.#host.step(input);
    const answer = this.#answer as Answer | undefined;
    if (answer === undefined || 'index' in answer) return (answer?.index ?? 0) as LogIndex;
    throw refusal(this.#host.group, answer.reason, this.#host.status().leaderId);
  }
  tick(): void {
    for (const waiter of this.#waiters) {
      waiter.leftTicks -= 1;
      if (waiter.leftTicks <= 0)
        waiter.reject(
          new StatusError(
            'deadline',
            `Group "${this.#host.group}" took too long: a majority of its members must answer`,
          ),
        );
    }
    this.applied();
  }
  /** Something may have come true. */
  applied(): void {
    if (this.#waiters.length > 0) this.#waiters = this.#waiters.filter((waiter) => !waiter.check());
  }
  close(error: StatusError): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
  #until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let over = false;
      const end = (settle: () => void): void => {
        over = true;
        signal.removeEventListener('abort', abort);
        settle();
      };
      const abort = (): void =>
        end(() => reject(new StatusError('cancelled', `Group "${this.#host.group}": nobody waits for the answer`)));
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push({
        leftTicks: adminWaitTicksMax,
        check: () => {
          if (!over && holds()) end(resolve);
          return over;
        },
        reject: (error) => end(() => reject(error)),
      });
    });
  }
}

function refusal(group: GroupId, reason: RefusalReason, leader: string): StatusError {
  const cannot = `Cannot change group "${group}"`;
  switch (reason) {
    case 'not_leader':
      return new StatusError('not_leader', `${cannot} here: its leader is ${leader || 'not known'}`);
    case 'transferring':
      return new StatusError('not_leader', `${cannot}: its leadership is being handed over`);
    case 'change_pending':
    case 'term_uncommitted':
      return new StatusError('version_conflict', `${cannot}: the change before is not decided yet; try again`);
    case 'learner_behind':
      return new StatusError('version_conflict', `${cannot}: who is to vote has not caught up; try again later`);
    case 'no_voters':
      return new StatusError('malformed', `${cannot}: nobody would vote`);
    case 'unchanged':
      return new StatusError('malformed', `${cannot}: that is what it is`);
    case 'no_such_voter':
      return new StatusError('no_such_node', `${cannot}: no such voter besides the leader`);
    case 'uncommitted_full':
    case 'too_many_reads':
      return new StatusError('overloaded', `${cannot}: too much waits for a majority`);
    case 'too_large':
      return new StatusError('too_large', `${cannot}: too many members`);
    default:
      return unreachable(reason);
  }
}

const configurationMessage = ({ voters, outgoing, learners, departing }: Configuration): raft.Configuration => ({
  voters: [...voters],
  outgoing: [...outgoing],
  learners: [...learners],
  departing: [...departing],
});
const roles = {
  follower: raft.RaftRole.FOLLOWER,
  preCandidate: raft.RaftRole.PRE_CANDIDATE,
  candidate: raft.RaftRole.CANDIDATE,
  leader: raft.RaftRole.LEADER,
} as const;
const standings = {
  member: raft.Standing.MEMBER,
  new: raft.Standing.NEW,
  damaged: raft.Standing.DAMAGED,
} as const;
const states = {
  probe: raft.FollowerState.PROBE,
  replicate: raft.FollowerState.REPLICATE,
  snapshot: raft.FollowerState.SNAPSHOT,
} as const;
