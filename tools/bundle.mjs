/**
 * Bundles apps: `node tools/bundle.mjs [app…]`, default all. `apps/<app>/src/main.ts` becomes `apps/<app>/dist/main.mjs`
 * with a chunk for whatever is loaded when it is wanted, beside it `inputs.json`, which the launcher compares with the
 * sources.
 */
import { build } from 'esbuild';
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { globSync, mkdirSync, readFileSync, writeFileSync } from './files.mjs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Native or file-loading packages that do not survive bundling: they stay in node_modules. */
const external = ['lmdb', '@node-rs/*'];
const banner =
  "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';import{dirname as __dn}from'node:path';const require=__cr(import.meta.url),__filename=__fu(import.meta.url),__dirname=__dn(__filename);";

const tableStore = 'libs/runtime/table-store/src';

/** How all that runs from a bundle is made: apps, and benchmarks that measure what they would be. */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['@skerry/source'],
  // Names stay as they are: shorter ones would need `keepNames`, which names each closure anew whenever it is made.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  external,
  banner: { js: banner },
  logLevel: 'warning',
};

/** @returns size of all together; the files to run it with, from the root; the packages that these ask for. */
export async function bundle(app) {
  const directory = join(root, 'apps', app);
  const result = await build({
    ...bundleOptions,
    entryPoints: [join(directory, 'src/main.ts')],
    outdir: join(directory, 'dist'),
    // A role, a command, reads what it needs itself: half of the time to start was reading the others.
    splitting: true,
    chunkNames: 'chunk-[hash]',
    outExtension: { '.js': '.mjs' },
    metafile: true,
    write: false,
  });
  const thread = await bundleThread(directory, Object.keys(result.metafile.inputs));
  const inputs = [
    ...new Set([...Object.keys(result.metafile.inputs), ...Object.keys(thread?.metafile.inputs ?? {})]),
  ].filter((file) => !file.includes('node_modules/'));
  mkdirSync(join(directory, 'dist'), { recursive: true });
  // The main file last: what it names is there when it is.
  const isMain = ({ path }) => path === join(directory, 'dist/main.mjs');
  const written = [...result.outputFiles, ...(thread?.outputFiles ?? [])].toSorted(
    (a, b) => Number(isMain(a)) - Number(isMain(b)),
  );
  for (const { path, contents } of written) replaceFile(path, contents);
  replaceFile(join(directory, 'dist/inputs.json'), JSON.stringify(inputs));
  const outputs = { ...result.metafile.outputs, ...thread?.metafile.outputs };
  const files = Object.keys(outputs).filter((file) => !file.endsWith('.map'));
  removeOld(join(directory, 'dist'), new Set(Object.keys(outputs).map((file) => basename(file))));
  return {
    bytes: files.reduce((sum, file) => sum + outputs[file].bytes, 0),
    files,
    externals: externalsOf(inputs),
  };
}

/** A program with tables has a file of its own for the thread that keeps their runs: it loads in a moment. */
async function bundleThread(directory, inputs) {
  if (!inputs.includes(`${tableStore}/keeper-thread.ts`)) return undefined;
  return build({
    ...bundleOptions,
    entryPoints: [join(root, tableStore, 'keeper-worker.ts')],
    outfile: join(directory, 'dist/table-keeper.mjs'),
    metafile: true,
    write: false,
  });
}

/**
 * Of the dependencies of the workspaces whose files are in the bundle, those that were left out of it. Not esbuild's own
 * list of imports: it knows nothing of what is loaded by a `require` made on the spot.
 */
function externalsOf(inputs) {
  const workspaces = new Set(inputs.map((file) => /^((?:libs|apps)\/.+?)\/src\//.exec(file)?.[1]).filter(Boolean));
  const patterns = external.map((pattern) => new RegExp(`^${pattern.replace('*', '[^/]+')}$`));
  const names = [...workspaces].flatMap((workspace) =>
    Object.keys(JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8')).dependencies ?? {}),
  );
  return [...new Set(names)].filter((name) => patterns.some((pattern) => pattern.test(name))).toSorted();
}

/** How long a chunk is kept that the bundle does not name any more: a process that has just started may ask for it yet. */
const keepOldMs = 3_600_000;
function removeOld(folder, current) {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('chunk-') || current.has(name)) continue;
    const path = join(folder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > keepOldMs) rmSync(path, { force: true });
  }
}

/** Whole or not at all: another process that starts meanwhile would run half a bundle, or an empty one, which exits 0. */
function replaceFile(path, contents) {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

if (process.argv[1] === import.meta.filename) {
  const apps = process.argv.slice(2);
  const wanted = apps.length > 0 ? apps : globSync(root, ['apps/*/src/main.ts']).map((file) => file.split('/')[1]);
  for (const app of wanted)
    console.log(`apps/${app}/dist/main.mjs ${Math.round((await bundle(app)).bytes / 1024)} KiB`);
}
