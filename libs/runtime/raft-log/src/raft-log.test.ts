import { temporaryDirectory } from '@skerry/testing/node';
import { expectReason } from '@skerry/testing';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  decodeLogRecord,
  decodeProposal,
  encodeLogRecord,
  encodeRecord,
  Epoch,
  fromUtf8,
  GroupId,
  LogIndex,
  OperationId,
  StatusError,
  Term,
  utf8,
} from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { groupSizeMaxBytes, Wal } from '@skerry/runtime-wal';
import type { Disk, DiskFile, World } from '@skerry/runtime-world';
import { openRaftLog, pendingSizeMaxBytes } from './index.ts';
import {
  alone,
  common,
  describeEntry,
  describeStored,
  entry,
  epoch,
  founders,
  group,
  hardState,
  identity,
  mark,
  stateOf,
  write,
} from './model-fixture.ts';
import type { OpenedRaftLog, RaftLogOptions } from './types.ts';

const small = { segmentSizeBytes: 2_048, allocationStepBytes: 1_024 };
type Place = { readonly root: string; readonly world: World };
const place = (): Place => {
  const root = temporaryDirectory();
  return { root, world: nodeWorld(root) };
};
const open = (at: Place, more: Partial<RaftLogOptions> = {}): Promise<OpenedRaftLog> =>
  openRaftLog({ world: at.world, ...common, ...small, ...more });
const files = (at: Place): string[] =>
  readdirSync(join(at.root, common.directory)).map((name) => join(at.root, common.directory, name));
const entries = (first: number, count: number, term = 1, text = 'command'): ReturnType<typeof entry>[] =>
  Array.from({ length: count }, (_, i) => entry(first + i, term, `${text} ${first + i}`));
const texts = async ({ log }: OpenedRaftLog): Promise<string[]> => (await stateOf(log)).entries.map(describeEntry);
const described = (all: readonly ReturnType<typeof entry>[]): string[] => all.map(describeEntry);
const position = (index: number, term: number): { index: LogIndex; term: Term } => mark(index, term).last;
const first = write({ hardState: hardState(1, 'data_1') });

