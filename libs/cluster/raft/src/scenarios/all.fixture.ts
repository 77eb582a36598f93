/** All scenarios: one file each. */
import { add } from './add.scenario.ts';
import { checkQuorum } from './check-quorum.scenario.ts';
import { figure7 } from './figure-7.scenario.ts';
import { figure8 } from './figure-8.scenario.ts';
import { removedNode } from './removed-node.scenario.ts';
import { four } from './four.scenario.ts';
import { jointCrash } from './joint-crash.scenario.ts';
import { jointOutside } from './joint-outside.scenario.ts';
import { leaseRestart } from './lease-restart.scenario.ts';
import { leaseTransfer } from './lease-transfer.scenario.ts';
import { lease } from './lease.scenario.ts';
import { lateVoter } from './late-voter.scenario.ts';
import { notTransitive } from './not-transitive.scenario.ts';
import { oneWay } from './one-way.scenario.ts';
import { preVoteStale } from './pre-vote-stale.scenario.ts';
import { preVote } from './pre-vote.scenario.ts';
import { readIndex } from './read-index.scenario.ts';
import { readNewLeader } from './read-new-leader.scenario.ts';
import { readRestart } from './read-restart.scenario.ts';
import { remove } from './remove.scenario.ts';
import { replace } from './replace.scenario.ts';
import { shortAppend } from './short-append.scenario.ts';
import { snapshotLeaders } from './snapshot-leaders.scenario.ts';
import { snapshotOlder } from './snapshot-older.scenario.ts';
import { snapshot } from './snapshot.scenario.ts';
import { stalled } from './stalled.scenario.ts';
import { sync } from './sync.scenario.ts';
import { transferBehind } from './transfer-behind.scenario.ts';
import { transfer } from './transfer.scenario.ts';
import { wiped } from './wiped.scenario.ts';
import type { Scenario } from './play.fixture.ts';

export const scenarios: readonly Scenario[] = [
  add,
  checkQuorum,
  figure7,
  figure8,
  removedNode,
  four,
  jointCrash,
  jointOutside,
  leaseRestart,
  leaseTransfer,
  lease,
  lateVoter,
  notTransitive,
  oneWay,
  preVoteStale,
  preVote,
  readIndex,
  readNewLeader,
  readRestart,
  remove,
  replace,
  shortAppend,
  snapshotLeaders,
  snapshotOlder,
  snapshot,
  stalled,
  sync,
  transferBehind,
  transfer,
  wiped,
];
