/** What a member tells of itself. */
import { isVoter, type Status } from '@skerry/cluster-raft';
import type { Epoch, GroupId, LogIndex, NodeId } from '@skerry/kernel';
import type { RaftLog } from '@skerry/runtime-raft-log';
import type { ReplicaStatus } from './types.ts';

type Seen = {
  readonly group: GroupId;
  readonly node: NodeId;
  readonly epoch: Epoch;
  /** Undefined while the disk takes nothing. */
  readonly machine: Status | undefined;
  readonly log: RaftLog;
  readonly applied: LogIndex;
  readonly isLeader: boolean;
};

export function statusOf({ group, node, epoch, machine, log, applied, isLeader }: Seen): ReplicaStatus {
  const configuration = machine?.configuration ?? log.snapshot.configuration;
  const committed = Math.max(machine?.commit ?? 0, applied);
  return {
    group,
    epoch,
    term: machine?.term ?? log.hardState.term,
    leader: isLeader,
    leaderId: machine?.leader ?? (isLeader ? node : ''),
    role: machine?.role ?? 'follower',
    standing: machine?.standing ?? log.hardState.standing,
    committed,
    applied,
    lag: committed - applied,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    voters: configuration.voters,
    outgoing: configuration.outgoing,
    learners: configuration.learners,
    failureTolerance: isLeader && machine !== undefined ? failureTolerance(machine, node) : 0,
  };
}

/** How many voters that are up may fail, whichever they are, and a majority of each half still be up. */
export function failureTolerance({ configuration, followers }: Status, node: NodeId): number {
  const isUp = (id: NodeId): boolean => id === node || followers.some((each) => each.id === id && each.active);
  const halves = [configuration.voters, configuration.outgoing].filter((half) => half.length > 0);
  const spare = halves.map((half) => half.filter(isUp).length - (Math.floor(half.length / 2) + 1));
  return Math.max(0, Math.min(...spare, isVoter(configuration, node) ? Infinity : configuration.voters.length));
}
