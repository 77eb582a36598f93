/**
 * Adds lock entries for the optional packages of other platforms that the registry at hand does not serve, so that
 * `npm ci` accepts a lock file made here. Run it after every `npm install`: `node tools/fix-lock.mjs`. With `--check` it
 * changes nothing, and fails when an entry is missing or a workspace is not as the lock file has it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const systems = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openharmony', 'netbsd', 'openbsd', 'sunos', 'aix'];
const processors = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64'];
const pick = (name, words) => words.filter((word) => new RegExp(`(^|[-/])${word}($|[-.])`).test(name));
const processorsOf = (name) =>
  pick(
    name
      .replace('aarch64', 'arm64')
      .replace(/arm(-|v|$)/, 'arm$1')
      .replace('armv7', 'arm'),
    processors,
  );

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
let added = 0;
for (const [at, parent] of Object.entries({ ...lock.packages })) {
  if (!at.startsWith('node_modules/')) continue;
  for (const [name, range] of Object.entries(parent.optionalDependencies ?? {})) {
    if ([`${at}/node_modules/${name}`, `node_modules/${name}`].some((place) => lock.packages[place])) continue;
    const os = pick(name, systems);
    const cpu = processorsOf(name);
    lock.packages[`node_modules/${name}`] = {
      version: range.replace(/^[\^~]/, ''),
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(parent.dev ? { dev: true } : {}),
      ...(pick(name, ['musl']).length > 0 ? { libc: ['musl'] } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    };
    added += 1;
  }
}
if (process.argv.includes('--check')) check();
else {
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`lock: ${added} entries added`);
}

function check() {
  const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8'));
  const stale = workspaces
    .flatMap((pattern) => foldersOf(pattern).map((folder) => `${folder}/package.json`))
    .filter((file) => existsSync(file))
    .filter((file) => {
      const wanted = JSON.parse(readFileSync(file, 'utf8'));
      const known = lock.packages[dirname(file)];
      const parts = ['version', 'dependencies', 'devDependencies', 'optionalDependencies'];
      return known === undefined || parts.some((part) => sorted(known[part]) !== sorted(wanted[part]));
    })
    .map(dirname);
  if (added === 0 && stale.length === 0) return;
  const what = stale.length > 0 ? stale.join(', ') : `${added} optional packages of other platforms`;
  console.error(`lock: package-lock.json does not have ${what}: run npm install, then node tools/fix-lock.mjs`);
  process.exitCode = 1;
}
function foldersOf(pattern) {
  if (!pattern.endsWith('/*')) return [pattern];
  const parent = dirname(pattern);
  return readdirSync(parent).map((name) => `${parent}/${name}`);
}
function sorted(value) {
  return typeof value === 'string' ? value : JSON.stringify(Object.entries(value ?? {}).toSorted());
}
