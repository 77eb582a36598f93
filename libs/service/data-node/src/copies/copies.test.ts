/** Content on three data nodes (raft.md, "Bytes beside the log"). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { crc32c, equalBytes } from '@skerry/kernel';
import type { copies } from '@skerry/proto';
import { eventually } from '@skerry/testing';
import { content } from '../test-doubles.ts';
import { reasonOf } from '../test-client.ts';
import { Group, type Node, patience } from './test-group.ts';

const running: Group[] = [];
const groupOf = async (...words: Parameters<typeof Group.of>): Promise<Group> => {
  const group = await Group.of(...words);
  running.push(group);
  return group;
};
afterEach(async () => {
  for (const group of running.splice(0)) {
    const fatal = group.nodes.flatMap(({ events }) => events.filter(({ event }) => event === 'fatal'));
    await group.stop();
    expect(fatal.map(({ error }) => String(error))).toEqual([]);
  }
});
const megabyte = 1_000_000;
const put = (group: Group, path: string, bytes: Uint8Array): Promise<unknown> =>
  group.at((leader) => leader.client().put(path, bytes));
const whole = async (node: Node, path: string, bytes: Uint8Array): Promise<void> =>
  expect(equalBytes(await node.client().get(path), bytes)).toBe(true);

/** Contents have their final names: of one that is still coming in, what is damaged is only sent again. */
const published = (node: Node): Promise<boolean> =>
  eventually(() => node.files.length > 0 && node.files.every((path) => path.includes('/blobs/')), patience);