describe('a raft log', () => {
  test('begins with what it is told, once', async () => {
    const at = place();
    const one = await open(at);
    expect(one.report).toMatchObject({ origin: 'new', epoch, entryCount: 0 });
    expect(one.stored).toMatchObject({ hardState: common.initial.hardState, snapshot: mark(0, 0) });
    expect([one.log.firstIndex, one.log.lastIndex]).toEqual([1, 0]);
    await one.log.close();
    const two = await open(at, { initial: { hardState: hardState(9), configuration: alone } });
    expect(two.report).toMatchObject({ origin: 'raft', closedCleanly: true });
    expect(two.stored).toMatchObject({ hardState: common.initial.hardState, snapshot: mark(0, 0, founders) });
    await two.log.close();
  });
  test('begins with nobody in it on a node that joins', async () => {
    const at = place();
    const configuration = { voters: [], outgoing: [], learners: [], departing: [] };
    const initial = { hardState: hardState(0), configuration };
    await (await open(at, { initial })).log.close();
    const again = await open(at);
    expect(again.stored.snapshot).toEqual({ last: position(0, 0), configuration });
    await again.log.close();
  });
  test('entries can be read at once, and are the same after a restart, terms and hard state too', async () => {
    const at = place();
    const one = await open(at);
    const all = [...entries(1, 5, 1), entry(6, 2, 'noop', 'noop'), ...entries(7, 60, 2)];
    const writes = [
      one.log.write(first),
      one.log.write(write({ entries: all.slice(0, 5) })),
      one.log.write(write({ hardState: hardState(2), entries: all.slice(5) })),
    ];
    expect(one.log.readCached(position(0, 0), LogIndex(66), 1e6)?.map(describeEntry)).toEqual(described(all));
    expect(one.log.pendingBytes).toBeGreaterThan(0);
    await Promise.all(writes);
    expect(one.log.pendingBytes).toBe(0);
    await one.log.close();
    const two = await open(at);
    expect(two.stored.hardState).toEqual(hardState(2));
    expect(describeStored(two)).toHaveLength(66);
    expect([5, 6, 66, 67].map((index) => two.log.termAt(LogIndex(index)))).toEqual([1, 2, 2, undefined]);
    expect(two.log.readCached(position(0, 0), LogIndex(66), 1e6)).toBeUndefined();
    expect(await texts(two)).toEqual(described(all));
    await two.log.close();
  });
  test('an entry with a record is written as it is', async () => {
    const at = place();
    const { log } = await open(at);
    const given = { ...entry(1, 1, 'a'), record: encodeRecord(identity, entry(1, 1, 'a')) };
    await log.write(write({ hardState: hardState(1), entries: [given] }));
    expect(log.readCached(position(0, 0), LogIndex(1), 0)?.[0]?.record).toBe(given.record);
    await log.close();
    expect(readFileSync(files(at)[0] ?? '').includes(Buffer.from(given.record))).toBe(true);
  });
  test('writes of one turn share one sync', async () => {
    const at = place();
    let syncs = 0;
    const world = { ...at.world, disk: watched(at.world.disk, { sync: () => void syncs++ }) };
    const { log } = await open({ ...at, world }, { segmentSizeBytes: 2 ** 20, allocationStepBytes: 2 ** 20 });
    await log.write(first);
    syncs = 0;
    await Promise.all([1, 2, 3, 4, 5].map((i) => log.write(write({ entries: entries(i * 10 - 9, 10) }))));
    expect(syncs).toBe(1);
    await log.close();
  });
  test('asserts what no machine asks for', async () => {
    const { log } = await open(place());
    await log.write(write({ hardState: hardState(1), entries: entries(1, 5) }));
    await log.compact(mark(3, 1));
    const wrong = [
      write({ entries: entries(7, 1) }),
      write({ entries: entries(3, 1) }),
      write({ entries: [entry(6, 1, 'a'), entry(8, 1, 'b')] }),
      write({ truncateFrom: LogIndex(3) }),
      write({ truncateFrom: LogIndex(5), entries: entries(6, 1) }),
      write({ snapshot: mark(2, 1) }),
    ];
    for (const each of wrong) await expect(log.write(each)).rejects.toThrow(/cannot|older/);
    await expect(log.compact(mark(4, 2))).rejects.toThrow(/not in the log/);
    await log.write(write({ entries: entries(6, 1) }));
    expect(log.lastIndex).toBe(6);
    await log.close();
  });
});

describe('conflicts', () => {
  test('a later entry cuts off what is at its index and behind, also after a restart', async () => {
    const at = place();
    const one = await open(at);
    const other = entries(4, 2, 2, 'other');
    void one.log.write(write({ hardState: hardState(1), entries: entries(1, 8) }));
    void one.log.write(write({ hardState: hardState(2), truncateFrom: LogIndex(4), entries: other }));
    // Again an entry 5 of a newer term, and behind it what an older one wrote once (raft.md 21).
    await one.log.write(write({ hardState: hardState(3), entries: entries(5, 1, 3, 'third') }));
    const wanted = [...entries(1, 3), ...other.slice(0, 1), ...entries(5, 1, 3, 'third')];
    expect(await texts(one)).toEqual(described(wanted));
    await one.log.close();
    const two = await open(at);
    expect(await texts(two)).toEqual(described(wanted));
    await two.log.close();
  });
  test('a truncation without entries is kept', async () => {
    const at = place();
    const one = await open(at);
    await one.log.write(write({ hardState: hardState(1), entries: entries(1, 8) }));
    await one.log.write(write({ truncateFrom: LogIndex(3) }));
    await one.log.write(write({ truncateFrom: LogIndex(3) }));
    await one.log.close();
    const two = await open(at);
    expect(await texts(two)).toEqual(described(entries(1, 2)));
    await two.log.close();
  });
  test('a read in flight over a truncation gives nothing: its message is of an older term', async () => {
    const { log } = await open(place(), { cacheSizeBytes: 0 });
    await log.write(write({ hardState: hardState(1), entries: entries(1, 8) }));
    await log.write(write({ entries: entries(9, 1) }));
    expect(log.readCached(position(2, 1), LogIndex(9), 1e6)).toBeUndefined();
    const read = log.read(position(2, 1), LogIndex(9), 1e6);
    await log.write(write({ hardState: hardState(2), entries: entries(6, 5, 2, 'other') }));
    expect(await read).toBeUndefined();
    expect((await log.read(position(2, 1), LogIndex(10), 1e6))?.map(describeEntry)).toEqual(
      described([...entries(3, 3), ...entries(6, 5, 2, 'other')]),
    );
    await log.close();
  });
  test('what was read ahead from disk goes with the entries that are cut off', async () => {
    const { log } = await open(place(), { cacheSizeBytes: 0 });
    await log.write(write({ hardState: hardState(1), entries: entries(1, 8) }));
    await log.write(write({ entries: entries(9, 1) }));
    expect(await log.read(position(2, 1), LogIndex(3), 1e6)).toHaveLength(1);
    // Found among what was read ahead, and cut off in the same turn.
    const read = log.read(position(2, 1), LogIndex(8), 1e6);
    const written = log.write(write({ hardState: hardState(2), entries: entries(6, 5, 2, 'other') }));
    expect(await read).toBeUndefined();
    await written;
    await log.write(write({ hardState: hardState(2) }));
    expect((await log.read(position(4, 1), LogIndex(7), 1e6))?.map(describeEntry)).toEqual(
      described([...entries(5, 1), ...entries(6, 2, 2, 'other')]),
    );
    await log.close();
  });
});

