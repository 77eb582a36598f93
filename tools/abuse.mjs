/** The abuse test with figures: `npm run abuse -- [--full] [--tls]`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const main = join(root, 'tests/e2e/src/abuse-main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--conditions=@skerry/source', main, ...process.argv.slice(2)],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
