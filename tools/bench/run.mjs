/** `npm run bench -- SUBJECT`: runs one subject's benchmarks; without one, lists them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundle, bundleOptions } from '../bundle.mjs';

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
  stor3: ['stor3'],
  cql: ['cql'],
};
/** Run as nodes run, from a bundle, with the processes that they start: straight from the sources each closure is named anew. */
const bundled = { raft: ['raft', 'raft-member'], cql: ['cql', 'cql/floor'] };
/** Nodes that a subject starts, from their bundles. */
const apps = { cql: ['cassandra-node'] };
/** Within the root: what is not in a bundle is looked for from there. */
const bundleDirectory = join(import.meta.dirname, '../../node_modules/.cache/skerry-bench');
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
  const { status } = spawnSync(process.execPath, [...(await programOf(name)), ...options], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

async function programOf(name) {
  const files = bundled[name];
  if (files === undefined)
    return ['--import', 'tsx', '--conditions=@skerry/source', join(import.meta.dirname, `${name}.ts`)];
  for (const app of apps[name] ?? []) await bundle(app);
  await build({
    ...bundleOptions,
    entryPoints: files.map((file) => join(import.meta.dirname, `${file}.ts`)),
    outdir: bundleDirectory,
    outExtension: { '.js': '.mjs' },
  });
  return [join(bundleDirectory, `${name}.mjs`)];
}
