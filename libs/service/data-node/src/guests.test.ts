/** Uploads of one user to one path, side by side: one holder, and guests. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { equalBytes, StatusError, utf8 } from '@skerry/kernel';
import { decodeCommand, usageOf } from '@skerry/domain-file-tree';
import type { data } from '@skerry/proto';
import { dropExpiredStages, forgetOrphans } from './housekeeping.ts';
import { reasonOf, type TestClient, type TestUpload, text } from './test-client.ts';
import { content } from './test-doubles.ts';
import { TestNode } from './test-node.ts';

let node: TestNode;
let ada: TestClient;
beforeEach(() => {
  node = new TestNode();
  ada = node.client();
});
const large = content(300_000);
const other = content(200_000, 2);
const same = async (path: string, bytes: Uint8Array): Promise<void> => {
  const got = await ada.get(path);
  expect([got.length, equalBytes(got, bytes)]).toEqual([bytes.length, true]);
};
const stageLength = async (path: string): Promise<number | undefined> => (await ada.stat(path)).stageLength;
const staged = () => {
  const { stages, stagedBytes } = usageOf(node.replica.state, 'ada');
  return { stages, stagedBytes };
};
const nothing = { stages: 0, stagedBytes: 0 };
/** An upload whose bytes were taken, and that is not committed. */
async function begun(bytes: Uint8Array, want: Partial<data.Ticket> = {}): Promise<TestUpload> {
  const upload = ada.store('/f', want);
  await upload.ready();
  await upload.bytes(bytes).finish();
  return upload;
}

