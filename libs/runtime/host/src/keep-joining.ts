/** A node that joined asks the leader for its vote until it has one. */
import { toStatusError } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import type { Replica } from '@skerry/runtime-replica';
import { pause } from '@skerry/runtime-world';
import { groupAt } from './find-group.ts';
import type { GroupName } from './membership.ts';
import type { ServiceEnvironment } from './types.ts';

/** Between two requests, in milliseconds. */
const askPauseMs = 500;
/** Of a request: the leader answers when the change is decided. */
const changeMaxMs = 10_000;

type Environment = Pick<ServiceEnvironment, 'rpc' | 'directory' | 'world' | 'telemetry'>;

/**
 * First as a learner, then, when it has all that it must have (`mayVote`), as a voter. Resolves when it votes, is removed
 * by hand meanwhile, or `signal` aborts.
 */
export async function keepJoining(
  environment: Environment,
  name: GroupName,
  replica: Replica,
  mayVote: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = environment.world;
  let asked = 'none';
  while (!signal.aborted && replica.isJoining) {
    const isLearner = replica.status().learners.includes(environment.rpc.nodeId);
    const wanted = !isLearner ? 'learner' : mayVote() ? 'voter' : 'none';
    if (wanted !== 'none') {
      const error = await ask(environment, name, wanted === 'voter');
      if (error !== undefined && asked !== wanted)
        environment.telemetry.emit({ event: 'join_waits', group: name.group, as: wanted, error });
      asked = wanted;
    }
    await pause(clock, askPauseMs, signal);
  }
  if (!signal.aborted) environment.telemetry.emit({ event: 'group_joined', group: name.group });
}

/** @returns why it was refused. */
async function ask(environment: Environment, name: GroupName, promote: boolean): Promise<Error | undefined> {
  const { rpc, directory } = environment;
  const self = rpc.nodeId;
  try {
    for (const { nodeId } of directory.nodes(name.role)) {
      if (nodeId === self) continue;
      const found = await groupAt(environment, nodeId as typeof self, name);
      if (found === undefined || found === 'none' || found.leader === undefined) continue;
      const { leader } = found;
      const record = directory.nodes(name.role).find((each) => each.nodeId === leader);
      if (record === undefined) continue;
      const client = rpc.client(raft.RaftServiceDefinition, { nodeId: leader, address: record.address });
      const change = { group: name.group, add: [self], promote: promote ? [self] : [], demote: [], remove: [] };
      await client.changeMembers(change, { deadlineMs: changeMaxMs });
      return undefined;
    }
    return new Error('nobody told of a leader');
  } catch (thrown) {
    return toStatusError(thrown);
  }
}
