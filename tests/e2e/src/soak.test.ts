/**
 * The faults workload, a sample: clients on all routers while any two of each role without state, and one data and one
 * auth node, are killed, paused and cut off; then all nodes at once. `npm run soak -- --minutes N` for long.
 */
import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { SoakArguments } from './soak/main.ts';
import type { SoakReport } from './soak/run.ts';
import { root, run } from './system.ts';

const options: SoakArguments = {
  seconds: Number(process.env['SKERRY_SOAK_SECONDS'] ?? 36),
  seed: Number(process.env['SKERRY_SEED'] ?? 1),
  ...{ roundSeconds: 18, killAllEvery: 2, clients: 5, verbose: true },
};
/** On a machine that does other things too, each look at all files takes its time. */
const timeoutMs = (5 * options.seconds + 300) * 1_000;

it(
  'nothing acknowledged is lost, nothing is half, and all replicas are equal',
  async () => {
    // A process of its own, the same that `npm run soak` starts.
    const main = join(root, 'tests/e2e/src/soak/main.ts');
    const words = ['--import', 'tsx', '--conditions=@skerry/source', main, JSON.stringify(options)];
    const { stdout, stderr } = await run(process.execPath, words, { cwd: root, timeoutMs });
    const [last = ''] = stdout.trimEnd().split('\n').slice(-1);
    expect({ stderr, stdout }).toEqual({ stderr: '', stdout });
    const report = JSON.parse(last) as SoakReport;
    expect(report.faults).toEqual([]);
    expect(report.rounds).toBeGreaterThan(1);
    expect(report.wounds.allKilled).toBeGreaterThan(0);
    expect(report.wounds.kill + report.wounds.pause + report.wounds.isolate).toBeGreaterThan(8);
    expect(report.acknowledged).toBeGreaterThan(30);
    expect(report.verified).toBeGreaterThan(30);
  },
  timeoutMs + 30_000,
);
