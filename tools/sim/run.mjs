/** Seeds of a machine's simulation, many, on all cores; or its mutants, each until it is noticed. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { commandLine, refuse, whole } from '../arguments.mjs';
import { rewriteScenarios } from './scenarios.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** By name: the file that exports `runSeed(seed)`, the table of its mutants, and the folder of its scenarios. */
const machines = {
  raft: {
    entry: 'libs/cluster/raft/src/simulator/entry.fixture.ts',
    mutants: './raft-mutants.mjs',
    scenarios: 'libs/cluster/raft/src/scenarios',
  },
};

/** Letters of a message in the table. */
const asLengthMax = 90;
/** Failing seeds that are shrunk; of the others only what is wrong is said. */
const shrunkMax = 3;

const header = `# Mutants: rules switched off, and how many seeds the simulator needs to notice\n\nMade by \`UPDATE=1 npm run sim -- raft --mutants\`; with \`--only TEXT\`, only those lines are made anew. A mutant that no seed notices\nis one that a rule or a scenario shows alone; [why](#rules-that-only-a-rule-or-a-scenario-shows).\n\n`;

const help = `usage: npm run sim -- ${Object.keys(machines).join('|')} [options]

  --seeds N     how many (10,000; with --mutants 2,000 for each), from --from N (1), by --lanes N processes (one a core)
                a seed that fails is shrunk, and printed as the command that replays it
  --seed N      one of them; --shrink finds the least that still fails; --ticks, --kept, --without give a part of it
  --mutants     rules switched off: how many seeds notice each; --only TEXT names some; UPDATE=1 writes the table
  --scenarios   rewrites what comes of each scenario file: read the difference before you commit it

  npm run sim -- raft --seeds 20000
  npm run sim -- raft --seed 17 --shrink`;

const listOf = (text) => (text === undefined ? undefined : text.split(',').filter((each) => each !== 'none'));
const { positionals, values } = commandLine(help, {
  allowPositionals: true,
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    ticks: { type: 'string' },
    kept: { type: 'string' },
    without: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    scenarios: { type: 'boolean', default: false },
    only: { type: 'string' },
    lanes: { type: 'string', default: `${availableParallelism()}` },
    worker: { type: 'string' },
  },
});
const machine = machines[positionals[0] ?? ''];
if (machine === undefined) refuse(help, `no machine "${positionals[0] ?? ''}"`);
const count = whole(help, 'seeds', values.seeds ?? (values.mutants ? '2000' : '10000'), 1);
const from = whole(help, 'from', values.from, 1);
if (values.worker !== undefined) await runSeeds(values.worker);
else if (values.seed !== undefined) await runOne(whole(help, 'seed', values.seed, 1));
else if (values.scenarios) await runScenarios();
else await (values.mutants ? runMutants() : runAll());

/** One line for each failing seed, and the number done at the end. */
async function runSeeds(file) {
  const { runSeed, rules } = await import(pathToFileURL(file).href);
  for (const { name, run } of values.mutants ? rules : []) {
    try {
      await run();
    } catch (thrown) {
      console.log(JSON.stringify({ rule: name, message: String(thrown.message).split('\n')[0] }));
      break;
    }
  }
  for (let seed = from; seed < from + count; seed++) {
    try {
      runSeed(seed);
    } catch (thrown) {
      console.log(JSON.stringify({ seed, message: String(thrown.message).split('\n')[0] }));
      if (values.mutants) return;
    }
  }
}

/** Bundles the machine, and gives what its entry exports. */
async function withMachine(use) {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-sim-'));
  try {
    return await use(await import(pathToFileURL(await bundle(directory)).href));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** One seed, whole or in part; with `--shrink`, made small first. */
async function runOne(seed) {
  process.exitCode = await withMachine(({ runSeed, shrink, replayCommand }) => {
    if (values.shrink) return report(seed, shrink(seed), replayCommand);
    const ticks = values.ticks === undefined ? undefined : Number(values.ticks);
    const less = { ticks, kept: listOf(values.kept)?.map(Number), without: listOf(values.without) };
    try {
      runSeed(seed, less);
      console.log(`seed ${seed} holds`);
      return 0;
    } catch (thrown) {
      console.log(`seed ${seed}: ${thrown.stack}`);
      return 1;
    }
  });
}

function report(seed, shrunk, replayCommand) {
  if (shrunk === undefined) {
    console.log(`seed ${seed} holds`);
    return 0;
  }
  console.log(`seed ${seed}: ${shrunk.message}`);
  for (const { tick, action } of shrunk.actions) console.log(`  tick ${tick}: ${JSON.stringify(action)}`);
  console.log(`  ${replayCommand(seed, shrunk.less)}`);
  return 1;
}

async function runScenarios() {
  const changed = await withMachine((bundled) => rewriteScenarios(join(root, machine.scenarios), bundled));
  console.log(`${changed} scenarios have changed`);
}

async function bundle(directory, mutant) {
  const outfile = join(
    directory,
    `${mutant === undefined ? 'machine' : `mutant-${directory.length}-${Math.trunc(mutant.order)}`}.mjs`,
  );
  let applied = mutant === undefined;
  const patch = {
    name: 'mutant',
    setup(on) {
      on.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        if (mutant === undefined || basename(path) !== mutant.file) return { contents: source, loader: 'ts' };
        const edits = mutant.edits ?? [[mutant.find, mutant.replace]];
        applied = edits.every(([find]) => source.includes(find));
        return { contents: edits.reduce((text, [find, put]) => text.replace(find, () => put), source), loader: 'ts' };
      });
    },
  };
  await build({
    entryPoints: [join(root, machine.entry)],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['@skerry/source'],
    plugins: [patch],
    alias: { '@jest/globals': join(root, 'tools/portable/shim.mjs') },
    mainFields: ['module', 'main'],
    outfile,
    logLevel: 'error',
  });
  if (!applied) throw new Error(`Cannot switch off "${mutant.name}": ${mutant.file} lacks what it replaces`);
  return outfile;
}

