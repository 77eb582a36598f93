/**
 * Fifteen processes, clients at work, nodes hurt all the while: `npm run soak -- [--minutes N] [--seed S] [--clients N]
 * [--round-seconds N] [--kill-all-every ROUNDS] [--verbose]`; exits 1 when anything acknowledged was lost, or replicas differ.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const main = join(root, 'tests/e2e/src/soak/main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--conditions=@skerry/source', main, ...process.argv.slice(2)],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
