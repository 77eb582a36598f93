/** The long crash test; exits with 1 on the first fault. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { commandLine, whole } from './arguments.mjs';
import { bundleOptions } from './bundle.mjs';

const help = `usage: npm run crash -- [--cql | --tables] [--seconds N] [--seed N]

Kills the server and its clients again and again while they work, and looks after each kill whether all that was
acknowledged is there. A line for each kill. 600 seconds, seed 1, unless told. --cql: the CQL node,
under writes, instead of the files. --tables: its store alone, hundreds of kills in minutes, most of them amidst a flush or
a merge.`;
const { values } = commandLine(help, {
  options: {
    cql: { type: 'boolean', default: false },
    tables: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
  },
});
const root = join(import.meta.dirname, '..');
const seconds = `${whole(help, 'seconds', values.seconds, 1)}`;
const seed = `${whole(help, 'seed', values.seed)}`;
const source = ['--import', 'tsx', '--conditions=@skerry/source'];

/** The writer starts in a moment only from a bundle, with its store's thread beside it. */
async function tablesTest() {
  const outdir = join(root, 'node_modules/.cache/skerry-crash');
  await build({
    ...bundleOptions,
    entryPoints: {
      'table-writer': join(root, 'tools/crash/table-writer.ts'),
      'table-keeper': join(root, 'libs/runtime/table-store/src/keeper-worker.ts'),
    },
    outdir,
    outExtension: { '.js': '.mjs' },
  });
  return [...source, join(root, 'tools/crash/tables.ts'), join(outdir, 'table-writer.mjs'), seconds, seed];
}
const filesTest = [
  ...source,
  join(root, 'tests/e2e/src', values.cql ? 'cql/crash-main.ts' : 'crash-main.ts'),
  seconds,
  seed,
];
const { status } = spawnSync(process.execPath, values.tables ? await tablesTest() : filesTest, {
  stdio: 'inherit',
  cwd: root,
});
process.exitCode = status ?? 1;
