#!/usr/bin/env node
// Generates libs/proto/src/gen from proto/: messages and service definitions (buf.gen.yaml), and all descriptors as one
// text, which runtime/rpc serves by reflection without reading a file.
//   node tools/codegen/run.mjs           write
//   node tools/codegen/run.mjs --check   exit 1 when what is checked in differs from a fresh generation
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const buf = join(root, 'node_modules/.bin/buf');
const generated = 'libs/proto/src/gen';
const lineWidth = 110;

const run = (...args) => execFileSync(buf, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });

/** With what libs/proto/src/wire.ts has in the place of what is generated: profiles of small messages were full of it. */
function quickened(text, name) {
  const changed = text
    .replaceAll('new Uint8Array(0)', 'noBytes')
    .replaceAll('longToNumber(reader.uint64())', 'uint64Of(reader)');
  const used = ['noBytes', 'uint64Of'].filter((word) => changed.includes(word));
  if (used.length === 0) return text;
  const path = `${'../'.repeat(name.split('/').length)}wire.ts`;
  const whole = changed.replace('\nexport const protobufPackage', `import { ${used.join(', ')} } from "${path}";\n$&`);
  if (whole === changed) throw new Error(`Cannot quicken "${name}": it names no package`);
  const isUsed = whole.includes('longToNumber(reader.');
  return isUsed ? whole : whole.replace(/\nfunction longToNumber\([^]*?\n}\n/, '');
}

/** Writes everything below `out`, an empty folder. */
function generate(out) {
  run('generate', '--output', out);
  for (const [name, text] of filesBelow(join(out, generated)))
    writeFileSync(join(out, generated, name), quickened(text, name));
  const set = run('build', '--as-file-descriptor-set', '--exclude-source-info', '--output', '-#format=binpb');
  const lines = (set.toString('base64').match(new RegExp(`.{1,${lineWidth}}`, 'g')) ?? []).map(
    (line) => `  '${line}',`,
  );
  const file = join(out, generated, 'descriptors.ts');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `// Made by tools/codegen/run.mjs from proto/. DO NOT EDIT.\n` +
      `/** A google.protobuf.FileDescriptorSet of all of proto/, imports first, without comments; in base64. */\n` +
      `export const descriptorSet: string = [\n${lines.join('\n')}\n].join('');\n`,
  );
}

function filesBelow(directory) {
  if (!existsSync(directory)) return new Map();
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const names = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(directory.length + 1));
  return new Map(names.sort().map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** What a fresh generation would write, and what is there. */
function compare() {
  const out = mkdtempSync(join(tmpdir(), 'skerry-codegen-'));
  try {
    generate(out);
    const [fresh, present] = [filesBelow(join(out, generated)), filesBelow(join(root, generated))];
    const stale = [...new Set([...fresh.keys(), ...present.keys()])].filter((n) => fresh.get(n) !== present.get(n));
    return { fresh, stale: stale.sort() };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function check() {
  const { stale } = compare();
  for (const name of stale) console.error(`${generated}/${name} differs from a fresh generation`);
  if (stale.length > 0) console.error('Run `npm run codegen` and commit what it writes.');
  return stale.length === 0;
}

// Only what changed is touched: whoever reads the files meanwhile never finds them gone.
function write() {
  const { fresh, stale } = compare();
  for (const name of stale) {
    const file = join(root, generated, name);
    const text = fresh.get(name);
    if (text === undefined) rmSync(file);
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
}

const flags = process.argv.slice(2);
const unknown = flags.find((flag) => flag !== '--check');
if (unknown !== undefined) {
  console.error(`Cannot take flag "${unknown}": known is --check`);
  process.exitCode = 2;
} else if (flags.includes('--check')) process.exitCode = check() ? 0 : 1;
else write();
