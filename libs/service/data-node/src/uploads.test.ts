import { beforeEach, describe, expect, it } from '@jest/globals';
import { concatBytes, equalBytes, StatusError, utf8 } from '@skerry/kernel';
import { decodeCommand, treeHash } from '@skerry/domain-file-tree';
import { data } from '@skerry/proto';
import { eventually } from '@skerry/testing';
import { dropExpiredStages, forgetOrphans } from './housekeeping.ts';
import { reasonOf, type TestClient, text } from './test-client.ts';
import { content } from './test-doubles.ts';
import { TestNode } from './test-node.ts';

let node: TestNode;
let ada: TestClient;
beforeEach(() => {
  node = new TestNode();
  ada = node.client();
});
const large = content(300_000);
const { Operation } = data;
const kinds = (): string[] => node.replica.commands.map((command) => decodeCommand(command).kind);
const same = async (path: string, bytes: Uint8Array): Promise<void> => {
  const got = await ada.get(path);
  expect([got.length, equalBytes(got, bytes)]).toEqual([bytes.length, true]);
  const small = await ada.getSmall(path);
  expect(small === undefined ? bytes.length > 65_536 : equalBytes(small, bytes)).toBe(true);
};
const stageLength = async (path: string, client = ada): Promise<number | undefined> =>
  (await client.stat(path)).stageLength;

describe('an upload', () => {
  it.each([0, 1, 65_536, 65_537, 300_000, 9_000_000])('of %i bytes comes back the same', async (size) => {
    const bytes = content(size);
    const entry = await ada.put('/f', bytes);
    expect(entry).toMatchObject({ name: 'f', size, owner: 'ada', group: 'staff', kind: data.EntryKind.FILE });
    await same('/f', bytes);
    expect(await ada.usage()).toEqual({ bytes: size, files: 1 });
    expect(node.data.load).toBe(0);
  });
  it('of little costs one record, of much tells the log how far it is', async () => {
    await ada.put('/small', content(65_536));
    expect(kinds()).toEqual(['put']);
    await ada.put('/large', content(9_000_000));
    expect(kinds()).toContain('extendStage');
    expect(kinds().filter((kind) => kind !== 'extendStage')).toEqual(['put', 'openStage', 'put']);
  });
  it.each([0, 1, 65_536, 70_000])('of %i bytes that comes whole is published at once', async (size) => {
    const bytes = content(size);
    const upload = ada.store('/f');
    await upload.ready();
    expect(await upload.content(bytes)).toMatchObject({ name: 'f', size });
    await same('/f', bytes);
    expect(kinds()).toEqual(size > 65_536 ? ['openStage', 'put'] : ['put']);
    expect(node.data.load).toBe(0);
  });
  it('that comes whole goes on from what is there, and is refused where a commit would be', async () => {
    await ada.put('/f', utf8('abc'));
    const append = ada.store('/f', { operation: Operation.APPEND });
    await append.ready();
    await append.content(utf8('def'));
    await same('/f', utf8('abcdef'));
    const announced = ada.store('/g', { announcedLength: 10 });
    await announced.ready();
    expect(await reasonOf(announced.content(utf8('0123')))).toBe('cancelled');
    expect((await ada.stat('/g')).entry).toBeUndefined();
    expect(await stageLength('/g')).toBe(4);
  });
  it('shows no name before its commit, and the old version until then', async () => {
    await ada.put('/f', utf8('old'));
    const upload = ada.store('/f');
    await upload.ready();
    expect(await upload.bytes(large).finish()).toBe(large.length);
    expect(text(await ada.get('/f'))).toBe('old');
    const reading = ada.get('/f');
    await upload.commit();
    expect(text(await reading)).toBe('old');
    await same('/f', large);
  });
  it('keeps the version that a reader began with, and removes it when the reader is through', async () => {
    await ada.put('/f', large);
    const [before] = [...node.blobs.held.keys()];
    const ticket = ada.ticket(Operation.RETRIEVE, { path: '/f' });
    const parts = node.data
      .handlers()
      .retrieve({ ticket, length: undefined }, { signal: new AbortController().signal } as never);
    const iterator = parts[Symbol.asyncIterator]();
    await iterator.next();
    await ada.put('/f', utf8('new'));
    let read = 0;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      if (next.value.part?.$case === 'chunk') read += next.value.part.value?.data?.length ?? 0;
    expect(read).toBe(large.length);
    expect([...node.blobs.held.keys()].includes(before as never)).toBe(false);
  });
  it('chooses a free name for STOU', async () => {
    await ada.mkdir('/in');
    const upload = ada.store('/in', { uniqueName: true });
    const { path } = await upload.ready();
    expect(path).toMatch(/^\/in\/upload-[0-9a-f]{8}$/);
    await upload.bytes(utf8('x')).finish();
    expect((await upload.commit()).name).toBe(path.slice(4));
  });
  it('whose chunk was damaged on the way is cut before it', async () => {
    const upload = ada.store('/f');
    await upload.ready();
    upload.bytes(utf8('good')).send({ $case: 'chunk', value: { data: utf8('bad'), crc32c: 1 } });
    expect(await reasonOf(upload.reply())).toBe('corrupt');
    expect(await stageLength('/f')).toBe(4);
  });
  it.each<[string, (upload: ReturnType<TestClient['store']>) => unknown]>([
    ['a commit before finish', (upload) => upload.send({ $case: 'commit', value: {} })],
    ['a chunk after finish', (upload) => upload.send({ $case: 'finish', value: {} }).bytes(utf8('x'))],
    ['a second finish', (upload) => upload.send({ $case: 'finish', value: {} }).send({ $case: 'finish', value: {} })],
    ['a second start', (upload) => upload.send({ $case: 'start', value: { ticket: new Uint8Array(0) } })],
    ['nothing', (upload) => upload.send(undefined)],
  ])('refuses %s', async (_, act) => {
    const upload = ada.store('/f');
    await upload.ready();
    act(upload);
    const reasons = [await reasonOf(upload.reply()), await reasonOf(upload.reply())];
    expect(reasons).toContain('malformed');
    expect(await ada.names('/')).toEqual([]);
  });
});

