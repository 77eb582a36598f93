/** The abuse test with figures. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { commandLine } from './arguments.mjs';

const help = `usage: npm run abuse -- [--full] [--tls] [--rounds=N]

What strangers do to an FTP door, by volume, while somebody works there; then what is left: memory, descriptors, handles.
  --full   10,000 connections instead of 1,000, and so on
  --rounds twice, unless told: only what grows again is a leak
  --tls    the same at the door of implicit TLS`;
commandLine(help, { options: { full: { type: 'boolean' }, tls: { type: 'boolean' }, rounds: { type: 'string' } } });

const root = join(import.meta.dirname, '..');
const main = join(root, 'tests/e2e/src/abuse-main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--conditions=@skerry/source', main, ...process.argv.slice(2)],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
