import { afterAll, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { cqlCrashTest } from './cql/crash.ts';
import { removeFolder, temporaryFolder } from './system.ts';

const folder = temporaryFolder('cql-crash');
afterAll(() => removeFolder(folder));

it('every acknowledged row is there after kill -9 under writes', async () => {
  const seed = Number(process.env['SKERRY_SEED'] ?? 1);
  const report = await cqlCrashTest({ seconds: 30, seed, data: join(folder, 'data') });
  expect(report.faults).toEqual([]);
  expect(report.kills).toBeGreaterThan(1);
  expect(report.acknowledged).toBeGreaterThan(1_000);
  expect(report.verified).toBeGreaterThan(1_000);
}, 180_000);
