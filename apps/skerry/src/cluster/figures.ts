/** What nodes with a replicated log say of themselves at `/status`, and the wait until each group has a leader. */
import { setTimeout as pause } from 'node:timers/promises';
import { StatusError } from '@skerry/kernel';
import { shape } from '@skerry/runtime-config';
import type { ClusterNode } from './cluster-file.ts';

/** The roles without a replicated log have none of it. */
const statusOfReplica = shape.object({
  service: shape.object({
    leader: shape.boolean(),
    term: shape.number(),
    committed: shape.number(),
    applied: shape.number(),
    failureTolerance: shape.number(),
    /** Of an auth node. */
    users: shape.number().optional(),
  }),
});
export type Figures = {
  readonly leader: boolean;
  readonly term: number;
  /** Records of the log that are agreed upon, and how many of them this node has yet to apply. */
  readonly commit: number;
  readonly lag: number;
  /** Nodes of the group that may fail while it goes on. */
  readonly failureTolerance: number;
};
/** Longest wait for one node's figures, in milliseconds: a paused one does not answer. */
const statusTimeoutMs = 1_000;
/** How long groups may take to find their first leaders, in milliseconds: many elections, on a machine that is busy. */
const leadersTimeoutMs = 30_000;
/** Between two looks. */
const leadersPauseMs = 25;

async function replicaOf(node: ClusterNode): Promise<ReturnType<typeof statusOfReplica.parse>['service'] | undefined> {
  const metrics = node.endpoints['metrics'];
  if (metrics === undefined) return undefined;
  try {
    const response = await fetch(`${metrics}/status`, { signal: AbortSignal.timeout(statusTimeoutMs) });
    return statusOfReplica.safeParse(await response.json()).data?.service;
  } catch {
    // It does not answer: nothing is known of it.
    return undefined;
  }
}

/** Undefined: it has no replicated log, or does not answer. */
export async function figuresOf(node: ClusterNode): Promise<Figures | undefined> {
  const replica = await replicaOf(node);
  if (replica === undefined) return undefined;
  const { leader, term, committed: commit, applied, failureTolerance } = replica;
  return { leader, term, commit, lag: commit - applied, failureTolerance };
}

/**
 * Resolves when each of the roles has a leader that has applied what is decided, and auth its first user. @throws
 * StatusError `no_node` when that takes too long.
 */
export async function awaitLeaders(nodes: readonly ClusterNode[], roles: readonly string[]): Promise<void> {
  const endMs = performance.now() + leadersTimeoutMs;
  const hasLeader = async (role: string): Promise<boolean> => {
    const replicas = await Promise.all(nodes.filter((node) => node.role === role).map(replicaOf));
    const leader = replicas.find((replica) => replica?.leader === true);
    return leader !== undefined && leader.committed === leader.applied && leader.users !== 0;
  };
  for (;;) {
    const there = await Promise.all(roles.map(hasLeader));
    const missing = roles.filter((_, i) => there[i] !== true);
    const [role] = missing;
    if (role === undefined) return;
    if (performance.now() > endMs) throw noLeader(role, nodes);
    await pause(leadersPauseMs);
  }
}

function noLeader(role: string, nodes: readonly ClusterNode[]): StatusError {
  const logs = nodes.filter((node) => node.role === role).map(({ log }) => log);
  return new StatusError(
    'no_node',
    `Cannot start cluster: the ${role} nodes have found no leader within ${leadersTimeoutMs} ms; their logs: ${logs.join(', ')}`,
  );
}
