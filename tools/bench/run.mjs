/** `npm run bench -- SUBJECT`: runs one subject's benchmarks; without one, lists them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const subjects = {
  ground: ['ground', 'rpc', 'wal', 'blobs'],
  rpc: ['rpc'],
  wal: ['wal'],
  'raft-log': ['raft-log'],
  blobs: ['blobs'],
  ftp: ['ftp'],
  failover: ['failover'],
  'raft-links': ['raft-links'],
  raft: ['raft'],
};
const [subject = '', ...options] = process.argv.slice(2);
const help = `usage: npm run bench -- SUBJECT [options of the subject]: ${Object.keys(subjects).join(', ')}`;
if (subject === '--help') {
  console.log(help);
  process.exit(0);
}
if (!Object.hasOwn(subjects, subject)) {
  console.error(`unknown subject "${subject}"\n${help}`);
  process.exit(2);
}
for (const name of subjects[subject]) {
  if (!options.includes('--json')) console.log(`\n## ${name}\n`);
  const file = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', '--conditions=@skerry/source', file, ...options], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
