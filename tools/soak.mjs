/** The soak: a cluster whose nodes are hurt while clients work; exits with 1 when something is wrong. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { commandLine, whole } from './arguments.mjs';

const help = `usage: npm run soak -- [--minutes N] [--seed N] [--clients N] [--round-seconds N] [--kill-all-every N] [--verbose]

Fifteen processes, and FTP clients at all routers, while nodes are killed, paused and cut off. After each round all is
healed: nothing acknowledged is lost, nothing is half, all replicas are equal; then the figures, as JSON.
  --minutes        how long nodes are hurt in all: 10, unless told
  --seed           what is done and hurt: 1, unless told
  --clients        6, unless told
  --round-seconds  60, unless told
  --kill-all-every in every so many rounds all nodes are killed at once: 4, unless told
  --verbose        a line for each wound`;
const text = (fallback) => ({ type: 'string', default: fallback });
const { values } = commandLine(help, {
  options: {
    minutes: text('10'),
    seed: text('1'),
    clients: text('6'),
    'round-seconds': text('60'),
    'kill-all-every': text('4'),
    verbose: { type: 'boolean', default: false },
  },
});
const options = {
  seconds: whole(help, 'minutes', values.minutes, 1) * 60,
  seed: whole(help, 'seed', values.seed),
  clients: whole(help, 'clients', values.clients, 1),
  roundSeconds: whole(help, 'round-seconds', values['round-seconds'], 1),
  killAllEvery: whole(help, 'kill-all-every', values['kill-all-every'], 1),
  verbose: values.verbose,
};
const root = join(import.meta.dirname, '..');
const main = join(root, 'tests/e2e/src/soak/main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--conditions=@skerry/source', main, JSON.stringify(options)],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
