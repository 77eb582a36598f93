#!/usr/bin/env node
/**
 * The `skerry` command in a checkout: runs the bundle, made anew first when a source is newer than it.
 * A second of patience the first time, nothing to build by hand, no stale code.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const app = join(import.meta.dirname, '..');
const root = join(app, '../..');
const main = join(app, 'dist/main.mjs');

function isFresh() {
  if (!existsSync(main) || !existsSync(join(app, 'dist/inputs.json'))) return false;
  const builtMs = statSync(main).mtimeMs;
  const inputs = JSON.parse(readFileSync(join(app, 'dist/inputs.json'), 'utf8'));
  return inputs.every(
    (file) => (statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? Infinity) <= builtMs,
  );
}

if (existsSync(join(root, 'tools/bundle.mjs')) && !isFresh()) {
  const { bundle } = await import(join(root, 'tools/bundle.mjs'));
  await bundle('skerry');
}
await import(main);
