#!/usr/bin/env node
// Compares proto/ with the interfaces that were released last, proto/baseline.binpb.
//   node tools/codegen/breaking.mjs            exit 1 on a change that an older node would not understand
//   node tools/codegen/breaking.mjs --accept   makes what is there now the baseline
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const baseline = 'proto/baseline.binpb';
const buf = (...args) => {
  const { status, error } = spawnSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status === 0;
};

const flags = process.argv.slice(2);
const unknown = flags.find((flag) => flag !== '--accept');
if (unknown !== undefined) {
  console.error(`Cannot take flag "${unknown}": known is --accept`);
  process.exitCode = 2;
} else if (flags.includes('--accept')) {
  process.exitCode = buf('build', '--exclude-source-info', '--output', baseline) ? 0 : 1;
} else process.exitCode = buf('breaking', '--against', baseline) ? 0 : 1;