function nameIn(line) {
  return line.split(' | ')[1];
}

/** New lines take the place of those of the same mutants; those of mutants that are no more go. */
async function writeTable(mutants, lines) {
  const file = join(root, 'docs', `${positionals[0]}-mutants.md`);
  const before = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line.startsWith('| '));
  const table = mutants.flatMap(({ name }) => {
    const line = lines.find((each) => nameIn(each) === name) ?? before.find((each) => nameIn(each) === name);
    return line === undefined ? [] : [line];
  });
  const head = [
    '| bug | rule switched off: … | noticed by the rule or scenario | seeds until noticed | as |',
    '|---|---|---|---|---|',
  ];
  const places = await withMachine(({ bugCountMax, elsewhere, shownBy }) =>
    Array.from({ length: bugCountMax }, (_, n) => n + 1).map(
      (bug) => `| ${bug} | ${shownBy(bug).join('; ')} | ${elsewhere.get(bug) ?? ''} |`,
    ),
  );
  const catalogue = [
    '## Where each bug of the catalogue is shown not to be',
    '',
    '| bug | rules and scenarios | not of the machine: … |',
    '|---|---|---|',
  ];
  const alone = mutants.filter((mutant) => mutant.alone !== undefined);
  const reasons = [
    '## Rules that only a rule or a scenario shows',
    '',
    ...alone.map((each) => `- *${each.name}*: ${each.alone}`),
  ];
  const text = [...head, ...table, '', ...reasons, '', ...catalogue, ...places].join('\n');
  await writeFile(file, `${header}${text}\n`);
}

function worker(file, first, number, more = []) {
  const args = [
    fileURLToPath(import.meta.url),
    positionals[0],
    '--worker',
    file,
    '--from',
    `${first}`,
    '--seeds',
    `${number}`,
    ...more,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const failures = [];
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) failures.push(JSON.parse(line));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(failures) : reject(new Error(`worker ended with ${code}`))));
  });
}

async function runAll() {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-sim-'));
  try {
    const file = await bundle(directory);
    const started = Date.now();
    const batch = Math.max(1, Math.min(500, Math.ceil(count / Number(values.lanes))));
    const firsts = Array.from({ length: Math.ceil(count / batch) }, (_, n) => from + n * batch);
    const failures = [];
    let done = 0;
    const lane = async () => {
      for (let first = firsts.shift(); first !== undefined; first = firsts.shift()) {
        const number = Math.min(batch, from + count - first);
        failures.push(...(await worker(file, first, number)));
        done += number;
        if (process.stdout.isTTY) process.stdout.write(`\r${done} of ${count} seeds, ${failures.length} failed`);
      }
    };
    await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
    if (process.stdout.isTTY) process.stdout.write('\n');
    for (const { seed, message } of failures.slice(shrunkMax)) console.log(`seed ${seed}: ${message}`);
    const { shrink, replayCommand } = await import(pathToFileURL(file).href);
    for (const { seed } of failures.slice(0, shrunkMax)) report(seed, shrink(seed), replayCommand);
    console.log(
      `${count} seeds from ${from}, ${failures.length} failed, ${Math.round((Date.now() - started) / 1000)} s`,
    );
    process.exitCode = failures.length === 0 ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function runMutants() {
  const { mutants } = await import(machine.mutants);
  const directory = await mkdtemp(join(tmpdir(), 'skerry-sim-'));
  const rows = mutants
    .map((mutant, order) => ({ ...mutant, order }))
    .filter(({ name, bug }) => values.only === undefined || name.includes(values.only) || bug === values.only);
  const results = [];
  try {
    const queue = [...rows];
    const lane = async () => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const failures = await worker(await bundle(directory, mutant), from, count, ['--mutants']);
        const rule = failures.find((found) => found.rule !== undefined);
        const failure = failures.find(({ seed }) => seed !== undefined);
        results[mutant.order] = { ...mutant, rule, failure };
        const seen = [rule?.rule, failure === undefined ? undefined : `seed ${failure.seed}`].filter(Boolean);
        console.error(`${seen.join(', ') || 'NOT NOTICED'}: ${mutant.name}`);
      }
    };
    await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
  } finally {
    await rm(directory, { recursive: true });
  }
  const lines = results.filter(Boolean).map(({ bug, name, rule, failure }) => {
    const seeds = failure === undefined ? `not in ${count}` : `${failure.seed - from + 1}`;
    return `| ${bug} | ${name} | ${rule?.rule ?? ''} | ${seeds} | ${(failure?.message ?? '').slice(0, asLengthMax)} |`;
  });
  console.log(lines.join('\n'));
  const missed = results.filter((row) => row !== undefined && row.failure === undefined && row.rule === undefined);
  console.log(`\n${results.filter(Boolean).length} mutants, ${missed.length} noticed by nothing in ${count} seeds`);
  if (process.env.UPDATE === '1') await writeTable(mutants, lines);
  process.exitCode = missed.length === 0 ? 0 : 1;
}
