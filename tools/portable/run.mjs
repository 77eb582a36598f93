/**
 * Runs the tests of the pure packages under Deno and Bun: `node tools/portable/run.mjs [deno|bun|node …]`. Each
 * package's tests are bundled with `shim.mjs` in jest's place, so nothing of Node or npm is there at run time.
 */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { globSync, mkdtempSync, readFileSync, readdirSync, rmSync } from '../files.mjs';

const root = join(import.meta.dirname, '../..');
const runtimes = {
  deno: (file) => [join(root, 'node_modules/.bin/deno'), ['run', '--no-remote', '--no-config', file]],
  bun: (file) => [join(root, 'node_modules/.bin/bun'), [file]],
  node: (file) => [process.execPath, [file]],
};
const wanted = process.argv.slice(2);
for (const name of wanted)
  if (!(name in runtimes)) {
    console.error(`test:runtimes: unknown runtime "${name}": wanted one of ${Object.keys(runtimes).join(', ')}`);
    process.exit(2);
  }

const packages = globSync(root, ['libs/*/package.json', 'libs/*/*/package.json'])
  .filter((file) => JSON.parse(readFileSync(join(root, file), 'utf8')).nx.tags.includes('purity:pure'))
  .map((file) => file.slice(0, -'/package.json'.length));
const out = mkdtempSync(join(tmpdir(), 'skerry-portable-'));
let failures = 0;
let total = 0;

for (const directory of packages) {
  const sources = join(root, directory, 'src');
  const tests = readdirSync(sources, { recursive: true }).filter((file) => String(file).endsWith('.test.ts'));
  if (tests.length === 0) continue;
  const shim = join(import.meta.dirname, 'shim.mjs');
  const lines = [
    `import { run } from ${JSON.stringify(shim)};`,
    ...tests.map((file) => `import ${JSON.stringify(join(sources, String(file)))};`),
    'const { failed } = await run();',
    'if (failed > 0) throw new Error(`${failed} tests failed`);',
  ];
  const file = join(out, `${directory.replaceAll('/', '-')}.mjs`);
  await build({
    stdin: { contents: lines.join('\n'), resolveDir: sources, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['@skerry/source', 'import', 'worker'],
    alias: { '@jest/globals': shim },
    target: 'es2022',
    outfile: file,
    logLevel: 'error',
  });
  for (const runtime of wanted.length > 0 ? wanted : ['deno', 'bun']) {
    const [command, args] = runtimes[runtime](file);
    const { status, stdout, stderr } = spawnSync(command, args, {
      encoding: 'utf8',
      env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
    });
    const counts = /(\d+) passed, (\d+) failed/.exec(stdout);
    total += Number(counts?.[1] ?? 0);
    if (status === 0) console.log(`${runtime.padEnd(5)} ${directory}: ${counts?.[0]}`);
    else {
      failures += 1;
      console.error(`${runtime.padEnd(5)} ${directory}: exit ${status}\n${stdout}${stderr}`);
    }
  }
}
rmSync(out, { recursive: true });
console.log(`runtimes: ${total} tests passed, ${failures} packages failed`);
process.exitCode = failures === 0 ? 0 : 1;