describe('an upload', () => {
  test('is on all three nodes when it is done, byte for byte, without a fetch', async () => {
    const group = await groupOf(3);
    const bytes = content(5 * megabyte);
    await put(group, '/f', bytes);
    await group.same(1);
    for (const node of group.nodes) {
      await whole(node, '/f', bytes);
      await eventually(() => node.status.copies.missing === 0, patience);
      expect(node.status.copies).toMatchObject({ fetchedCount: 0, damaged: 0 });
    }
  }, 30_000);
  test('is not stalled by a follower that takes nothing, and which has it all a while after it goes on', async () => {
    const group = await groupOf(3);
    await group.leader();
    const [slow] = group.followers;
    slow!.gate.close();
    const bytes = content(40 * megabyte);
    await put(group, '/f', bytes);
    expect(slow!.files.filter((path) => path.includes('/blobs/'))).toEqual([]);
    await whole(slow!, '/f', bytes);
    slow!.gate.open();
    await group.same(1);
    await whole(slow!, '/f', bytes);
  }, 60_000);
  test('fails retryably without a majority, and leaves the stage that a majority has', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    await put(group, '/f', content(100_000, 2));
    const upload = leader.client().store('/f');
    await upload.ready();
    const before = Number(leader.status['applied']);
    upload.bytes(content(10 * megabyte));
    // The stage, and its first step.
    await eventually(() => Number(leader.status['applied']) >= before + 2, patience);
    const stage = (): Promise<number> =>
      leader
        .client('processing')
        .stat('/f')
        .then(({ stageLength }) => stageLength ?? 0);
    for (const follower of group.followers) follower.gate.close();
    upload.bytes(content(20 * megabyte));
    const error = await upload.finish().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ reason: 'no_node', retryable: true });
    await upload.cut().catch(() => undefined);
    for (const follower of group.followers) follower.gate.open();
    expect(await stage()).toBeGreaterThan(0);
    expect(await stage()).toBeLessThan(30 * megabyte);
    await whole(leader, '/f', content(100_000, 2));
  }, 60_000);
  test('goes on at the next leader where a majority had it, when the leader was killed', async () => {
    const group = await groupOf(3);
    const first = await group.leader();
    const bytes = content(30 * megabyte);
    const old = content(200_000, 7);
    await put(group, '/f', old);
    const upload = first.client().store('/f');
    await upload.ready();
    upload.bytes(bytes.subarray(0, 25 * megabyte));
    await upload.taken();
    const lost = reasonOf(upload.cut());
    await first.kill();
    await lost;
    const stageLength = await group.at(
      async (leader) => (await leader.client('processing').stat('/f')).stageLength ?? 0,
    );
    expect(stageLength).toBeGreaterThanOrEqual(8 * 1024 * 1024);
    expect(stageLength).toBeLessThanOrEqual(25 * megabyte);
    const next = await group.leader();
    expect(next).not.toBe(first);
    await whole(next, '/f', old);
    await group.at((leader) => leader.client().put('/f', bytes.subarray(stageLength), { offset: stageLength }));
    for (const node of group.nodes) if (node.isUp) await whole(node, '/f', bytes);
    await first.start();
    await eventually(() => first.status.copies.compared && first.status.copies.missing === 0, patience);
    await group.same(2);
    await whole(first, '/f', bytes);
  }, 60_000);
  test('goes on at a leader that has none of its bytes', async () => {
    const group = await groupOf(3);
    const first = await group.leader();
    const [without, other] = group.followers as [Node, Node];
    without.gate.close();
    const bytes = content(20 * megabyte);
    await first.client().putCut('/f', bytes.subarray(0, 12 * megabyte));
    await without.kill();
    await without.start();
    // It gets none, and becomes the leader.
    without.gate.close();
    await eventually(() => without.status['lag'] === 0, patience);
    const transfer = async (): Promise<boolean> => {
      const leader = await group.leader();
      await leader.raft().transferLeadership({ group: 'data', to: without.id }, { deadlineMs: 10_000 });
      return without.isLeader;
    };
    await eventually(transfer, patience);
    without.gate.open();
    expect(other.isUp).toBe(true);
    const { stageLength } = await without.client('processing').stat('/f');
    expect(stageLength).toBe(12 * megabyte);
    await without.client().put('/f', bytes.subarray(12 * megabyte), { offset: 12 * megabyte });
    for (const node of group.nodes) await whole(node, '/f', bytes);
    await group.same(2);
  }, 60_000);
  test('and many others that go on at once leave nothing that is waited for', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    const bytes = content(300_000);
    const paths = Array.from({ length: 20 }, (_, n) => `/f${n}`);
    const half = 150_000;
    await Promise.all(paths.map((path) => leader.client().putCut(path, bytes.subarray(0, half))));
    await Promise.all(paths.map((path) => leader.client().put(path, bytes.subarray(half), { offset: half })));
    await group.fed();
    await eventually(() => {
      expect(group.nodes.map(({ status }) => status.copies.missing)).toEqual([0, 0, 0]);
      return true;
    }, patience);
    for (const node of group.nodes) await whole(node, '/f7', bytes);
  }, 60_000);
  test('of a name that is removed meanwhile fails, and leaves nothing anywhere', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    await put(group, '/f', content(70_000));
    const upload = leader.client().store('/f');
    await upload.ready();
    upload.bytes(content(9 * megabyte));
    await upload.taken();
    await leader.client('processing').remove('/f');
    expect(await reasonOf(upload.finish().then(() => upload.commit()))).toMatch(/fenced|blob_dead/);
    await upload.cut().catch(() => undefined);
    await group.same(0);
    expect(await leader.client().names('/')).toEqual([]);
  }, 30_000);
});

describe('a digest of content', () => {
  async function digestAt(node: Node): Promise<copies.ContentDigest | undefined> {
    let last: copies.ContentDigest | undefined;
    for await (const { digest } of node.copies().digestContent({})) last = digest;
    return last;
  }
  test('is the same on nodes that hold the same, and tells what one lacks, or has damaged', async () => {
    const group = await groupOf(3);
    for (let n = 0; n < 3; n++) await put(group, `/large-${n}`, content(700_000, n));
    await put(group, '/small', content(900, 7));
    await put(group, '/empty', new Uint8Array(0));
    await group.same(3);
    const digests = async (): Promise<readonly (copies.ContentDigest | undefined)[]> =>
      Promise.all(group.nodes.map(digestAt));
    await eventually(async () => new Set((await digests()).map((each) => each?.appliedFirst)).size === 1, patience);
    const [one, two, three] = await digests();
    expect(one).toMatchObject({ extentCount: 4, missing: 0, damaged: 0 });
    expect([two, three]).toEqual([one, one]);

    const [sound, rotten] = group.followers as [Node, Node];
    await published(rotten);
    rotten.rot();
    const found = await digestAt(rotten);
    expect(found).toMatchObject({ extentCount: 4, damaged: 3 });
    expect(found?.sha256).not.toEqual(one?.sha256);
    expect(await digestAt(sound)).toMatchObject({ damaged: 0, sha256: one?.sha256 });
  }, 30_000);
  test('is of this node’s own disk: what it lacks is not read elsewhere', async () => {
    const group = await groupOf(3);
    const [away] = group.followers as [Node];
    away.gate.close();
    await put(group, '/f', content(20 * megabyte));
    await eventually(() => away.status['lag'] === 0, patience);
    await eventually(async () => (await digestAt(away))?.extentCount === 1, patience);
    expect(await digestAt(away)).toMatchObject({ extentCount: 1, missing: 1, damaged: 0 });
  }, 30_000);
});

