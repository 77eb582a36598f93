/** `skerry raft …`: the replicated groups of data and auth: look at them, and change who leads and who votes. */
import { StatusError } from '@skerry/kernel';
import { type copies, raft } from '@skerry/proto';
import { command, optionalText, type CommandContext } from '@skerry/runtime-config';
import { jsonSetting } from '../common-settings.ts';
import { operatorSettings, withOperator, type Operator } from '../operator.ts';
import { askMembers, atLeader, groups, groupSetting, leaderOf, type Group, type MemberStatus } from '../raft-group.ts';
import { table } from '../table.ts';
import { digest } from './raft-digest.ts';

const nodePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const settings = { ...operatorSettings, group: groupSetting, json: jsonSetting };
type Given = { readonly group: string };

/** A node is called like its role. */
const groupOfNode = (node: string): Group | undefined =>
  groups.find((group) => node === group || new RegExp(`(^|_)${group}_\\d+$`).test(node));
function chosenGroups({ group }: Given): readonly Group[] {
  return groups.filter((each) => group === 'any' || group === each);
}
/** @throws StatusError `malformed` when neither the flag nor the node's name says which. */
function groupFor({ group }: Given, node: string | undefined): Group {
  const found = groups.find((each) => each === group) ?? (node === undefined ? undefined : groupOfNode(node));
  if (found !== undefined) return found;
  throw new StatusError('malformed', `Cannot tell which group is meant: give --group ${groups.join(' or --group ')}`);
}
/** @throws StatusError `malformed`. */
function nodeNamed({ arguments: [node = ''] }: CommandContext): string {
  if (nodePattern.test(node)) return node;
  throw new StatusError('malformed', `Cannot read node: must be 1 to 63 of a-z 0-9 _ -: got "${node}"`);
}

const roles: Readonly<Record<raft.RaftRole, string>> = {
  [raft.RaftRole.UNSPECIFIED]: 'unknown',
  [raft.RaftRole.FOLLOWER]: 'follower',
  [raft.RaftRole.PRE_CANDIDATE]: 'candidate',
  [raft.RaftRole.CANDIDATE]: 'candidate',
  [raft.RaftRole.LEADER]: 'leader',
};
const standings: Readonly<Record<raft.Standing, string>> = {
  [raft.Standing.UNSPECIFIED]: 'unknown',
  [raft.Standing.MEMBER]: 'member',
  [raft.Standing.NEW]: 'new',
  [raft.Standing.DAMAGED]: 'damaged',
};

/** As the leader sees the group; without one, as the member itself does. */
function membershipOf(node: string, configuration: raft.Configuration | undefined): string {
  if (configuration === undefined) return 'unknown';
  const { voters, outgoing, learners } = configuration;
  if (voters.includes(node)) return outgoing.length === 0 || outgoing.includes(node) ? 'voter' : 'voter to be';
  if (outgoing.includes(node)) return 'leaving';
  return learners.includes(node) ? 'learner' : 'none';
}

/** What a data node has of the large contents that the log names. */
function contentText({ compared, missing, missingBytes, fetchedBytes }: copies.GetCopiesResponse): string {
  if (missing === 0) return compared ? 'whole' : 'looking';
  const percent = Math.floor((100 * fetchedBytes) / Math.max(1, fetchedBytes + missingBytes));
  return `${missing} to fetch, ${(missingBytes / 1e6).toFixed(1)} MB (${percent} % done)`;
}

async function statusRows(operator: Operator, group: Group): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const members = await askMembers(operator, group);
  const leader = leaderOf(members)?.status;
  const newest = Math.max(0, ...members.map(({ status }) => status?.commit ?? 0));
  return members.map(({ node, status, failure, copies: held }) => {
    const follower = leader?.followers.find((each) => each.node === node);
    const configuration = leader?.configuration ?? status?.configuration;
    const seen = {
      node,
      group,
      membership: membershipOf(node, configuration),
      failureTolerance: leader?.failureTolerance ?? 0,
    };
    if (status === undefined)
      return { ...seen, answers: false, why: failure?.message ?? 'it is no member', lag: follower?.lag };
    return {
      ...seen,
      answers: true,
      role: roles[status.role],
      leader: status.leader,
      term: status.term,
      commit: status.commit,
      applied: status.applied,
      lag: follower?.lag ?? Math.max(0, newest - status.applied),
      standing: standings[status.standing],
      ...(held === undefined
        ? {}
        : { content: contentText(held), missingBlobs: held.missing, missingBytes: held.missingBytes }),
      voters: configuration?.voters ?? [],
      learners: configuration?.learners ?? [],
      firstIndex: status.firstIndex,
      lastIndex: status.lastIndex,
      snapshotIndex: status.snapshot?.index,
      logBytes: status.logBytes,
      epoch: status.epoch,
      incarnation: status.incarnation,
      ...(status.transferringTo === '' ? {} : { transferringTo: status.transferringTo }),
    };
  });
}

