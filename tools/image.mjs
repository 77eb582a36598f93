/**
 * The very files of an app's image: `node tools/image.mjs APP OUT` makes the folder OUT with APP's bundle and the
 * packages that the bundle still asks for, those that they ask for, and nothing else.
 *
 * Assumes: the packages are installed here as they are wanted there (platform, libc).
 */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bundle } from './bundle.mjs';

const root = join(import.meta.dirname, '..');

/** @returns the packages copied, as paths below OUT. @throws when OUT is not empty, or a package is not installed. */
export async function image(app, out) {
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new Error(`Cannot make an image in "${out}": must be a new or empty folder`);
  const { files, externals } = await bundle(app);
  mkdirSync(out, { recursive: true });
  for (const file of files) cpSync(join(root, file), join(out, file.slice(`apps/${app}/dist/`.length)));
  const folders = closure(externals);
  // Each package by itself: what lies nested in it is copied when it is asked for.
  const filter = (path) => !path.endsWith('/node_modules');
  for (const folder of folders) cpSync(folder, join(out, relative(root, folder)), { recursive: true, filter });
  return folders.map((folder) => relative(root, folder));
}

/** Folders of the packages and of all that they ask for; of the optional ones, those that are installed. */
function closure(names) {
  const found = new Set();
  const add = (name, from, optional) => {
    const folder = find(name, from);
    if (folder === undefined && optional) return;
    if (folder === undefined) throw new Error(`Cannot find package "${name}" from "${from}": run npm ci`);
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies }))
      add(each, folder, each in optionalDependencies);
  };
  for (const name of names) add(name, root, false);
  return [...found].toSorted();
}

/** As Node looks for it: in node_modules here, then above, up to the root of the checkout. */
function find(name, from) {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
}

if (process.argv[1] === import.meta.filename) {
  const [app, out] = process.argv.slice(2);
  if (app === undefined || out === undefined) {
    console.error('Cannot make an image: wanted node tools/image.mjs APP OUT');
    process.exit(2);
  }
  for (const folder of await image(app, out)) console.log(folder);
}