describe('a cut upload', () => {
  it.each([
    ['small', 1_000],
    ['large', 300_000],
  ])('that is %s leaves a stage and no name, and goes on from there', async (_, size) => {
    const bytes = content(size);
    const half = size / 2;
    await ada.putCut('/f', bytes.subarray(0, half));
    expect(await ada.names('/')).toEqual([]);
    expect(await stageLength('/f')).toBe(half);
    expect(await stageLength('/f', node.client('bob'))).toBeUndefined();
    expect(await ada.usage()).toEqual({ bytes: 0, files: 0 });
    await ada.put('/f', bytes.subarray(half), { offset: half });
    await same('/f', bytes);
    expect(await stageLength('/f')).toBeUndefined();
    expect([...node.blobs.held.values()].filter(({ published }) => !published)).toEqual([]);
  });
  it('goes on by APPE, and from any earlier byte', async () => {
    await ada.putCut('/f', large.subarray(0, 200_000));
    await ada.putCut('/f', large.subarray(200_000, 250_000), { operation: Operation.APPEND, expectedLength: 200_000 });
    expect(await stageLength('/f')).toBe(250_000);
    await ada.putCut('/f', large.subarray(100_000, 110_000), { offset: 100_000 });
    expect(await stageLength('/f')).toBe(110_000);
    await ada.append('/f', large.subarray(110_000));
    await same('/f', large);
  });
  it('goes on from the committed version when it began there, and before its own bytes too', async () => {
    await ada.put('/f', large);
    await ada.putCut('/f', content(100_000, 2), { offset: 200_000 });
    expect(await stageLength('/f')).toBe(300_000);
    await same('/f', large);
    await ada.put('/f', large.subarray(150_000), { offset: 150_000 });
    await same('/f', large);
  });
  it('survives a crash up to what the log knows', async () => {
    const upload = ada.store('/f');
    await upload.ready();
    upload.bytes(content(9_000_000));
    await upload.finish();
    node.restart();
    ada = node.client();
    const length = (await stageLength('/f')) ?? 0;
    expect(length).toBeGreaterThan(8_000_000);
    await ada.put('/f', content(9_000_000).subarray(length), { offset: length });
    await same('/f', content(9_000_000));
  });
  it('of which the log knows no byte does not need its file, which a crash may have lost', async () => {
    await ada.put('/f', utf8('before '));
    const upload = ada.store('/f', { operation: Operation.APPEND });
    await upload.ready();
    await upload.bytes(large).finish();
    node.restart();
    ada = node.client();
    expect(await stageLength('/f')).toBe(7);
    node.blobs.resume = () => Promise.reject(new StatusError('corrupt', 'its header is cut off'));
    await ada.append('/f', utf8('after'));
    await same('/f', utf8('before after'));
    expect(node.blobs.held.size).toBe(2);
  });
  it('of which the log knows no byte is nothing that APPE means, when it was told no length', async () => {
    await ada.put('/f', utf8('before '));
    const upload = ada.store('/f');
    await upload.ready();
    await upload.bytes(large).finish();
    node.restart();
    ada = node.client();
    expect(await stageLength('/f')).toBe(0);
    await ada.append('/f', utf8('after'));
    await same('/f', utf8('before after'));
    expect(await stageLength('/f')).toBeUndefined();
  });
  it('of which the log knows no byte is what was told of it', async () => {
    await ada.put('/f', utf8('before '));
    const upload = ada.store('/f');
    await upload.ready();
    await upload.bytes(large).finish();
    node.restart();
    ada = node.client();
    await ada.append('/f', utf8('after'), { expectedLength: 0 });
    await same('/f', utf8('after'));
  });
  it('that was published on disk but not in the log is shared', async () => {
    const upload = ada.store('/f');
    await upload.ready();
    await upload.bytes(large).finish();
    node.replica.failure = new StatusError('shutting_down', 'the log is closed');
    expect(await reasonOf(upload.commit())).toBe('shutting_down');
    node.replica.failure = undefined;
    expect(await stageLength('/f')).toBe(0);
    node.restart();
    ada = node.client();
    await ada.put('/f', large, { operation: Operation.APPEND });
    await same('/f', large);
  });
  it.each<[string, () => Promise<unknown>]>([
    ['STOR without REST', () => ada.put('/f', utf8('new'))],
    ['STOR without REST that is cut before its first byte', () => ada.putCut('/f', new Uint8Array(0))],
    ['DELE', () => ada.remove('/f')],
    [
      'RNTO',
      async () => {
        await ada.put('/g', utf8('g'));
        await ada.rename('/g', '/f');
      },
    ],
    [
      'its time',
      async () => {
        node.aheadMs = 25 * 3_600_000;
        expect(await dropExpiredStages(node.parts, node.data.registry)).toBe(1);
      },
    ],
  ])('is dropped by %s, and its blob goes', async (_, act) => {
    await ada.putCut('/f', large);
    expect(node.blobs.held.size).toBe(1);
    await act();
    expect(await stageLength('/f')).toBeUndefined();
    expect([...node.blobs.held.values()].filter(({ published }) => !published)).toEqual([]);
    expect(node.count('stage_lost')).toBe(0);
  });
  it('is kept before its time, and while someone writes', async () => {
    await ada.putCut('/f', large);
    node.aheadMs = 23 * 3_600_000;
    expect(await dropExpiredStages(node.parts, node.data.registry)).toBe(0);
    const upload = ada.store('/f', { offset: 10 });
    await upload.ready();
    node.aheadMs = 60 * 3_600_000;
    expect(await dropExpiredStages(node.parts, node.data.registry)).toBe(0);
    await upload.cut();
  });
  it('of nothing leaves nothing, of nothing more leaves what was there', async () => {
    await ada.putCut('/f', new Uint8Array(0));
    expect(await stageLength('/f')).toBeUndefined();
    await ada.putCut('/f', utf8('abc'));
    await ada.putCut('/f', new Uint8Array(0), { offset: 3 });
    expect(await stageLength('/f')).toBe(3);
  });
  it('refuses to go on beyond its end, or from another length than was told', async () => {
    await ada.putCut('/f', utf8('abc'));
    expect(await reasonOf(ada.put('/f', utf8('x'), { offset: 4 }))).toBe('offset_past_end');
    expect(await reasonOf(ada.append('/f', utf8('x'), { expectedLength: 2 }))).toBe('version_conflict');
    expect(await reasonOf(ada.put('/new', utf8('x'), { offset: 1 }))).toBe('offset_past_end');
  });
  it('is what an upload becomes that is shorter than announced', async () => {
    const upload = ada.store('/f', { announcedLength: 10 });
    await upload.ready();
    expect(await reasonOf(upload.bytes(utf8('abc')).finish())).toBe('cancelled');
    expect(await stageLength('/f')).toBe(3);
    await ada.put('/f', utf8('0123456'), { offset: 3, announcedLength: 10 });
    expect(text(await ada.get('/f'))).toBe('abc0123456');
  });
  it('is what is left when the caller goes away, or the node shuts down', async () => {
    const gone = new AbortController();
    const upload = ada.store('/f', {}, gone.signal);
    await upload.ready();
    upload.bytes(utf8('abc'));
    const reply = reasonOf(upload.reply());
    await upload.taken();
    gone.abort(new StatusError('connection_lost', 'gone'));
    expect(await reply).toBe('connection_lost');
    expect(await stageLength('/f')).toBe(3);
    const other = ada.store('/g');
    await other.ready();
    await other.bytes(large).finish();
    const last = reasonOf(other.reply());
    node.data.registry.close();
    await node.data.registry.cutAll();
    expect(await last).toBe('shutting_down');
    expect(await stageLength('/g')).toBe(large.length);
    expect(await reasonOf(ada.put('/h', utf8('x')))).toBe('shutting_down');
  });
});

