/**
 * The gate: `npm run ok`. Each step prints its time; the first failure stops it. `--no-test` leaves the tests out (CI
 * runs them by the README's own command afterwards).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules/.bin', name);
const steps = [
  ['format', bin('oxfmt'), ['--check', '.']],
  ['lock file is current', process.execPath, ['tools/fix-lock.mjs', '--check']],
  ['boundaries', process.execPath, ['tools/boundaries.mjs']],
  ['proto lint', bin('buf'), ['lint']],
  ['proto breaking', process.execPath, ['tools/codegen/breaking.mjs']],
  ['codegen is current', process.execPath, ['tools/codegen/run.mjs', '--check']],
  ['lint', bin('oxlint'), ['-c', '.oxlintrc.json', '--type-aware', '--quiet', '.']],
  ['limits are documented', process.execPath, ['tools/limits.mjs', '--check']],
  ['types', bin('nx'), ['run-many', '-t', 'typecheck', '--output-style=static']],
  ['build', bin('nx'), ['run-many', '-t', 'build', '--output-style=static']],
  ['other runtimes', process.execPath, ['tools/portable/run.mjs']],
  ['tests', bin('nx'), ['run-many', '-t', 'test', '--output-style=static']],
];
const started = performance.now();
for (const [name, command, args] of steps) {
  if (name === 'tests' && process.argv.includes('--no-test')) continue;
  const from = performance.now();
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
  });
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  if (status !== 0) {
    console.error(`ok: ${name} failed after ${seconds} s`);
    process.exit(1);
  }
  console.log(`ok: ${name} ${seconds} s`);
}
console.log(`ok: all in ${((performance.now() - started) / 1000).toFixed(1)} s`);
