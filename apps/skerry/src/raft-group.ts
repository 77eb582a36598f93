/** A replicated group as an operator sees it: what each member says, and calls to whichever leads. */
import { setTimeout as pause } from 'node:timers/promises';
import { StatusError, toStatusError, type Reason } from '@skerry/kernel';
import { type copies, raft } from '@skerry/proto';
import { oneOf } from '@skerry/runtime-config';
import type { Client } from '@skerry/runtime-rpc';
import type { Operator } from './operator.ts';

/** The groups there are; each is called like the role of its nodes. */
export const groups = ['data', 'auth'] as const;
export type Group = (typeof groups)[number];
export const groupSetting = oneOf({
  default: 'any',
  choices: ['any', ...groups],
  help: 'Which group; by default that of the node named, or for status, digest and snapshot both.',
});

/** How long a member may take to tell its status, in milliseconds: a paused one does not answer. */
const statusTimeoutMs = 3_000;
/** How long a change may take, in milliseconds: elections, a learner's last entries, and a majority's disks. */
const changeTimeoutMs = 20_000;
/** Between two tries to find a leader. */
const findPauseMs = 100;

/** What one member says, or why it says nothing. */
export type MemberStatus = {
  readonly node: string;
  /** Undefined, like `content`, when no address is known. */
  readonly client: Client<raft.RaftServiceDefinition> | undefined;
  /** What it has beside the log, of a data node. */
  readonly content: Client<copies.CopyServiceDefinition> | undefined;
  readonly status: raft.RaftStatus | undefined;
  readonly failure: StatusError | undefined;
  /** Of a data node that tells. */
  readonly copies?: copies.GetCopiesResponse | undefined;
};

/**
 * Of all that are known, by discovery, by file, or by the group's own configuration, which knows also whom discovery has
 * lost; in order of name.
 */
export async function askMembers(operator: Operator, group: Group): Promise<readonly MemberStatus[]> {
  const members = await operator.raftMembers(group);
  const asked = await Promise.all(
    members.map(async ({ nodeId, client, copies: content }): Promise<MemberStatus> => {
      try {
        const options = { deadlineMs: statusTimeoutMs };
        const [
          {
            groups: [status],
          },
          copies,
        ] = await Promise.all([
          client.getRaftStatus({ group }, options),
          // What it does not tell is left out: one that stands alone has no such door.
          group === 'data' ? content.getCopies({}, options).catch(() => undefined) : undefined,
        ]);
        return { node: status?.node ?? nodeId, client, content, status, failure: undefined, copies };
      } catch (thrown) {
        return { node: nodeId, client, content, status: undefined, failure: toStatusError(thrown) };
      }
    }),
  );
  const named = new Set(asked.map(({ node }) => node));
  const configuration = newestOf(asked)?.configuration;
  const { voters = [], outgoing = [], learners = [] } = configuration ?? {};
  const absent = [...new Set([...voters, ...outgoing, ...learners])].filter((id) => !named.has(id));
  const unknown = absent.map((node): MemberStatus => ({
    node,
    client: undefined,
    content: undefined,
    status: undefined,
    failure: new StatusError('no_node', 'no address is known: it is not running'),
  }));
  return [...asked, ...unknown].toSorted((a, b) => (a.node < b.node ? -1 : 1));
}

type Leader = MemberStatus & { readonly status: raft.RaftStatus };
/** Of two that think so, the one of the later term. */
export function leaderOf(members: readonly MemberStatus[]): Leader | undefined {
  const leaders = members.filter((member): member is Leader => member.status?.role === raft.RaftRole.LEADER);
  return leaders.toSorted((a, b) => b.status.term - a.status.term)[0];
}

/** The leader's word; while nobody leads, that of who has the most of the log. */
function newestOf(members: readonly MemberStatus[]): raft.RaftStatus | undefined {
  const told = members.flatMap(({ status }) => (status === undefined ? [] : [status]));
  const byLog = (a: raft.RaftStatus, b: raft.RaftStatus): number => b.term - a.term || b.lastIndex - a.lastIndex;
  return leaderOf(members)?.status ?? told.toSorted(byLog)[0];
}

/** The leader is another by now, or an earlier change is not decided yet, or who is to vote has not caught up. */
const passing: ReadonlySet<Reason> = new Set<Reason>([
  'not_leader',
  'version_conflict',
  'connection_lost',
  'shutting_down',
  'deadline',
  'no_node',
  'overloaded',
]);

/**
 * What `change` gives at the leader, asked again while there is none, or another by then; so it must be idempotent.
 *
 * @throws StatusError of the last try; `no_node` when no member says that it leads.
 */
export async function atLeader<T>(
  operator: Operator,
  group: Group,
  change: (client: Client<raft.RaftServiceDefinition>, leader: raft.RaftStatus, deadlineMs: number) => Promise<T>,
): Promise<T> {
  const endMs = performance.now() + changeTimeoutMs;
  for (;;) {
    const members = await askMembers(operator, group);
    const leader = leaderOf(members);
    let failure = noLeader(group, members);
    if (leader?.client !== undefined)
      try {
        return await change(leader.client, leader.status, Math.max(1, endMs - performance.now()));
      } catch (thrown) {
        failure = toStatusError(thrown);
        if (!passing.has(failure.reason)) throw failure;
      }
    if (performance.now() + findPauseMs > endMs) throw failure;
    await pause(findPauseMs);
  }
}

function noLeader(group: Group, members: readonly MemberStatus[]): StatusError {
  const up = members.filter(({ status }) => status !== undefined).map(({ node }) => node);
  const who = up.length === 0 ? 'no member answers' : `of ${members.length} members only ${up.join(', ')} answer`;
  return new StatusError(
    'no_node',
    `Cannot find the leader of group "${group}": ${who}; a majority must be up: see skerry cluster status`,
  );
}