const columns = [
  'node',
  'group',
  'membership',
  'role',
  'leader',
  'term',
  'commit',
  'applied',
  'lag',
  'standing',
  'content',
] as const;

const status = command({
  path: ['raft', 'status'],
  summary: 'Show the members of the replicated groups: who leads, how far each is, how many may fail.',
  settings,
  examples: ['skerry raft status', 'skerry raft status --group data --json', 'skerry raft status --join 10.0.0.7:7400'],
  run: async (config, { stdout }) => {
    const found = await withOperator(config, (operator) =>
      Promise.all(chosenGroups(config).map(async (group) => ({ group, rows: await statusRows(operator, group) }))),
    );
    const rows = found.flatMap((each) => each.rows);
    if (config.json) {
      stdout.write(`${JSON.stringify(rows)}\n`);
      return 0;
    }
    const cells = rows.map((row) => [
      ...columns.map((column) => String(row[column] ?? '')),
      row['answers'] === true ? '' : `no answer: ${String(row['why'])}`,
    ]);
    stdout.write(`${table([...columns, ''], cells)}\n`);
    for (const {
      group,
      rows: [first],
    } of found)
      stdout.write(`group ${group}: ${toleranceText(Number(first?.['failureTolerance'] ?? 0))}\n`);
    return 0;
  },
});
const toleranceText = (count: number): string =>
  count === 0
    ? 'no node may fail now without a stop'
    : `${count} node${count === 1 ? '' : 's'} may fail now without a stop`;

const transfer = command({
  path: ['raft', 'transfer'],
  summary: 'Hand the leadership of a group over to another voter; nothing is lost, and nobody waits for a time-out.',
  settings: {
    ...settings,
    to: optionalText({
      help: 'Who is to lead; by default the voter that is furthest.',
      pattern: nodePattern,
      wanted: 'the name of a node',
      placeholder: 'NODE',
    }),
  },
  examples: ['skerry raft transfer --to data_2', 'skerry raft transfer --group auth'],
  run: async (config, { stdout }) => {
    const group = groupFor(config, config.to);
    let heir = config.to;
    const { leader, term } = await withOperator(config, (operator) =>
      atLeader(operator, group, (client, now, deadlineMs) => {
        // Chosen once: asked again, it must not be handed over twice.
        heir ??= furthest(now);
        return now.node === heir
          ? Promise.resolve({ leader: now.node, term: now.term })
          : client.transferLeadership({ group, to: heir }, { deadlineMs });
      }),
    );
    if (leader !== heir)
      throw new StatusError(
        'version_conflict',
        `Leadership of group "${group}" went to ${leader}, not to ${heir ?? ''}: it may be down or behind; try again`,
      );
    stdout.write(config.json ? `${JSON.stringify({ group, leader, term })}\n` : `${leader} leads group ${group}\n`);
    return 0;
  },
});
/** @throws StatusError `no_such_node`. */
function furthest({ group, followers, configuration }: raft.RaftStatus): string {
  const voters = followers.filter(({ node, active }) => active && configuration?.voters.includes(node) === true);
  const [best] = voters.toSorted((a, b) => b.match - a.match);
  if (best !== undefined) return best.node;
  throw new StatusError('no_such_node', `Cannot hand over the leadership of group "${group}": no other voter is up`);
}