describe('a node', () => {
  test('that was down fetches what it missed, large and small', async () => {
    const group = await groupOf(3);
    await put(group, '/before', content(300_000));
    const [away] = group.followers as [Node];
    await away.stop();
    const bytes = content(3 * megabyte, 5);
    await put(group, '/large', bytes);
    await put(group, '/small', content(1_000, 6));
    await group.fed();
    await away.start();
    await eventually(() => away.status.copies.fetchedCount === 1, patience);
    await group.same(2);
    await whole(away, '/large', bytes);
    await whole(away, '/small', content(1_000, 6));
    expect(away.count('copy_fetched')).toBe(1);
  }, 30_000);
  test('that got a snapshot fetches what the records would have brought, and drops what is named no more', async () => {
    const sizes = { checkpointBytes: 200_000, logSegmentBytes: 100_000, cutKeepCountMax: 5 };
    const group = await groupOf(3, {}, sizes);
    await put(group, '/gone', content(500_000, 4));
    await put(group, '/gone-small', content(5_000, 4));
    const [away] = group.followers as [Node];
    await group.same(1);
    await away.stop();
    await group.at((leader) => leader.client('processing').remove('/gone'));
    await group.at((leader) => leader.client('processing').remove('/gone-small'));
    for (let n = 0; n < 30; n++) await put(group, `/f${n}`, content(50_000, n));
    await put(group, '/large', content(900_000, 1));
    await away.start({}, sizes);
    await eventually(() => away.count('raft_snapshot_installed') > 0, patience);
    await eventually(() => away.status.copies.compared && away.status.copies.missing === 0, patience);
    await group.same(1);
    const proxiedBefore = away.status.copies.fetchedCount;
    expect(proxiedBefore).toBeGreaterThan(10);
    for (let n = 0; n < 30; n++) await whole(away, `/f${n}`, content(50_000, n));
    await whole(away, '/large', content(900_000, 1));
  }, 60_000);
  test('that was stopped in the middle of a fetch goes on there', async () => {
    const group = await groupOf(3);
    await group.leader();
    const [away] = group.followers as [Node];
    await away.stop();
    const bytes = content(12 * megabyte, 5);
    await put(group, '/f', bytes);
    await group.fed();
    await away.start({ copyBytesPerSecond: 4 * megabyte });
    await eventually(() => (away.status.copies.fetching[0]?.doneBytes ?? 0) > 3 * megabyte, patience);
    await away.stop();
    await away.start();
    await eventually(() => away.status.copies.fetchedCount === 1, patience);
    expect(away.status.copies.fetchedBytes).toBeLessThan(10 * megabyte);
    await group.same(1);
    await whole(away, '/f', bytes);
  }, 60_000);
  test('reads from another what is damaged here, and mends it', async () => {
    const group = await groupOf(3);
    const bytes = content(2 * megabyte, 3);
    await put(group, '/f', bytes);
    await group.same(1);
    const [sick] = group.followers as [Node];
    await published(sick);
    const [good = ''] = sick.files;
    sick.rot();
    await whole(sick, '/f', bytes);
    expect(sick.count('copy_damaged')).toBe(1);
    expect(sick.count('content_damaged')).toBe(0);
    await eventually(() => sick.files.includes(good) && sick.status.copies.missing === 0, patience);
    await whole(sick, '/f', bytes);
    expect(sick.count('copy_damaged')).toBe(1);
  }, 30_000);
  test('finds damage by itself, at the pace that it is given', async () => {
    const group = await groupOf(3);
    const bytes = content(2 * megabyte, 3);
    await put(group, '/f', bytes);
    await group.same(1);
    const [sick] = group.followers as [Node];
    await published(sick);
    await sick.stop();
    sick.rot();
    await sick.start({ scrubBytesPerSecond: 4 * megabyte });
    await eventually(() => {
      const { fetchedCount, missing } = sick.status.copies;
      expect({ damaged: sick.count('copy_damaged'), fetchedCount, missing }).toEqual({
        damaged: 1,
        fetchedCount: 1,
        missing: 0,
      });
      return true;
    }, patience);
    await group.same(1);
    await whole(sick, '/f', bytes);
  }, 30_000);
  test('says so when every copy is damaged', async () => {
    const group = await groupOf(3);
    await put(group, '/f', content(2 * megabyte, 3));
    await group.same(1);
    await Promise.all(group.nodes.map(published));
    for (const node of group.nodes) node.rot();
    expect(await reasonOf((await group.leader()).client().get('/f'))).toBe('corrupt');
    expect((await group.leader()).count('content_damaged')).toBe(1);
  }, 30_000);
  test('keeps nothing that the log forgot, and nothing that no record ever named', async () => {
    const group = await groupOf(3);
    await put(group, '/f', content(2 * megabyte, 3));
    await put(group, '/g', content(1 * megabyte, 4));
    await group.same(2);
    await group.at((leader) => leader.client('processing').remove('/f'));
    await group.same(1);
    const [dirty] = group.followers as [Node];
    await dirty.stop();
    const [path = ''] = dirty.files;
    const stray = join(dirty.directory, 'content', 'staging', '0'.repeat(32));
    writeFileSync(stray, readFileSync(path));
    await dirty.start();
    await eventually(() => !existsSync(stray), patience);
    await group.same(1);
  }, 30_000);
});

