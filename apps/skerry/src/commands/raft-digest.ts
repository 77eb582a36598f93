/** `skerry raft digest`: each member hashes what it has, by itself; equal members have equal hashes. */
import { setTimeout as pause } from 'node:timers/promises';
import { StatusError, toStatusError } from '@skerry/kernel';
import type { copies, raft } from '@skerry/proto';
import { command, flag } from '@skerry/runtime-config';
import { jsonSetting } from '../common-settings.ts';
import { operatorSettings, withOperator, type Operator } from '../operator.ts';
import { askMembers, type Group, groupSetting, groups } from '../raft-group.ts';
import { table } from '../table.ts';

/** How long one member may read its state, in milliseconds: some gigabytes. */
const stateTimeoutMs = 60_000;
/** Longest silence of a member that reads its content, in milliseconds. */
const contentSilenceMaxMs = 30_000;
/** Members are asked again while some have applied more than others, so often; a group that is written to stays apart. */
const askCountMax = 10;
/** Between two such questions, in milliseconds. */
const askPauseMs = 200;

type Row = {
  readonly node: string;
  readonly group: Group;
  readonly state?: raft.DigestStateResponse;
  readonly content?: copies.ContentDigest;
  readonly failure?: StatusError | undefined;
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function askOnce(operator: Operator, group: Group, withContent: boolean): Promise<readonly Row[]> {
  const members = await askMembers(operator, group);
  return Promise.all(
    members.map(async ({ node, client, content, failure }): Promise<Row> => {
      if (client === undefined || content === undefined) return { node, group, failure };
      try {
        const state = await client.digestState({ group }, { deadlineMs: stateTimeoutMs });
        if (!withContent || group !== 'data') return { node, group, state };
        return { node, group, state, content: await lastOf(content.digestContent({}, readOptions)) };
      } catch (thrown) {
        return { node, group, failure: toStatusError(thrown) };
      }
    }),
  );
}
const readOptions = { progressDeadlineMs: contentSilenceMaxMs };
async function lastOf(messages: AsyncIterable<copies.DigestContentResponse>): Promise<copies.ContentDigest> {
  let found: copies.ContentDigest | undefined;
  for await (const { digest } of messages) found = digest;
  if (found !== undefined) return found;
  throw new StatusError('malformed', 'Cannot read digest of content: the answer ended without one');
}

/** Whether all that answer spoke of one moment of the log. */
function isOneMoment(rows: readonly Row[]): boolean {
  const indexes = rows.flatMap(({ state, content }) => [state?.applied, content?.appliedFirst, content?.appliedLast]);
  return new Set(indexes.filter((index) => index !== undefined)).size <= 1;
}
async function ask(operator: Operator, group: Group, withContent: boolean): Promise<readonly Row[]> {
  for (let count = 1; ; count++) {
    const rows = await askOnce(operator, group, withContent);
    if (isOneMoment(rows) || count === askCountMax) return rows;
    await pause(askPauseMs);
  }
}

/** What is to be said of a group, and whether it is good. */
function verdict(group: Group, rows: readonly Row[]): { readonly text: string; readonly equal: boolean } {
  const answered = rows.filter(({ state }) => state !== undefined);
  const say = (text: string, equal = false) => ({ text: `group ${group}: ${text}`, equal });
  if (answered.length === 0) return say('no member answers');
  if (!isOneMoment(answered))
    return say('it is written to, and its members are not at one place of the log; try again');
  const at = `at ${answered[0]?.state?.applied ?? 0}`;
  const states = new Set(answered.map(({ state }) => hex(state?.sha256 ?? new Uint8Array(0))));
  if (states.size > 1) return say(`the states of its members differ ${at}`);
  const bad = answered.filter(({ content }) => (content?.missing ?? 0) + (content?.damaged ?? 0) > 0);
  if (bad.length > 0) return say(`content is missing or damaged on ${bad.map(({ node }) => node).join(', ')}`);
  if (new Set(answered.map(({ content }) => hex(content?.sha256 ?? new Uint8Array(0)))).size > 1)
    return say(`the contents of its members differ ${at}`);
  const silent = rows.length - answered.length;
  const equal = answered.length === 1 ? `1 member answers, ${at}` : `${answered.length} members are equal ${at}`;
  return say(silent === 0 ? equal : `${equal}; ${silent} did not answer`, true);
}

function shown({ node, group, state, content, failure }: Row): Readonly<Record<string, unknown>> {
  if (state === undefined) return { node, group, answers: false, why: failure?.message ?? '' };
  const { applied, rowCount: rows, sizeBytes: bytes, sha256 } = state;
  const own = { node, group, answers: true, applied, rows, bytes, state: hex(sha256) };
  if (content === undefined) return own;
  const { sha256: hash, extentCount: pieces, missing, damaged } = content;
  return { ...own, content: hex(hash), pieces, missing, damaged };
}
const columns = [
  'node',
  'group',
  'applied',
  'rows',
  'bytes',
  'state',
  'content',
  'pieces',
  'missing',
  'damaged',
] as const;
/** Digits of a hash in the table. */
const shownDigits = 16;

export const digest = command({
  path: ['raft', 'digest'],
  summary: 'Hash the state of every member, and its content, where it stands: equal members have equal hashes.',
  settings: {
    ...operatorSettings,
    group: groupSetting,
    content: flag({ help: 'Read and verify all files of each data node too, from its own disk.' }),
    json: jsonSetting,
  },
  examples: ['skerry raft digest', 'skerry raft digest --group data --content --json'],
  run: async (config, { stdout }) => {
    const asked = groups.filter((each) => config.group === 'any' || config.group === each);
    const found = await withOperator(config, (operator) =>
      Promise.all(asked.map(async (group) => ({ group, rows: await ask(operator, group, config.content) }))),
    );
    const verdicts = found.map(({ group, rows }) => verdict(group, rows));
    const rows = found.flatMap((each) => each.rows.map(shown));
    const cells = rows.map((row) => [
      ...columns.map((column) => String(row[column] ?? '').slice(0, shownDigits)),
      row['answers'] === true ? '' : `no answer: ${String(row['why'])}`,
    ]);
    stdout.write(
      config.json
        ? `${JSON.stringify(rows)}\n`
        : `${table([...columns, ''], cells)}\n${verdicts.map(({ text }) => `${text}\n`).join('')}`,
    );
    return verdicts.every(({ equal }) => equal) ? 0 : 1;
  },
});
