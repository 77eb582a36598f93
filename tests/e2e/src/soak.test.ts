/**
 * The faults workload, a sample: clients on all routers while any two of each role without state, and one data and one
 * auth node, are killed, paused and cut off; then all nodes at once. `npm run soak -- --minutes N` for long.
 */
import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { SoakReport } from './soak/run.ts';
import { root, run } from './system.ts';

const minutes = process.env['SKERRY_SOAK_MINUTES'] ?? '0.6';
it(
  'nothing acknowledged is lost, nothing is half, and all replicas are equal',
  async () => {
    // A process of its own, the same that `npm run soak` starts.
    const main = join(root, 'tests/e2e/src/soak/main.ts');
    const words = ['--minutes', minutes, '--round-seconds', '18', '--kill-all-every', '2'];
    const seed = ['--seed', process.env['SKERRY_SEED'] ?? '1'];
    const node = ['--import', 'tsx', '--conditions=@skerry/source', main, ...words, ...seed];
    const timeoutMs = (Number(minutes) * 5 + 5) * 60_000;
    const { stdout, stderr } = await run(process.execPath, node, { cwd: root, timeoutMs });
    const [last = ''] = stdout.trimEnd().split('\n').slice(-1);
    expect(stderr).toBe('');
    const report = JSON.parse(last) as SoakReport;
    expect(report.faults).toEqual([]);
    expect(report.rounds).toBeGreaterThan(1);
    expect(report.wounds.allKilled).toBeGreaterThan(0);
    expect(report.wounds.kill + report.wounds.pause + report.wounds.isolate).toBeGreaterThan(8);
    expect(report.acknowledged).toBeGreaterThan(50);
    expect(report.verified).toBeGreaterThan(50);
  },
  (Number(minutes) * 5 + 6) * 60_000,
);
