/** Asks the other nodes of a role for the group that they are in. */
import { Epoch, isHexId, type NodeId, NodeId as asNodeId, toStatusError } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import { pause } from '@skerry/runtime-world';
import type { GroupName } from './membership.ts';
import type { ServiceEnvironment } from './types.ts';

type Environment = Pick<ServiceEnvironment, 'rpc' | 'directory' | 'world' | 'telemetry'>;
export type FoundGroup = {
  readonly epoch: Epoch;
  /** Who told. */
  readonly node: NodeId;
  /** As it knows. */
  readonly leader: NodeId | undefined;
};

/** How long a node without a past looks for its group, in milliseconds: until a discovery node has told of the others. */
export const findGroupMaxMs = 2_000;
/** The same of a founder, which most often begins with the others: the machine's own rules guard a lost disk too. */
export const founderFindsMaxMs = 500;
/** Of one question. */
const askMaxMs = 700;
const askPauseMs = 100;

/**
 * A group that has begun: somebody in it has a vote and something decided. Undefined when nobody tells of one in time, or
 * all that are there say that they begin as well; at once where nobody can be heard of.
 */
export async function findGroup(
  environment: Environment,
  name: GroupName,
  maxMs: number,
): Promise<FoundGroup | undefined> {
  const { clock } = environment.world;
  const endMs = clock.monotonicMs() + maxMs;
  for (;;) {
    if (environment.directory.isAlone) return undefined;
    const others = othersOf(environment, name.role);
    const answers = await Promise.all(others.map((node) => groupAt(environment, node, name)));
    const begun = answers.find((answer): answer is FoundGroup => answer !== undefined && answer !== 'none');
    if (begun !== undefined) return begun;
    // Discovery has told of the role, and nobody there has begun.
    const all = answers.length > 0 && answers.every((answer) => answer === 'none');
    if (all || knowsItself(environment, name.role) || clock.monotonicMs() >= endMs) return undefined;
    await pause(clock, askPauseMs);
  }
}
const othersOf = ({ rpc, directory }: Environment, role: string): readonly NodeId[] =>
  directory
    .nodes(role)
    .map(({ nodeId }) => asNodeId(nodeId))
    .filter((id) => id !== rpc.nodeId);
/** Of an earlier life: the table is there, and nobody else of this role in it. */
const knowsItself = ({ rpc, directory }: Environment, role: string): boolean => {
  const nodes = directory.nodes(role);
  return nodes.length === 1 && nodes[0]?.nodeId === rpc.nodeId;
};

/** What this node knows of the group; `none` when it is not in one that has begun, undefined when it does not answer. */
export async function groupAt(
  { rpc, directory, telemetry }: Environment,
  node: NodeId,
  { group, role }: GroupName,
): Promise<FoundGroup | 'none' | undefined> {
  const record = directory.nodes(role).find(({ nodeId }) => nodeId === node);
  if (record === undefined) return undefined;
  try {
    const client = rpc.client(raft.RaftServiceDefinition, { nodeId: node, address: record.address });
    const { groups } = await client.getRaftStatus({ group }, { deadlineMs: askMaxMs });
    const [status] = groups;
    const begun = status !== undefined && status.commit > 0 && status.configuration?.voters.length !== 0;
    if (!begun || !isHexId(status.epoch)) return 'none';
    return { epoch: Epoch(status.epoch), node, leader: status.leader === '' ? undefined : asNodeId(status.leader) };
  } catch (thrown) {
    const error = toStatusError(thrown);
    if (error.reason === 'no_node') return 'none';
    telemetry.emit({ event: 'group_not_told', level: 'debug', group, node, error });
    return undefined;
  }
}
