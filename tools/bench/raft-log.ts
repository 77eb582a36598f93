/**
 * Entries written to the raft log per second beside bare `Wal.append` of records of the same size, in one run:
 * `node --import tsx --conditions=@skerry/source tools/bench/raft-log.ts [--json]`. BENCH_DIR: where (default: the
 * system's temporary folder).
 *
 * The raft log encodes each entry, keeps it in memory for sending, and remembers where it lies; the wal is given ready
 * bytes, one call for each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configurationOf, type Entry } from '@skerry/cluster-raft';
import { encodeRecord, Epoch, GroupId, LogIndex, NodeId, Term } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { openRaftLog, type RaftLog } from '@skerry/runtime-raft-log';
import { Wal } from '@skerry/runtime-wal';
import type { Disk, DiskFile, World } from '@skerry/runtime-world';
import { compare, type Load } from './paired.ts';

const bodyBytes = 256;
/** Writes under way at once: a machine goes on while the disk syncs. */
const writerCount = 8;
const entryCounts = [1, 16, 128];
const rounds = 20;
const roundMs = 200;
/** Bytes logged after which both logs are cut. */
const cutEveryBytes = 32 * 1024 * 1024;
const segmentSizeBytes = 16 * 1024 * 1024;

const group = GroupId('bench');
const epoch = Epoch('1'.repeat(32));
const configuration = configurationOf([NodeId('bench_1')]);
const term = Term(1);
const body = new Uint8Array(bodyBytes).fill(7);
const entryAt = (index: number): Entry => ({ term, index: LogIndex(index), kind: 'command', body });
const record = encodeRecord({ group, epoch }, entryAt(1));
const directory = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'skerry-bench-raft-log-'));

/** The real world, its syncs counted. */
function counted(): { readonly world: World; syncs: number } {
  const real = nodeWorld(directory);
  const counting = { world: real, syncs: 0 };
  const wrap = (file: DiskFile): DiskFile => {
    const wrapped = Object.create(file) as DiskFile;
    for (const name of [
      'read',
      'readParts',
      'write',
      'writeNow',
      'allocate',
      'truncate',
      'sizeBytes',
      'close',
    ] as const)
      Object.assign(wrapped, { [name]: file[name].bind(file) });
    return Object.assign(wrapped, {
      sync: () => {
        counting.syncs += 1;
        return file.sync();
      },
    });
  };
  const disk: Disk = {
    open: async (path, mode) => wrap(await real.disk.open(path, mode)),
    rename: (from, to) => real.disk.rename(from, to),
    remove: (path) => real.disk.remove(path),
    list: (path) => real.disk.list(path),
    makeDirectory: (path) => real.disk.makeDirectory(path),
    syncDirectory: (path) => real.disk.syncDirectory(path),
    sizeBytes: (path) => real.disk.sizeBytes(path),
  };
  counting.world = { ...real, disk };
  return counting;
}

/** `writerCount` loops of one write each, and a cut now and then; counts entries. */
function load(entryCount: number, write: () => Promise<unknown>, cut: () => Promise<unknown>): Load {
  let uncutBytes = 0;
  const writer = async (endMs: number): Promise<number> => {
    let count = 0;
    for (; performance.now() < endMs; count += entryCount) {
      await write();
      uncutBytes += entryCount * record.length;
      if (uncutBytes < cutEveryBytes) continue;
      uncutBytes = 0;
      await cut();
    }
    return count;
  };
  return {
    work: async (endMs) => {
      const counts = await Promise.all(Array.from({ length: writerCount }, () => writer(endMs)));
      return counts.reduce((sum, each) => sum + each, 0);
    },
  };
}
function logLoad(log: RaftLog, entryCount: number): Load {
  const write = (): Promise<void> => {
    const next = log.lastIndex + 1;
    const entries = Array.from({ length: entryCount }, (_, i) => entryAt(next + i));
    return log.write({ hardState: undefined, truncateFrom: undefined, snapshot: undefined, entries });
  };
  return load(entryCount, write, () => log.compact({ last: { index: log.lastIndex, term }, configuration }));
}
const walLoad = (wal: Wal, entryCount: number): Load =>
  load(
    entryCount,
    () => Promise.all(Array.from({ length: entryCount }, () => wal.append(record))),
    () => wal.cut(wal.lastPosition),
  );

try {
  const results = [];
  for (const entryCount of entryCounts) {
    const ours = counted();
    const theirs = counted();
    const { log } = await openRaftLog({
      world: ours.world,
      directory: `log-${entryCount}`,
      group,
      epoch,
      initial: { hardState: { term, vote: undefined, standing: 'member' }, configuration },
      legacyConfiguration: configuration,
      segmentSizeBytes,
    });
    const { wal } = await Wal.open({ world: theirs.world, directory: `wal-${entryCount}`, segmentSizeBytes });
    [ours.syncs, theirs.syncs] = [0, 0];
    const comparison = await compare(logLoad(log, entryCount), walLoad(wal, entryCount), rounds, roundMs);
    const runSeconds = (Math.ceil(rounds / 4) + rounds) * (roundMs / 1_000);
    results.push({
      entryCount,
      ...comparison,
      syncsPerSecond: Math.round(ours.syncs / runSeconds),
      walSyncsPerSecond: Math.round(theirs.syncs / runSeconds),
    });
    await log.close();
    await wal.close();
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify(results));
  else
    for (const { entryCount, ours, theirs, rateRatio, rateQuartiles, cpuRatio, ...syncs } of results)
      console.log(
        `${String(entryCount).padStart(4)} entries a write: ${Math.round(ours.rate)} entries/s, ` +
          `${syncs.syncsPerSecond} syncs/s, ${ours.cpuMicros.toFixed(1)} µs CPU each; bare wal ` +
          `${Math.round(theirs.rate)}/s, ${syncs.walSyncsPerSecond} syncs/s, ${theirs.cpuMicros.toFixed(1)} µs: ` +
          `ratio ${rateRatio.toFixed(2)} (${rateQuartiles.map((each) => each.toFixed(2)).join(' to ')}), ` +
          `by CPU ${cpuRatio.toFixed(2)}`,
      );
} finally {
  await rm(directory, { recursive: true });
}