describe('reading', () => {
  test('gives nothing where the log has another term, or ends before', async () => {
    const { log } = await open(place());
    await log.write(write({ hardState: hardState(2), entries: [...entries(1, 3, 1), ...entries(4, 3, 2)] }));
    for (const [index, term, last] of [
      [3, 2, 5],
      [7, 2, 7],
      [4, 2, 7],
      [4, 2, 3],
      [0, 1, 3],
    ] as const) {
      expect(log.readCached(position(index, term), LogIndex(last), 1e6)).toBeUndefined();
      expect(await log.read(position(index, term), LogIndex(last), 1e6)).toBeUndefined();
    }
    expect(await log.read(position(6, 2), LogIndex(6), 1e6)).toEqual([]);
    await log.close();
  });
  test('memory is bounded: older ones come from disk, and from both in one answer', async () => {
    const { log } = await open(place(), { cacheSizeBytes: 20_000 });
    await log.write(write({ hardState: hardState(1), entries: entries(1, 1) }));
    for (let at = 2; at <= 300; at += 13) await log.write(write({ entries: entries(at, Math.min(13, 301 - at)) }));
    const last = LogIndex(300);
    expect(log.readCached(position(0, 0), last, 1e6)).toBeUndefined();
    expect(log.readCached(position(290, 1), last, 1e6)).toHaveLength(10);
    expect((await log.read(position(0, 0), last, 1e6))?.map(describeEntry)).toEqual(described(entries(1, 300)));
    await log.close();
  });
  test('a follower far behind is served batch by batch, with few reads of the disk', async () => {
    const at = place();
    let reads = 0;
    const world = { ...at.world, disk: watched(at.world.disk, { read: () => void reads++ }) };
    const large = { segmentSizeBytes: 2 ** 24, allocationStepBytes: 2 ** 20, cacheSizeBytes: 0 };
    const { log } = await open({ ...at, world }, large);
    const count = 4_000;
    await log.write(write({ hardState: hardState(1), entries: entries(1, count, 1, 'x'.repeat(200)) }));
    await log.write(first);
    reads = 0;
    for (let next = 1; next <= count;) {
      const found = await log.read(position(next - 1, next === 1 ? 0 : 1), LogIndex(count), 5_000);
      expect(found?.[0]?.index).toBe(next);
      next += found?.length ?? count;
    }
    // 1.2 MB: a window for each batch, and one more where a batch ends inside one.
    expect(reads).toBeLessThan(8);
    await log.close();
  });
  test('rotten bits are told with file and offset', async () => {
    const at = place();
    const { log } = await open(at, { cacheSizeBytes: 0 });
    await log.write(write({ hardState: hardState(1), entries: entries(1, 8) }));
    await log.write(first);
    const file = files(at)[0] ?? '';
    const offset = readFileSync(file).indexOf('command 3');
    damage(file, offset);
    await expect(log.read(position(0, 0), LogIndex(8), 1e6)).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringMatching(/\.wal" at \d+: record \d+ is damaged/),
    });
    await log.close();
  });
});