describe('two writers', () => {
  it('of one user: the newer session fences the older and goes on with its stage', async () => {
    const first = ada.store('/f');
    await first.ready();
    await first.bytes(large.subarray(0, 200_000)).finish();
    const told = reasonOf(first.reply());
    await ada.put('/f', large.subarray(200_000), { operation: Operation.APPEND, expectedLength: 200_000 });
    expect([await told, node.count('stage_lost')]).toEqual(['fenced', 0]);
    await same('/f', large);
  });
  it('of two users: the last commit wins whole', async () => {
    const [one, two] = [ada.store('/f'), node.client('bob').store('/f')];
    await Promise.all([one.ready(), two.ready()]);
    await Promise.all([one.bytes(content(100_000, 1)).finish(), two.bytes(content(90_000, 2)).finish()]);
    expect((await two.commit()).owner).toBe('bob');
    await one.commit();
    await same('/f', content(100_000, 1));
    expect(await node.client('bob').usage()).toEqual({ bytes: 0, files: 0 });
  });
  it('that append at once: one has to look again', async () => {
    await ada.put('/f', utf8('log'));
    const [one, two] = [
      ada.store('/f', { operation: Operation.APPEND }),
      node.client('bob').store('/f', { operation: Operation.APPEND }),
    ];
    await Promise.all([one.ready(), two.ready()]);
    await Promise.all([one.bytes(utf8(' one')).finish(), two.bytes(utf8(' two')).finish()]);
    await one.commit();
    expect(await reasonOf(two.commit())).toBe('version_conflict');
    expect(text(await ada.get('/f'))).toBe('log one');
  });
});

