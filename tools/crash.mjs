/** The long crash test: `npm run crash -- [--seconds N] [--seed N]`; prints a line for each kill, exits 1 on the first fault. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string', default: '1' } },
});
const root = join(import.meta.dirname, '..');
const { status } = spawnSync(
  process.execPath,
  [
    '--import',
    'tsx',
    '--conditions=@skerry/source',
    join(root, 'tests/e2e/src/crash-main.ts'),
    values.seconds,
    values.seed,
  ],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