describe('compaction', () => {
  const filled = async (at: Place, more: Partial<RaftLogOptions> = {}): Promise<OpenedRaftLog> => {
    const opened = await open(at, more);
    await opened.log.write(write({ hardState: hardState(3, 'data_2'), entries: entries(1, 5, 2) }));
    for (let from = 6; from <= 100; from += 5) await opened.log.write(write({ entries: entries(from, 5, 3) }));
    return opened;
  };
  test('drops whole files, keeps what is behind the mark, and hard state and mark with it', async () => {
    const at = place();
    const one = await filled(at);
    const before = { count: files(at).length, size: one.log.sizeBytes };
    const snapshot = mark(70, 3, alone);
    await one.log.compact(snapshot);
    expect(files(at).length).toBeLessThan(before.count);
    expect(one.log.sizeBytes).toBeLessThan(before.size);
    expect([one.log.firstIndex, one.log.lastIndex]).toEqual([71, 100]);
    expect(one.log.termAt(LogIndex(70))).toBe(3);
    expect(await one.log.read(position(69, 3), LogIndex(80), 1e6)).toBeUndefined();
    expect(await texts(one)).toEqual(described(entries(71, 30, 3)));
    await one.log.close();
    const two = await open(at);
    expect(two.stored).toMatchObject({ snapshot, hardState: hardState(3, 'data_2') });
    expect(describeStored(two)).toHaveLength(30);
    expect(await texts(two)).toEqual(described(entries(71, 30, 3)));
    await two.log.compact(mark(100, 3));
    await two.log.compact(mark(100, 3));
    expect(files(at)).toHaveLength(1);
    await two.log.write(write({ entries: entries(101, 1, 3) }));
    await two.log.close();
    const three = await open(at);
    expect(three.stored).toMatchObject({ snapshot: mark(100, 3), hardState: hardState(3, 'data_2') });
    expect(await texts(three)).toEqual(described(entries(101, 1, 3)));
    await three.log.close();
  });
  test('a crash between the mark and the cut is harmless: the next start cuts (raft.md 31)', async () => {
    const at = place();
    const removing = { allowed: false };
    const remove = (): void => {
      if (!removing.allowed) throw new StatusError('disk_failed', 'EIO');
    };
    const world = { ...at.world, disk: watched(at.world.disk, { remove }) };
    const one = await filled({ ...at, world });
    const count = files(at).length;
    await expectReason(one.log.compact(mark(70, 3)), 'disk_failed');
    expect(one.log.failure).toBeUndefined();
    expect(files(at)).toHaveLength(count);
    removing.allowed = true;
    await one.log.compact(mark(70, 3));
    expect(files(at).length).toBeLessThan(count);
    removing.allowed = false;
    const left = files(at).length;
    await expectReason(one.log.compact(mark(95, 3)), 'disk_failed');
    await one.log.close();
    const two = await open(at);
    expect(two.log.snapshot).toEqual(mark(95, 3));
    await two.log.close();
    expect(files(at).length).toBeLessThan(left);
  });
  test('a snapshot of a leader replaces all, and what was before goes', async () => {
    const at = place();
    const one = await filled(at);
    await one.log.write(write({ hardState: hardState(5), snapshot: mark(300, 4), entries: entries(301, 2, 5) }));
    expect([one.log.firstIndex, one.log.lastIndex]).toEqual([301, 302]);
    await one.log.close();
    expect(files(at).length).toBeLessThan(3);
    const two = await open(at);
    expect(two.stored).toMatchObject({ hardState: hardState(5), snapshot: mark(300, 4) });
    expect(await texts(two)).toEqual(described(entries(301, 2, 5)));
    await two.log.close();
  });
  test('a snapshot inside the log replaces what is behind it too (raft.md 29)', async () => {
    const at = place();
    const one = await filled(at);
    await one.log.write(write({ snapshot: mark(50, 3) }));
    expect(one.log.lastIndex).toBe(50);
    await one.log.close();
    const two = await open(at);
    expect(two.stored).toMatchObject({ hardState: hardState(3, 'data_2'), snapshot: mark(50, 3) });
    expect(await texts(two)).toEqual([]);
    await two.log.close();
  });
});

