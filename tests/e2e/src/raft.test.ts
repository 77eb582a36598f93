/** The operator's commands for replicated groups, on real processes: three data nodes, and a fourth that comes and goes. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Client } from 'basic-ftp';
import { Cluster, type DigestRow } from './cluster-fixture.ts';
import { adminPassword, program, removeFolder, run, skerry, temporaryFolder, until } from './system.ts';

/** Each command is a process of its own, which takes seconds where all tests run at once. */
jest.setTimeout(90_000);

const data = temporaryFolder('raft');
let cluster: Cluster;
let fourth: ChildProcess | undefined;

beforeAll(async () => {
  cluster = await Cluster.start(data, 'data=3');
}, 90_000);
afterAll(async () => {
  if (fourth !== undefined && fourth.exitCode === null) {
    const exited = once(fourth, 'exit');
    fourth.kill('SIGTERM');
    await exited;
  }
  await cluster.stop();
  removeFolder(data);
}, 60_000);

/** A data node that is not of the founders, started by hand. */
async function startFourth(): Promise<ChildProcess> {
  const join = cluster.node('discovery_1').grpc;
  const words = ['node', 'data', '--id', 'data_4', '--host', '127.0.0.1', '--data', data, '--join', join, '--json'];
  const child = spawn(process.execPath, [program, ...words, '--founders', 'data_1,data_2,data_3'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return child;
}
/** As the leader has it. */
const voters = async (): Promise<readonly string[]> =>
  [...((await cluster.members('data')).find(({ leader }) => leader === true)?.voters ?? [])].toSorted();

describe('skerry raft status', () => {
  it('both groups have a leader when the cluster says that it is ready, and each member agrees on it', async () => {
    const rows = await cluster.raft();
    expect(rows.map(({ node, membership }) => [node, membership])).toEqual([
      ['data_1', 'voter'],
      ['data_2', 'voter'],
      ['data_3', 'voter'],
      ['auth_1', 'voter'],
    ]);
    for (const group of ['data', 'auth'])
      expect(rows.filter((row) => row.group === group && row.role === 'leader')).toHaveLength(1);
    const leaders = new Set(rows.filter(({ group }) => group === 'data').map(({ leader }) => leader));
    expect([...leaders]).toEqual([rows.find(({ group, role }) => group === 'data' && role === 'leader')?.node]);
    expect(rows.map(({ failureTolerance }) => failureTolerance)).toEqual([1, 1, 1, 0]);
  });
  it('a table for people, with what may fail', async () => {
    const text = await cluster.done('raft', 'status', '--group', 'data');
    expect(text).toMatch(/^node +group +membership +role +leader +term +commit +applied +lag +standing +content\n/);
    expect(text).toMatch(/\ndata_3 +data +voter +(leader|follower) +data_[123] +\d+ +\d+ +\d+ +0 +member +whole\n/);
    expect(text).toContain('group data: 1 node may fail now without a stop\n');
  });
  it('--join finds the members by discovery', async () => {
    const join = cluster.node('discovery_1').grpc;
    const authority = `${data}/ca`;
    const { code, stdout } = await skerry(['raft', 'status', '--json', '--join', join, '--authority', authority]);
    expect([code, (JSON.parse(stdout) as unknown[]).length]).toEqual([0, 4]);
  });
  it('a member that is paused is said not to answer, and one less may fail', async () => {
    const leader = await cluster.leader('data');
    const other = ['data_1', 'data_2', 'data_3'].find((name) => name !== leader) ?? '';
    await cluster.done('cluster', 'pause', other);
    try {
      await until('it counts no more', async () => {
        const members = await cluster.members('data');
        return members.some(({ leader: leads, failureTolerance }) => leads === true && failureTolerance === 0);
      });
      const text = await cluster.done('raft', 'status', '--group', 'data');
      expect(text).toMatch(new RegExp(`\n${other} .* no answer: `));
      expect(text).toContain('group data: no node may fail now without a stop\n');
    } finally {
      await cluster.done('cluster', 'resume', other);
    }
    await until('all agree', () => cluster.agree('data'));
  });
});

describe('skerry raft digest', () => {
  it('finds all members equal, with their content, and says who does not answer', async () => {
    const client = new Client(20_000);
    await client.access({ ...cluster.ftpOf('routing_1'), user: 'admin', password: adminPassword });
    for (const [path, size] of [
      ['large', 800_000],
      ['small', 500],
    ] as const)
      await client.uploadFrom(Readable.from([randomBytes(size)]), path);
    client.close();
    await until('the copies are complete', async () =>
      (await cluster.members('data')).every(({ copies }) => copies?.missing === 0 && copies.pushing === 0),
    );
    await until('all agree', () => cluster.agree('data'));
    const text = await cluster.done('raft', 'digest', '--content');
    expect(text).toMatch(/\ndata_3 +data +\d+ +\d+ +\d+ +[0-9a-f]{16} +[0-9a-f]{16} +2 +0 +0 *\n/);
    expect(text).toMatch(/\ngroup data: 3 members are equal at \d+\ngroup auth: 1 member answers, at \d+\n$/);
    const rows = JSON.parse(await cluster.done('raft', 'digest', '--json', '--group', 'data')) as readonly DigestRow[];
    expect(rows.map(({ node }) => node)).toEqual(['data_1', 'data_2', 'data_3']);
    expect(new Set(rows.map(({ state }) => state)).size).toBe(1);

    const follower = ['data_1', 'data_2', 'data_3'].find((name) => name !== rows[0]?.node) ?? '';
    await cluster.order('kill', follower);
    // Who is dead stands in no list of running nodes: the group's own configuration names it.
    const without = await cluster.done('raft', 'digest', '--group', 'data');
    expect(without).toMatch(new RegExp(`\\n${follower} +data .*no answer: `));
    expect(without).toMatch(/\ngroup data: 2 members are equal at \d+; 1 did not answer\n$/);
    await cluster.order('start', follower);
    await until('all agree again', () => cluster.agree('data'));
  });
});

describe('skerry raft transfer', () => {
  it('to the one named, and again is no error', async () => {
    const leader = await cluster.leader('data');
    const heir = ['data_1', 'data_2', 'data_3'].find((name) => name !== leader) ?? '';
    for (let i = 0; i < 2; i++)
      expect(await cluster.done('raft', 'transfer', '--to', heir)).toBe(`${heir} leads group data\n`);
    expect(await cluster.leader('data')).toBe(heir);
  });
  it('to whoever is furthest', async () => {
    const before = await cluster.leader('data');
    const { leader } = JSON.parse(await cluster.done('raft', 'transfer', '--group', 'data', '--json')) as {
      leader: string;
    };
    expect(leader).not.toBe(before);
    expect(await cluster.leader('data')).toBe(leader);
  });
  it.each([
    [['transfer'], 2, /^skerry: Cannot tell which group is meant: give --group data or --group auth\n$/],
    [['transfer', '--to', 'data_9'], 1, /no such voter besides the leader\n$/],
    [['transfer', '--group', 'auth'], 1, /no other voter is up\n$/],
    [['promote', 'data_9'], 1, /it is no learner of group "data"; first skerry raft add data_9\n$/],
    [['remove', 'data_9'], 1, /it is not in group "data", whose voters are data_1, data_2, data_3\n$/],
    [['remove', 'auth_1'], 2, /it is the only voter of group "auth"\n$/],
    [['add', 'Data 4'], 2, /^skerry: Cannot read node: .*: got "Data 4"\n$/],
  ])('%j: exits %d and says what to do', async (words, code, line) => {
    const got = await cluster.command('raft', ...words);
    expect([got.code, got.stderr]).toEqual([code, expect.stringMatching(line)]);
  });
});

describe('members', () => {
  it('a node that runs becomes a learner, a voter, and is removed; the group goes on meanwhile', async () => {
    fourth = await startFourth();
    expect(await cluster.done('raft', 'add', 'data_4')).toMatch(/^data_4 is a (learner|voter); group data: voters /);
    expect(await cluster.done('raft', 'promote', 'data_4')).toMatch(/^data_4 is a voter; .* learners none\n$/);
    expect(await voters()).toEqual(['data_1', 'data_2', 'data_3', 'data_4']);
    expect(await cluster.done('raft', 'remove', 'data_4')).toMatch(/^data_4 is out; /);
    expect(await voters()).toEqual(['data_1', 'data_2', 'data_3']);
  });
  it('the leader itself is removed: another leads; added again, it is as the others', async () => {
    const gone = await cluster.leader('data');
    await cluster.done('raft', 'remove', gone);
    await until('another leads', async () => (await cluster.leader('data', gone)) !== '');
    expect(await voters()).toEqual(['data_1', 'data_2', 'data_3'].filter((name) => name !== gone));
    await cluster.done('raft', 'add', gone);
    await cluster.done('raft', 'promote', gone);
    expect(await voters()).toEqual(['data_1', 'data_2', 'data_3']);
  });
  it('a change while the leader dies is done by the next one', async () => {
    const leader = await cluster.leader('data');
    const other = ['data_1', 'data_2', 'data_3'].find((name) => name !== leader) ?? '';
    const [dead, change] = await Promise.all([
      cluster.done('cluster', 'kill', leader),
      cluster.done('raft', 'transfer', '--to', other),
    ]);
    expect([dead, change]).toEqual(['', `${other} leads group data\n`]);
    await cluster.done('cluster', 'start', leader);
    await until('all agree', () => cluster.agree('data'));
  });
});

describe('skerry raft snapshot', () => {
  it('of each member, or of one', async () => {
    const all = JSON.parse(await cluster.done('raft', 'snapshot', '--json')) as readonly {
      node: string;
      index: number;
    }[];
    expect(all.map(({ node }) => node)).toEqual(expect.arrayContaining(['data_1', 'data_2', 'data_3', 'auth_1']));
    expect(all.every(({ index }) => index > 0)).toBe(true);
    expect(await cluster.done('raft', 'snapshot', 'data_2')).toMatch(
      /^node +group +up to +log bytes\ndata_2 +data +\d+ /,
    );
  });
});

describe('users, with the commands of before', () => {
  it('go to the auth node that leads', async () => {
    expect(await cluster.done('user', 'add', 'ada', '--password', 'long enough a word')).toBe('added ada\n');
    const listed = await run(process.execPath, [program, 'user', 'list', '--json', '--data', data]);
    expect(listed.stdout).toContain('"ada"');
  });
});