describe('uploads of one user to one path', () => {
  it.each([
    ['small', 5_000],
    ['large', 100_000],
  ])('%s ones, many at once: all are taken, the last commit wins whole', async (_, size) => {
    const commits = await Promise.all(
      Array.from({ length: 20 }, async (__, i) => {
        const entry = await ada.put('/f', content(size, i));
        return { i, version: entry.version };
      }),
    );
    const last = commits.toSorted((a, b) => a.version - b.version).at(-1);
    await same('/f', content(size, last?.i));
    expect([node.blobs.held.size, node.data.load, staged()]).toEqual([1, 0, nothing]);
    expect(await ada.usage()).toEqual({ bytes: size, files: 1 });
  });
  it('small ones beside a small one cost no record but their own', async () => {
    const holder = await begun(content(1_000));
    await ada.put('/f', content(1_000, 2));
    await holder.commit();
    expect(node.replica.commands.map((command) => decodeCommand(command).kind)).toEqual(['put', 'put']);
  });
  it('the holder goes on undisturbed, and its later commit wins', async () => {
    const holder = ada.store('/f');
    await holder.ready();
    await ada.put('/f', other);
    await same('/f', other);
    await holder.bytes(large).finish();
    await holder.commit();
    await same('/f', large);
    expect([node.blobs.held.size, staged()]).toEqual([1, nothing]);
  });
  it('a guest that commits last wins', async () => {
    const [holder, guest] = [await begun(large), await begun(other)];
    await holder.commit();
    await guest.commit();
    await same('/f', other);
    expect([node.blobs.held.size, staged()]).toEqual([1, nothing]);
  });
  it.each<[string, number]>([
    ['in memory', 1_000],
    ['on disk', 300_000],
  ])('a holder %s that is cut after a guest committed leaves no stage', async (_, size) => {
    const holder = await begun(content(size));
    await ada.put('/f', other);
    await holder.cut();
    expect([await stageLength('/f'), staged(), node.blobs.held.size]).toEqual([undefined, nothing, 1]);
    await same('/f', other);
    await ada.append('/f', utf8('more'), { expectedLength: other.length });
    expect((await ada.get('/f')).length).toBe(other.length + 4);
  });
  it('a holder that spills to disk after a guest committed leaves no stage either', async () => {
    const holder = ada.store('/f');
    await holder.ready();
    await ada.put('/f', other);
    await holder.bytes(large).finish();
    expect(staged().stages).toBe(1);
    await holder.cut();
    expect([await stageLength('/f'), staged(), node.count('stage_lost')]).toEqual([undefined, nothing, 0]);
  });
  it('a cut of both leaves nothing: whose bytes would SIZE count?', async () => {
    const [holder, guest] = [await begun(large), await begun(other)];
    await guest.cut();
    await holder.cut();
    expect([await stageLength('/f'), staged(), node.blobs.held.size]).toEqual([undefined, nothing, 0]);
  });
  it('a crash behind a guest’s commit leaves nothing to resume, and the disk is freed', async () => {
    await begun(content(9_000_000));
    await ada.put('/f', other);
    node.restart();
    ada = node.client();
    expect(await stageLength('/f')).toBeUndefined();
    expect(await reasonOf(ada.append('/f', utf8('x'), { expectedLength: 9_000_000 }))).toBe('version_conflict');
    expect(await dropExpiredStages(node.parts, node.data.registry)).toBe(1);
    await forgetOrphans(node.parts, node.data.registry);
    expect([staged(), node.blobs.held.size]).toEqual([nothing, 1]);
    await same('/f', other);
  });
  it('a crash between a guest’s beginning and its commit: an APPE goes on from the version', async () => {
    await ada.put('/f', utf8('old'));
    await begun(large);
    await begun(other);
    node.restart();
    ada = node.client();
    await ada.append('/f', utf8(' and new'), { expectedLength: 3 });
    expect(text(await ada.get('/f'))).toBe('old and new');
    await forgetOrphans(node.parts, node.data.registry);
    expect([staged(), node.blobs.held.size]).toEqual([nothing, 2]);
  });
  it('APPE takes the holder over, not the guests', async () => {
    const [holder, guest] = [await begun(large), await begun(other)];
    const told = reasonOf(holder.reply());
    await ada.append('/f', utf8('new'));
    expect(await told).toBe('fenced');
    expect(text(await ada.get('/f'))).toBe('new');
    await guest.commit();
    await same('/f', other);
    expect([staged(), node.data.load]).toEqual([nothing, 0]);
  });
  it('one that resumes beside a guest is not disturbed by its commit, and leaves nothing when it is cut', async () => {
    await ada.putCut('/f', large);
    const [holder, guest] = [await begun(utf8('x'), { offset: 300_000 }), await begun(other)];
    await guest.commit();
    await holder.commit();
    expect((await ada.get('/f')).length).toBe(300_001);
    await ada.putCut('/f', large.subarray(0, 70_000), { offset: 1 });
    const again = await begun(utf8('x'), { offset: 1 });
    await ada.put('/f', other);
    expect((await again.commit()).size).toBe(2);
    expect(staged()).toEqual(nothing);
  });
  it('what comes behind an end, good or bad, is a holder again and can be resumed', async () => {
    await ada.put('/f', large);
    await Promise.all([ada.putCut('/f', other), ada.get('/f')]);
    expect(await stageLength('/f')).toBe(other.length);
    await ada.putCut('/f', large.subarray(0, 100_000));
    expect(await stageLength('/f')).toBe(100_000);
  });
  it('a guest that the log does not answer keeps its bytes: the name may stand for them', async () => {
    const [holder, guest] = [await begun(large), await begun(other)];
    node.replica.failure = new StatusError('connection_lost', 'who knows');
    expect(await reasonOf(guest.commit())).toBe('connection_lost');
    node.replica.failure = undefined;
    expect(node.blobs.held.size).toBe(2);
    await holder.commit();
    node.restart();
    expect(await forgetOrphans(node.parts, node.data.registry)).toBe(1);
  });
  it('a guest that the log cannot take in does not begin; the next one can', async () => {
    const holder = await begun(large);
    node.replica.failure = new StatusError('disk_full', 'the log is full');
    expect(await reasonOf(ada.put('/f', other))).toBe('disk_full');
    node.replica.failure = undefined;
    await ada.put('/f', other);
    await holder.cut();
    expect([await stageLength('/f'), node.data.load]).toEqual([undefined, 0]);
  });
  it('guests on disk count like stages: their user’s quota bounds them together', async () => {
    const want = { quotaBytes: 100_000 };
    const holder = await begun(content(90_000), want);
    const guests = [await begun(content(90_000, 2), want)];
    expect(await reasonOf(ada.put('/f', content(90_000, 3), want))).toBe('none');
    guests.push(await begun(content(90_000, 4), want));
    expect(await reasonOf(begun(content(90_000, 5), want))).toBe('quota');
    for (const upload of [holder, ...guests]) await upload.cut();
    expect([node.blobs.held.size, staged(), node.data.load]).toEqual([1, nothing, 0]);
    expect(await ada.usage()).toEqual({ bytes: 90_000, files: 1 });
  });
  it('the end of the node cuts guests too', async () => {
    const uploads = [await begun(large), await begun(other)];
    const told = uploads.map((upload) => reasonOf(upload.reply()));
    node.data.registry.close();
    await node.data.registry.cutAll();
    expect(await Promise.all(told)).toEqual(['shutting_down', 'shutting_down']);
    expect([await stageLength('/f'), node.blobs.held.size]).toEqual([undefined, 0]);
  });
});
