/** The long crash test; exits with 1 on the first fault. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { commandLine, whole } from './arguments.mjs';

const help = `usage: npm run crash -- [--cql] [--seconds N] [--seed N]

Kills the server and its clients again and again while they work, and looks after each kill whether all that was
acknowledged is there. A line for each kill. 600 seconds, seed 1, unless told. --cql: the CQL node,
under writes, instead of the files.`;
const { values } = commandLine(help, {
  options: {
    cql: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
  },
});
const root = join(import.meta.dirname, '..');
const { status } = spawnSync(
  process.execPath,
  [
    '--import',
    'tsx',
    '--conditions=@skerry/source',
    join(root, 'tests/e2e/src', values.cql ? 'cql/crash-main.ts' : 'crash-main.ts'),
    `${whole(help, 'seconds', values.seconds, 1)}`,
    `${whole(help, 'seed', values.seed)}`,
  ],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
