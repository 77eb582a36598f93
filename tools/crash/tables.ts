/**
 * `kill -9` of a process that writes tables, in the midst of flushes and merges, some hundred times in a few minutes. After
 * each the table must have what some prefix of the steps leaves: no shorter than what was acknowledged, of whole turns.
 * Arguments: the writer's program, seconds, seed. Exits with 1 on the first fault, its folder kept.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Prng } from '../../libs/kernel/src/index.ts';
import { stepAt, stepsInTurn } from './table-steps.ts';

const [program = '', seconds = '60', seedText = '1'] = process.argv.slice(2);
const seed = Number(seedText);
const prng = new Prng(seed);
/** Turns that may be in the log, not yet told of. */
const turnsUntold = 2;
const lifeMaxSteps = 5_000;
/** The larger ones are flushed by the thread. */
const memtableSizes = [256, 256, 1024, 8192].map((kibibytes) => kibibytes * 1024);
const linesPerReport = 20;

/** By key and row, the step that wrote it. */
const model = new Map<string, number>();
const rowsOf = new Map<number, Set<number>>();
let modelAt = 0;
function advanceTo(steps: number): void {
  for (; modelAt < steps; modelAt++) {
    const step = stepAt(seed, modelAt);
    let rows = rowsOf.get(step.key);
    if (rows === undefined) rowsOf.set(step.key, (rows = new Set()));
    if (step.do === 'deletePartition') {
      for (const row of rows) model.delete(`${step.key}.${row}`);
      rows.clear();
    } else if (step.do === 'deleteRow') {
      model.delete(`${step.key}.${step.row}`);
      rows.delete(step.row);
    } else {
      model.set(`${step.key}.${step.row}`, modelAt);
      rows.add(step.row);
    }
  }
}
function difference(found: ReadonlyMap<string, number>): string | undefined {
  for (const [row, step] of model)
    if (found.get(row) !== step) return `row ${row}: wanted ${step}: got ${found.get(row)}`;
  for (const [row, step] of found) if (!model.has(row)) return `row ${row}: wanted none: got ${step}`;
  return undefined;
}

const totals = { kills: 0, flushes: 0, merges: 0, amidst: 0, rows: 0 };
/** @returns steps that are acknowledged. @throws Error when what is there is wrong. */
async function live(folder: string, acknowledged: number, isLast: boolean): Promise<number> {
  const memtableBytes = memtableSizes[prng.below(memtableSizes.length)] ?? 0;
  const life = prng.between(stepsInTurn, lifeMaxSteps);
  const child = spawn(process.execPath, [program, folder, `${seed}`, `${memtableBytes}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, signal) => resolve(signal)));
  let last = [acknowledged, 0, 0, 0];
  let first = true;
  let fault: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (first) {
      first = false;
      const found = new Map((JSON.parse(line) as [number, number, number][]).map(([k, r, s]) => [`${k}.${r}`, s]));
      totals.rows += found.size;
      advanceTo(acknowledged);
      for (let turn = 0; (fault = difference(found)) !== undefined && turn < turnsUntold; turn++)
        advanceTo(modelAt + stepsInTurn);
      if (fault !== undefined || isLast) child.kill('SIGKILL');
      else child.stdin.write(`${modelAt}\n`);
    } else if (child.exitCode === null) {
      const said = line.split(' ').map(Number);
      if (said.length === 4) last = said;
      if ((last[0] ?? 0) >= modelAt + life) child.kill('SIGKILL');
    }
  }
  if ((await ended) !== 'SIGKILL') throw new Error('the writer ended by itself');
  if (fault !== undefined) throw new Error(fault);
  totals.kills += 1;
  totals.flushes += last[1] ?? 0;
  totals.merges += last[2] ?? 0;
  if ((last[3] ?? 0) > 0) totals.amidst += 1;
  return Math.max(last[0] ?? 0, modelAt);
}

const folder = await mkdtemp(join(tmpdir(), 'skerry-crash-tables-'));
const deadline = performance.now() + Number(seconds) * 1_000;
let acknowledged = 0;
const report = (): void =>
  console.log(
    `${totals.kills} kills, ${totals.amidst} amidst a flush or a merge, ${acknowledged} steps acknowledged, ${totals.flushes} flushes, ${totals.merges} merges, ${totals.rows} rows looked at`,
  );
try {
  while (performance.now() < deadline) {
    acknowledged = await live(folder, acknowledged, false);
    if (totals.kills % linesPerReport === 0) report();
  }
  await live(folder, acknowledged, true);
  report();
  await rm(folder, { recursive: true });
} catch (thrown) {
  report();
  console.error(`after kill ${totals.kills} of seed ${seed}, in ${folder}:`, thrown);
  process.exitCode = 1;
}