describe('when the disk refuses', () => {
  const full = new StatusError('disk_full', 'ENOSPC');
  test('the write and all behind it are rejected, nothing of them is kept, and opening again goes on', async () => {
    const at = place();
    const room = { left: true };
    const allocate = (): void => {
      if (!room.left) throw full;
    };
    const fatal: StatusError[] = [];
    const world = { ...at.world, disk: watched(at.world.disk, { allocate }) };
    const one = await open({ ...at, world }, { onFatal: (error) => fatal.push(error) });
    await one.log.write(write({ hardState: hardState(1), entries: entries(1, 3) }));
    room.left = false;
    const refused = one.log.write(write({ entries: entries(4, 200) }));
    // It would fit, and must not be there without those before.
    const behind = one.log.write(write({ entries: entries(204, 1) }));
    const compacted = one.log.compact(mark(2, 1));
    for (const each of [refused, behind, compacted]) await expectReason(each, 'disk_full');
    room.left = true;
    await expectReason(one.log.write(write({ entries: entries(204, 1) })), 'disk_full');
    expect(one.log.failure).toMatchObject({ reason: 'disk_full' });
    expect(one.log.readCached(position(0, 0), LogIndex(3), 1e6)).toBeUndefined();
    expect(await one.log.read(position(0, 0), LogIndex(3), 1e6)).toBeUndefined();
    await one.log.close();
    const two = await open(at);
    expect(await texts(two)).toEqual(described(entries(1, 3)));
    expect(two.stored.snapshot).toEqual(mark(0, 0));
    await two.log.write(write({ entries: entries(4, 1) }));
    await two.log.close();
    expect(fatal).toEqual([]);
  });
  test('a write asked for while the refusal is on its way does not slip behind it', async () => {
    const at = place();
    const { log } = await openFull(at);
    const refused = log.write(write({ entries: entries(2, 200) }));
    const slipped: Promise<string>[] = [];
    // In every turn of microtasks around the refusal.
    for (let turn = 0; turn < 60; turn++) {
      await Promise.resolve();
      const next = log.lastIndex + 1;
      if (turn % 3 === 0)
        slipped.push(
          log.write(write({ entries: entries(next, 1) })).then(
            () => 'kept',
            () => 'refused',
          ),
        );
    }
    await expectReason(refused, 'disk_full');
    expect(new Set(await Promise.all(slipped))).toEqual(new Set(['refused']));
    await log.close();
    const again = await open(at);
    expect(await texts(again)).toEqual(described(entries(1, 1)));
    await again.log.close();
  });
  const openFull = async (at: Place): Promise<OpenedRaftLog> => {
    let room = true;
    const allocate = (): void => {
      if (!room) throw full;
    };
    const opened = await open({ ...at, world: { ...at.world, disk: watched(at.world.disk, { allocate }) } });
    await opened.log.write(write({ hardState: hardState(1), entries: entries(1, 1) }));
    room = false;
    return opened;
  };
  test('a failed sync is final, and is told once', async () => {
    const at = place();
    const disk = { failing: false };
    const sync = (): void => {
      if (disk.failing) throw new StatusError('disk_failed', 'EIO');
    };
    const fatal: StatusError[] = [];
    const world = { ...at.world, disk: watched(at.world.disk, { sync }) };
    const { log } = await open({ ...at, world }, { onFatal: (error) => fatal.push(error) });
    await log.write(write({ hardState: hardState(1), entries: entries(1, 1) }));
    disk.failing = true;
    const writes = [log.write(write({ entries: entries(2, 1) })), log.write(write({ entries: entries(3, 1) }))];
    for (const each of writes) await expectReason(each, 'disk_failed');
    disk.failing = false;
    await expectReason(log.write(write({ entries: entries(4, 1) })), 'disk_failed');
    expect(fatal.map(({ reason }) => reason)).toEqual(['disk_failed']);
    await log.close();
  });
  test('more than may wait is refused, and ends the log', async () => {
    const { log } = await open(place(), { segmentSizeBytes: 2 ** 28, allocationStepBytes: 2 ** 20 });
    const body = 'x'.repeat(500_000);
    const count = Math.ceil(pendingSizeMaxBytes / body.length) + 1;
    const large = Array.from({ length: count }, (_, i) => entry(i + 1, 1, body));
    await expectReason(log.write(write({ hardState: hardState(1), entries: large })), 'overloaded');
    expect(log.failure).toMatchObject({ reason: 'overloaded' });
    await log.close();
  });
  test('a write larger than a group of the wal arrives whole', async () => {
    const at = place();
    const size = { segmentSizeBytes: 2 ** 26, allocationStepBytes: 2 ** 20, cacheSizeBytes: 100_000 };
    const { log } = await open(at, size);
    const body = 'x'.repeat(300_000);
    const count = Math.ceil((2.5 * groupSizeMaxBytes) / body.length);
    const large = Array.from({ length: count }, (_, i) => entry(i + 1, 1, `${i} ${body}`));
    const behind = entry(count + 1, 1, 'behind');
    await Promise.all([
      log.write(write({ hardState: hardState(1), entries: large })),
      log.write(write({ entries: [behind] })),
    ]);
    await log.close();
    const again = await open(at, size);
    expect(await texts(again)).toEqual(described([...large, behind]));
    await again.log.close();
  });
  test('a closed log refuses, after it has ended what it was asked for', async () => {
    const at = place();
    const { log } = await open(at);
    const last = log.write(write({ hardState: hardState(1), entries: entries(1, 3) }));
    const compacted = log.compact(mark(2, 1));
    await log.close();
    await last;
    await compacted;
    await expectReason(log.write(first), 'shutting_down');
    const again = await open(at);
    expect(again.log.firstIndex).toBe(3);
    await again.log.close();
  });
});

