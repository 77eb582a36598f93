/**
 * Durable appends per second beside the disk's own fdatasync rate, in one run:
 * `node --import tsx --conditions=@skerry/source tools/bench/wal.ts [--json]`. BENCH_DIR: where (default: the
 * system's temporary folder).
 */
import { closeSync, fdatasync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodeWorld } from '@skerry/runtime-node';
import { Wal } from '@skerry/runtime-wal';

const recordBytes = 200;
/** A shared disk's rate drifts within seconds: short turns of each, one after the other, and the median of their ratios. */
const turnMs = 250;
const turnCount = 9;
const callerCounts = [1, 16, 128];
const fileBytes = 4 * 1024 * 1024;
const directory = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'skerry-bench-wal-'));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const raw = openSync(join(directory, 'raw'), 'w');
writeSync(raw, Buffer.alloc(fileBytes));
fdatasyncSync(raw);
const rawRecord = Buffer.alloc(recordBytes, 7);
const rawWrite = (count: number): number =>
  writeSync(raw, rawRecord, 0, recordBytes, (count * 224) % (fileBytes - 224));
const sync = promisify(fdatasync);

/** Calls of `step` in one turn, by the second. */
async function rate(step: (count: number) => Promise<void> | void): Promise<number> {
  const begin = performance.now();
  let count = 0;
  for (; performance.now() - begin < turnMs; count++) await step(count);
  return (count / (performance.now() - begin)) * 1_000;
}
/** Small overwrites of a file that has its blocks, each followed by fdatasync: on this thread, and on another as any program with a loop must. */
const rawRate = (): Promise<number> =>
  rate((count) => {
    rawWrite(count);
    fdatasyncSync(raw);
  });
const rawAsyncRate = (): Promise<number> =>
  rate(async (count) => {
    rawWrite(count);
    await sync(raw);
  });
async function walRate(wal: Wal, callers: number): Promise<number> {
  const record = new Uint8Array(recordBytes).fill(7);
  const rates = await Promise.all(Array.from({ length: callers }, () => rate(() => wal.append(record).then(() => {}))));
  return rates.reduce((sum, each) => sum + each, 0);
}

try {
  const results = [];
  for (const callers of callerCounts) {
    const { wal } = await Wal.open({ world: nodeWorld(directory), directory: `wal-${callers}` });
    const turns = [];
    for (let turn = 0; turn < turnCount; turn++)
      turns.push({ sync: await rawRate(), wal: await walRate(wal, callers), async: await rawAsyncRate() });
    await wal.close();
    results.push({
      callers,
      appendsPerSecond: Math.round(median(turns.map((turn) => turn.wal))),
      rawSyncsPerSecond: Math.round(median(turns.map((turn) => turn.sync))),
      ratio: median(turns.map((turn) => turn.wal / turn.sync)),
      rawAsyncSyncsPerSecond: Math.round(median(turns.map((turn) => turn.async))),
      ratioToAsync: median(turns.map((turn) => turn.wal / turn.async)),
    });
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify(results));
  else
    for (const each of results)
      console.log(
        `${String(each.callers).padStart(4)} callers: ${each.appendsPerSecond} appends/s; ` +
          `raw fdatasync ${each.rawSyncsPerSecond}/s: ratio ${each.ratio.toFixed(2)}; ` +
          `on another thread ${each.rawAsyncSyncsPerSecond}/s: ratio ${each.ratioToAsync.toFixed(2)}`,
      );
} finally {
  closeSync(raw);
  await rm(directory, { recursive: true });
}