describe('a stage that is dropped under an upload', () => {
  it('fences the upload, and its bytes leave the disk', async () => {
    const upload = ada.store('/f');
    await upload.ready();
    await upload.bytes(large).finish();
    await ada.remove('/f');
    expect(await reasonOf(upload.commit())).toBe('fenced');
    expect([await ada.names('/'), await stageLength('/f'), node.blobs.held.size]).toEqual([[], undefined, 0]);
  });
});

describe('limits', () => {
  it('quota: stops an upload in its course, and keeps nothing of it', async () => {
    const quota = { quotaBytes: 100_000 };
    expect(await reasonOf(ada.put('/f', large, quota))).toBe('quota');
    expect(await stageLength('/f')).toBeUndefined();
    expect(node.blobs.held.size).toBe(0);
    await ada.put('/f', large.subarray(0, 100_000), quota);
    await ada.put('/f', large.subarray(0, 90_000), quota);
    expect(await reasonOf(ada.put('/g', large.subarray(0, 10_001), quota))).toBe('quota');
    expect(await reasonOf(ada.put('/g', utf8('x'), { quotaFiles: 1 }))).toBe('quota');
    await ada.put('/f', utf8('x'), { quotaFiles: 1 });
  });
  it('quota, when the log cannot be told: the stage stays, and what writes it ends', async () => {
    const ended: string[] = [];
    const create = node.blobs.create.bind(node.blobs);
    node.blobs.create = async (id) => {
      const writer = await create(id);
      const suspend = writer.suspend.bind(writer);
      writer.suspend = () => suspend().then(() => void ended.push('suspended'));
      return writer;
    };
    const upload = ada.store('/f', { quotaBytes: 100_000 });
    await upload.ready();
    const reason = reasonOf(upload.bytes(large.subarray(0, 90_000)).reply());
    await eventually(() => kinds().includes('openStage'));
    node.replica.failure = new StatusError('not_leader', 'data_1 does not lead any more');
    upload.bytes(large.subarray(0, 20_000));
    expect([await reason, node.data.load]).toEqual(['quota', 0]);
    expect([ended, node.count('stage_lost'), node.data.registry.blobs.size]).toEqual([['suspended'], 1, 0]);
    node.replica.failure = undefined;
    expect([node.blobs.held.size, await stageLength('/f')]).toEqual([1, 0]);
  });
  it('a full disk: the upload fails, what was there stays, room is given back', async () => {
    await ada.put('/old', content(90_000));
    node.blobs.capacityBytes = 200_000;
    const hash = treeHash(node.replica.state);
    expect(await reasonOf(ada.put('/old', large))).toBe('disk_full');
    expect(treeHash(node.replica.state) === hash).toBe(false);
    await same('/old', content(90_000));
    expect([node.blobs.held.size, await stageLength('/old')]).toEqual([1, undefined]);
    expect(node.data.registry.blobs.size).toBe(0);
    await ada.put('/new', content(70_000));
  });
  it('a read-only disk: nothing can be stored, all can be read', async () => {
    await ada.put('/old', large);
    const hash = treeHash(node.replica.state);
    const failure = new StatusError('read_only_disk', 'the disk is read-only');
    node.replica.failure = failure;
    node.blobs.create = () => Promise.reject(failure);
    expect(await reasonOf(ada.put('/new', utf8('small')))).toBe('read_only_disk');
    expect(await reasonOf(ada.put('/new', large))).toBe('read_only_disk');
    expect(await reasonOf(ada.append('/old', large))).toBe('read_only_disk');
    expect(node.data.registry.blobs.size).toBe(0);
    expect(await reasonOf(ada.remove('/old'))).toBe('read_only_disk');
    expect(await reasonOf(ada.mkdir('/d'))).toBe('read_only_disk');
    expect(treeHash(node.replica.state)).toBe(hash);
    expect(await ada.names('/')).toEqual(['old']);
    await same('/old', large);
  });
  it('a full log: nothing is published, and the upload can be tried again', async () => {
    node.replica.failure = new StatusError('disk_full', 'the log is full');
    expect(await reasonOf(ada.put('/f', utf8('x')))).toBe('disk_full');
    node.replica.failure = undefined;
    expect(await ada.names('/')).toEqual([]);
    await ada.put('/f', utf8('x'));
  });
  it('uploads at once', async () => {
    node = new TestNode(1);
    ada = node.client();
    const upload = ada.store('/f');
    await upload.ready();
    expect(await reasonOf(ada.put('/g', utf8('x')))).toBe('overloaded');
    await upload.cut();
    await ada.put('/g', utf8('x'));
  });
});

describe('appends', () => {
  it('share what is there: ten bytes cost ten bytes; many are compacted', async () => {
    await ada.put('/f', large);
    let whole = large;
    for (let i = 0; i < 70; i++) {
      await ada.append('/f', content(10, i));
      whole = concatBytes([whole, content(10, i)]);
    }
    await node.data.compactor.close();
    expect(kinds()).toContain('compact');
    await same('/f', whole);
    expect(node.blobs.held.size).toBeLessThan(20);
    expect(node.blobs.usedBytes).toBe(whole.length);
    expect(node.blobs.pins.size).toBe(0);
  });
});

describe('orphans', () => {
  it('of a crash go at start; what is referenced, staged or being written stays', async () => {
    await ada.put('/f', large);
    await ada.putCut('/g', large);
    const upload = ada.store('/h');
    await upload.ready();
    await upload.bytes(large).finish();
    const orphan = await node.blobs.create('0123456789abcdef0123456789abcdef' as never);
    await orphan.write(utf8('x'));
    expect(await forgetOrphans(node.parts, node.data.registry)).toBe(1);
    expect(node.blobs.held.size).toBe(3);
    await upload.commit();
    await same('/h', large);
  });
});