describe('damage', () => {
  const made = async (): Promise<Place> => {
    const at = place();
    const { log } = await open(at);
    for (let from = 1; from <= 20; from += 5)
      await log.write(write({ hardState: hardState(from), entries: entries(from, 5) }));
    await log.close();
    return at;
  };
  test('to what was durable is refused, with file and offset, and nothing is changed', async () => {
    const at = await made();
    const file = files(at)[0] ?? '';
    const image = damage(file, readFileSync(file).indexOf('command 3'));
    await expect(open(at)).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringMatching(/\.wal" at \d+: record \d+ is damaged/),
    });
    expect(readFileSync(file)).toEqual(image);
  });
  test('a log of another group or epoch is refused; whoever asks is told the epoch', async () => {
    const at = await made();
    const other = Epoch('f'.repeat(32));
    await expect(open(at, { group: GroupId('auth') })).rejects.toMatchObject({ reason: 'corrupt' });
    await expect(open(at, { epoch: other })).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringContaining(`wanted group "${group}", epoch ${other}`),
    });
    const asked: unknown[] = [];
    const choose = (found: Epoch | undefined): Epoch => {
      asked.push(found);
      return found ?? other;
    };
    const { log, report } = await open(at, { epoch: choose });
    expect(report.epoch).toBe(epoch);
    await log.close();
    const fresh = await open(place(), { epoch: choose });
    expect(fresh.report.epoch).toBe(other);
    await fresh.log.close();
    expect(asked).toEqual([epoch, undefined]);
  });
});

