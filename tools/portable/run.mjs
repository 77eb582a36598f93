/**
 * Runs the tests of the pure packages under Deno and Bun: `node tools/portable/run.mjs [deno|bun|node …]`. Each
 * package's tests are bundled with `shim.mjs` in jest's place, so nothing of Node or npm is there at run time. Examples in
 * their READMEs are run too: a `ts` block must print what its comment `// prints: …` says.
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
const chosen = wanted.length > 0 ? wanted : ['deno', 'bun'];
const shared = {
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['@skerry/source', 'import', 'worker'],
  target: 'es2022',
  logLevel: 'error',
};
const runIn = (runtime, file) => {
  const [command, args] = runtimes[runtime](file);
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
  return spawnSync(command, args, { encoding: 'utf8', env });
};

async function runExamples(directory) {
  const blocks = readFileSync(join(root, directory, 'README.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs);
  for (const [place, [, contents]] of [...blocks].entries()) {
    const prints = /\/\/ prints: (.*)/.exec(contents)?.[1];
    const outfile = join(out, `${directory.replaceAll('/', '-')}-example-${place}.mjs`);
    await build({ ...shared, stdin: { contents, resolveDir: join(root, directory, 'src'), loader: 'ts' }, outfile });
    for (const runtime of chosen) {
      const { status, stdout, stderr } = runIn(runtime, outfile);
      if (status === 0 && stdout.trim() === prints)
        console.log(`${runtime.padEnd(5)} ${directory}/README.md: as printed`);
      else {
        failures += 1;
        console.error(`${runtime.padEnd(5)} ${directory}/README.md: wanted "${prints}"\n${stdout}${stderr}`);
      }
    }
  }
}

for (const directory of packages) {
  await runExamples(directory);
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
  const stdin = { contents: lines.join('\n'), resolveDir: sources, loader: 'ts' };
  await build({ ...shared, stdin, alias: { '@jest/globals': shim }, outfile: file });
  for (const runtime of chosen) {
    const { status, stdout, stderr } = runIn(runtime, file);
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
