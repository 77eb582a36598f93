import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { CrashReport } from './crash.ts';
import { root, run } from './system.ts';

const seconds = Number(process.env['SKERRY_CRASH_SECONDS'] ?? 60);
it(
  `loses nothing acknowledged and shows no half file over ${seconds} s of kill -9`,
  async () => {
    // A process of its own, the same that `npm run crash` starts.
    const main = join(root, 'tests/e2e/src/crash-main.ts');
    const args = [
      '--import',
      'tsx',
      '--conditions=@skerry/source',
      main,
      String(seconds),
      process.env['SKERRY_SEED'] ?? '1',
    ];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: root, timeoutMs: (seconds + 100) * 1_000 });
    const [last = ''] = stdout.trimEnd().split('\n').slice(-1);
    expect(stderr).toBe('');
    const report = JSON.parse(last) as CrashReport;
    expect(report.faults).toEqual([]);
    expect(report.kills).toBeGreaterThan(3);
    expect(report.clientKills).toBeGreaterThan(3);
    expect(report.acknowledged).toBeGreaterThan(50);
  },
  (seconds + 120) * 1_000,
);