describe('a log of a replica without others', () => {
  const logged = 60;
  const checkpointBytes = 1_000;
  const old = Epoch('0'.repeat(32));
  /** As the program wrote it that knew no others: one wal, whose positions are the indexes, cut when much was logged. */
  async function single(at: Place, count: number, segmentSizeBytes: number): Promise<Epoch> {
    const { wal } = await Wal.open({ world: at.world, directory: common.directory, ...small, segmentSizeBytes });
    let loggedBytes = 0;
    for (let i = 1; i <= count; i++) {
      const record = encodeLogRecord({
        kind: 'command',
        group,
        epoch: old,
        term: Term(1),
        index: LogIndex(i),
        incarnation: 1,
        operationId: OperationId(i.toString(16).padStart(32, '0')),
        time: { wallMs: i, counter: 0 },
        command: utf8(`old ${i}`),
      });
      expect(await wal.append(record)).toBe(i);
      loggedBytes += record.length;
      if (loggedBytes < checkpointBytes) continue;
      loggedBytes = 0;
      await wal.cut(i + 1);
    }
    await wal.close();
    return old;
  }
  for (const [what, logSegmentBytes] of [
    ['whole', 1e6],
    ['cut', 2_048],
  ] as const)
    test(`${what}: all its records are entries, and it goes on`, async () => {
      const at = place();
      await single(at, logged, logSegmentBytes);
      const one = await open(at, { epoch: (found) => found ?? epoch });
      const { firstIndex } = one.log;
      if (what === 'cut') expect(firstIndex).toBeGreaterThan(1);
      else expect(firstIndex).toBe(1);
      expect(one.report).toMatchObject({ origin: 'single', epoch: old, entryCount: logged + 1 - firstIndex });
      expect(one.stored.hardState).toEqual(hardState(1));
      expect(one.stored.snapshot).toEqual(mark(firstIndex - 1, firstIndex === 1 ? 0 : 1, alone));
      const found = await one.log.read(one.log.snapshot.last, one.log.lastIndex, 1e6);
      expect(found?.map(({ body }) => fromUtf8(decodeProposal(body).command))).toEqual(
        Array.from({ length: logged + 1 - firstIndex }, (_, i) => `old ${firstIndex + i}`),
      );
      await one.log.write(write({ hardState: hardState(2, 'data_1'), entries: entries(logged + 1, 30, 2) }));
      await one.log.compact(mark(logged - 1, 1, alone));
      await one.log.close();
      const two = await open(at, { epoch: old, legacyConfiguration: founders });
      expect(two.report.origin).toBe('raft');
      expect(two.stored.snapshot).toEqual(mark(logged - 1, 1, alone));
      expect((await texts(two)).slice(1)).toEqual(described(entries(logged + 1, 30, 2)));
      await two.log.close();
    });
  test('the program as it was refuses the new log as newer', async () => {
    const at = place();
    await single(at, 5, 1e6);
    await (await open(at, { epoch: (found) => found ?? epoch })).log.close();
    const { wal } = await Wal.open({ world: at.world, directory: common.directory, ...small });
    // It read every record so.
    const read = async (): Promise<void> => {
      for await (const { bytes } of wal.read(wal.firstPosition)) decodeLogRecord(bytes);
    };
    await expectReason(read(), 'format_newer');
    await wal.close();
  });
  test('one in which every record was cut away goes on behind it', async () => {
    const at = place();
    await single(at, 3, 1e6);
    // As a crash leaves it that comes between a new segment and its first record: built by hand, the name says where it begins.
    const { wal } = await Wal.open({ world: at.world, directory: common.directory, ...small, segmentSizeBytes: 1 });
    await wal.append(new Uint8Array(1));
    await wal.truncateAfter(3);
    await wal.cut(4);
    await wal.close();
    const opened = await open(at, { epoch: (found) => found ?? epoch });
    expect(opened.log.lastIndex).toBe(3);
    await opened.log.close();
  });
});

/** A disk that tells of calls before they are made; what is thrown there is their failure. */
function watched(disk: Disk, before: Partial<Record<'sync' | 'allocate' | 'read' | 'remove', () => void>>): Disk {
  const watch = (file: DiskFile): DiskFile => ({
    read: async (into, offset) => {
      before.read?.();
      return file.read(into, offset);
    },
    readParts: (into, offset) => file.readParts(into, offset),
    write: (parts, offset) => file.write(parts, offset),
    writeNow: (parts, offset) => file.writeNow(parts, offset),
    allocate: async (size) => {
      before.allocate?.();
      await file.allocate(size);
    },
    truncate: (size) => file.truncate(size),
    sync: async () => {
      before.sync?.();
      await file.sync();
    },
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  });
  return {
    open: async (path, mode) => watch(await disk.open(path, mode)),
    rename: (from, to) => disk.rename(from, to),
    remove: async (path) => {
      before.remove?.();
      await disk.remove(path);
    },
    list: (directory) => disk.list(directory),
    makeDirectory: (path) => disk.makeDirectory(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    sizeBytes: (path) => disk.sizeBytes(path),
  };
}
function damage(file: string, at: number): Buffer {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(file, bytes);
  return bytes;
}