type Word = 'add' | 'promote' | 'remove';
const words: Readonly<Record<Word, { readonly summary: string; readonly examples: readonly string[] }>> = {
  add: {
    summary: 'Make a node that runs a learner of its group: it gets all data, and does not vote.',
    examples: ['skerry raft add data_4', 'skerry raft add data_4 --group data --json'],
  },
  promote: {
    summary: 'Make a learner a voter, as soon as it has caught up.',
    examples: ['skerry raft promote data_4'],
  },
  remove: {
    summary: 'Take a node out of its group; it may be down, or lead.',
    examples: ['skerry raft remove data_2', 'skerry raft remove data_2 --join 10.0.0.7:7400'],
  },
};
const change = (word: Word) =>
  command({
    path: ['raft', word],
    summary: words[word].summary,
    positional: '<node>',
    settings,
    examples: words[word].examples,
    run: async (config, context) => {
      const node = nodeNamed(context);
      const group = groupFor(config, node);
      // Later tries may find done what an earlier one did.
      let first = true;
      const { configuration } = await withOperator(config, (operator) =>
        atLeader(operator, group, (client, leader, deadlineMs) => {
          if (first) requireSense(word, node, leader);
          first = false;
          return client.changeMembers({ group, [word]: [node] }, { deadlineMs });
        }),
      );
      const { voters = [], learners = [] } = configuration ?? {};
      context.stdout.write(
        config.json
          ? `${JSON.stringify({ group, voters, learners })}\n`
          : `${node} ${isNow(node, voters, learners)}; group ${group}: voters ${voters.join(', ')}; learners ${learners.join(', ') || 'none'}\n`,
      );
      return 0;
    },
  });
function isNow(node: string, voters: readonly string[], learners: readonly string[]): string {
  if (voters.includes(node)) return 'is a voter';
  return learners.includes(node) ? 'is a learner' : 'is out';
}
/** @throws StatusError `no_such_node`, `malformed`, with what to do. */
function requireSense(word: Word, node: string, { group, configuration }: raft.RaftStatus): void {
  const { voters = [], learners = [] } = configuration ?? {};
  const isMember = voters.includes(node) || learners.includes(node);
  if (word === 'remove' && !isMember)
    throw new StatusError(
      'no_such_node',
      `Cannot remove "${node}": it is not in group "${group}", whose voters are ${voters.join(', ')}`,
    );
  if (word === 'promote' && !isMember)
    throw new StatusError(
      'no_such_node',
      `Cannot promote "${node}": it is no learner of group "${group}"; first skerry raft add ${node}`,
    );
  if (word === 'remove' && voters.length === 1 && voters[0] === node)
    throw new StatusError('malformed', `Cannot remove "${node}": it is the only voter of group "${group}"`);
}

const snapshot = command({
  path: ['raft', 'snapshot'],
  summary: 'Make the state of a member durable as a snapshot and cut its log behind it; without a node, of all.',
  positional: '[node]',
  settings,
  examples: ['skerry raft snapshot data_1', 'skerry raft snapshot --group auth'],
  run: async (config, context) => {
    const node = context.arguments.length === 0 ? undefined : nodeNamed(context);
    const asked = node === undefined ? chosenGroups(config) : [groupFor(config, node)];
    const taken = await withOperator(config, async (operator) => {
      const answers = await Promise.all(asked.map((group) => snapshots(operator, group, node)));
      return answers.flat();
    });
    const cells = taken.map((one) => [one.node, one.group, String(one.index), String(one.sizeBytes)]);
    context.stdout.write(
      config.json ? `${JSON.stringify(taken)}\n` : `${table(['node', 'group', 'up to', 'log bytes'], cells)}\n`,
    );
    return 0;
  },
});
type Taken = { readonly node: string; readonly group: Group; readonly index: number; readonly sizeBytes: number };
/** @throws StatusError `no_such_node` when the one named is no member, or does not answer. */
async function snapshots(operator: Operator, group: Group, node: string | undefined): Promise<readonly Taken[]> {
  const members = (await askMembers(operator, group)).filter((member) => node === undefined || member.node === node);
  const up = members.filter(
    (member): member is MemberStatus & { readonly client: NonNullable<MemberStatus['client']> } =>
      member.client !== undefined && member.status !== undefined,
  );
  if (up.length === 0)
    throw new StatusError(
      'no_such_node',
      `Cannot take a snapshot: ${node === undefined ? `no member of group "${group}"` : `"${node}"`} answers; see skerry raft status`,
    );
  return Promise.all(
    up.map(async ({ node: of, client }) => {
      const { last, sizeBytes } = await client.takeSnapshot({ group });
      return { node: of, group, index: last?.index ?? 0, sizeBytes };
    }),
  );
}

export const raftCommands = [status, digest, transfer, change('add'), change('promote'), change('remove'), snapshot];