describe('a follower', () => {
  test('answers Stat, List and Retrieve as of now, and sends all else to the leader', async () => {
    const group = await groupOf(3);
    const bytes = content(100_000);
    for (let n = 0; n < 10; n++) {
      await put(group, `/f${n}`, bytes);
      for (const node of group.nodes) {
        expect((await node.client('processing').stat(`/f${n}`)).entry?.size).toBe(100_000);
        expect(await node.client().names('/')).toHaveLength(n + 1);
      }
    }
    const [follower] = group.followers as [Node];
    const processor = follower.client('processing');
    expect(await reasonOf(follower.client().put('/x', bytes))).toBe('not_leader');
    expect(await reasonOf(processor.remove('/f1'))).toBe('not_leader');
    expect(await reasonOf(processor.mkdir('/d'))).toBe('not_leader');
    expect(await reasonOf(processor.combine('/x', ['/f1', '/f2']))).toBe('not_leader');
    await group.at((leader) => leader.client().putCut('/cut', bytes));
    expect(await reasonOf(processor.stat('/cut'))).toBe('not_leader');
    expect((await processor.usage()).files).toBe(10);
  }, 30_000);
});

describe('beside the log', () => {
  const none = { group: 'data', add: [], promote: [], demote: [], remove: [] };
  const slowly = { deadlineMs: 10_000 };
  test('a learner becomes a voter only when it holds every blob that its state names', async () => {
    const group = await groupOf(3);
    const bytes = content(2 * megabyte);
    await put(group, '/f', bytes);
    const fourth = group.add('data_4');
    fourth.gate.close();
    await fourth.start();
    const leader = await group.leader();
    await leader.raft().changeMembers({ ...none, add: ['data_4'] }, slowly);
    await eventually(() => fourth.status.copies.missing === 1, patience);
    const promote = () => leader.raft().changeMembers({ ...none, promote: ['data_4'] }, slowly);
    expect(await reasonOf(promote())).toBe('version_conflict');
    fourth.gate.open();
    await eventually(async () => (await reasonOf(promote())) === 'none', patience);
    expect(leader.status['voters']).toEqual(['data_1', 'data_2', 'data_3', 'data_4']);
    await group.same(1);
  }, 60_000);
  test('a learner gets new content as voters do, and votes though uploads never cease', async () => {
    const group = await groupOf(3);
    const old = content(3 * megabyte);
    await put(group, '/old', old);
    const fourth = group.add('data_4');
    await fourth.start();
    const leader = await group.leader();
    await leader.raft().changeMembers({ ...none, add: ['data_4'] }, slowly);
    await eventually(() => fourth.status.copies.missing === 0 && fourth.status.copies.fetchedCount === 1, patience);
    let count = 1;
    let over = false;
    const uploads = Promise.all(
      [1, 2].map(async (worker) => {
        for (let n = 0; !over; n++, count++) await put(group, `/f${worker}-${n}`, content(megabyte, n + 3));
      }),
    );
    try {
      const promote = () => leader.raft().changeMembers({ ...none, promote: ['data_4'] }, slowly);
      await eventually(async () => (await reasonOf(promote())) === 'none', patience);
    } finally {
      over = true;
      await uploads;
    }
    await group.same(count);
    await whole(fourth, '/old', old);
    expect(fourth.status.copies.fetchedCount).toBeLessThan(Math.max(2, count / 2));
  }, 60_000);
  test('a removal is refused while it would leave a blob on no majority of those who stay', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    const [without, holder] = group.followers as [Node, Node];
    without.gate.close();
    await put(group, '/f', content(2 * megabyte));
    const remove = () => leader.raft().changeMembers({ ...none, remove: [holder.id] }, slowly);
    await eventually(() => without.status.copies.missing === 1, patience);
    expect(await reasonOf(remove())).toBe('version_conflict');
    without.gate.open();
    await eventually(async () => (await reasonOf(remove())) === 'none', patience);
    expect(leader.status['voters']).not.toContain(holder.id);
  }, 60_000);
  test('what is missing here is no damage once it is named no more', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    const [without] = group.followers as [Node];
    without.gate.close();
    await put(group, '/f', content(2 * megabyte));
    await eventually(() => without.status.copies.missing === 1, patience);
    await leader.client('processing').remove('/f');
    without.gate.open();
    await eventually(() => without.status.copies.missing === 0, patience);
    await group.same(0);
    expect(without.count('copy_damaged') + without.count('content_damaged')).toBe(0);
  }, 30_000);
  test('who removes is the log: a blob that is being written, or named, is no orphan, whoever says so', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    const [follower] = group.followers as [Node];
    const bytes = content(3 * megabyte);
    const upload = leader.client().store('/f');
    await upload.ready();
    upload.bytes(bytes);
    await upload.taken();
    await eventually(() => follower.files.length === 1, patience);
    const blobs = follower.files.map((path) => path.slice(-32));
    const stray = 'f'.repeat(32);
    expect(await leader.copies().forgetOrphans({ blobs: [...blobs, stray] })).toEqual({ count: 1 });
    expect(await reasonOf(follower.copies().forgetOrphans({ blobs: [stray] }))).toBe('not_leader');
    await upload.finish();
    await upload.commit();
    expect(await leader.copies().forgetOrphans({ blobs })).toEqual({ count: 0 });
    await group.same(1);
    for (const node of group.nodes) await whole(node, '/f', bytes);
  }, 30_000);
  test('content of a dead id is refused, also when its sender does not know yet', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    const [follower] = group.followers as [Node];
    const blob = 'e'.repeat(32);
    await leader.copies().forgetOrphans({ blobs: [blob] });
    const push = async (): Promise<void> => {
      const requests = async function* () {
        yield { part: { $case: 'start', value: { blob } } } as const;
      };
      for await (const _ of follower.copies().push(requests()));
    };
    await eventually(async () => (await reasonOf(push())) === 'blob_dead', patience);
    await eventually(() => follower.files.length === 0, patience);
  }, 30_000);
  test('a newer stream of a blob ends the older one, and goes on where that came to', async () => {
    const group = await groupOf(3);
    const { nodes } = group;
    const blob = 'd'.repeat(32);
    const bytes = content(400_000);
    const push = (from: number, to: number, end: Promise<void>) =>
      nodes[0]!.copies().push(
        (async function* () {
          yield { part: { $case: 'start', value: { blob } } } as const;
          const data = bytes.subarray(from, to);
          yield { part: { $case: 'chunk', value: { data, crc32c: crc32c(data) } } } as const;
          yield { part: { $case: 'sync', value: {} } } as const;
          await end;
          yield { part: { $case: 'publish', value: { length: bytes.length } } } as const;
        })(),
      );
    const old = push(0, 300_000, new Promise(() => undefined))[Symbol.asyncIterator]();
    expect((await old.next()).value).toMatchObject({ length: 0 });
    expect((await old.next()).value).toMatchObject({ length: 300_000 });
    const answers: number[] = [];
    for await (const { length } of push(300_000, 400_000, Promise.resolve())) answers.push(length);
    expect(answers[0]).toBe(300_000);
    expect(answers.at(-1)).toBe(400_000);
    expect(await reasonOf(old.next())).toBe('fenced');
  }, 30_000);
});
