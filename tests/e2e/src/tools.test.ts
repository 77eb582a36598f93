/** The tools' command lines: they tell what there is, refuse a slip in one line, and replay a seed. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const tool = (path: string, ...words: string[]): { status: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools', path), ...words], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
};

describe.each(['sim/run.mjs', 'crash.mjs', 'soak.mjs', 'abuse.mjs', 'bench/run.mjs'])('%s', (path) => {
  it('tells what there is', () => {
    expect(tool(path, '--help')).toMatchObject({ status: 0, out: expect.stringMatching(/^usage: npm run /) });
  });
  it('refuses what it does not know', () => {
    const { status, err } = tool(path, '--huh');
    expect(status).toBe(2);
    expect(err).toMatch(/--huh/);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

// What drags jest in works beside jest only.
it.each(['conformance/src/servers.ts', 'e2e/src/abuse.ts', 'e2e/src/soak/run.ts', 'e2e/src/crash.ts'])(
  'tests/%s can be loaded without jest',
  (path) => {
    const program = `await import(${JSON.stringify(join(root, 'tests', path))}); console.log('loaded');`;
    const words = ['--import', 'tsx', '--conditions=@skerry/source', '--input-type=module', '--eval', program];
    const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'loaded\n', stderr: '' });
  },
);

describe('npm run sim', () => {
  it.each([
    ['one seed', ['--seed', '3'], /seed 3 holds/],
    ['a part of it', ['--seed', '3', '--without', 'loss,late', '--ticks', '50'], /seed 3 holds/],
    ['some', ['--seeds', '5', '--lanes', '1'], /5 seeds from 1, 0 failed/],
  ])('%s', (_, words, said) => {
    expect(tool('sim/run.mjs', 'raft', ...words)).toMatchObject({ status: 0, out: expect.stringMatching(said) });
  });
  it.each([[['raft', '--seeds', 'many']], [['raft', '--seed', '0']], [['paxos']], [[]]])('refuses %j', (words) => {
    expect(tool('sim/run.mjs', ...words)).toMatchObject({ status: 2, out: '' });
  });
});

/** Of a rule that is switched off: see tools/sim/raft-mutants.mjs. */
type Mutant = {
  readonly name: string;
  readonly file: string;
  readonly find?: string;
  readonly edits?: readonly (readonly [string, string])[];
};
describe('the mutants of Raft', () => {
  it('each finds what it switches off', async () => {
    const { mutants } = (await import(join(root, 'tools/sim/raft-mutants.mjs'))) as { mutants: readonly Mutant[] };
    const sources = ['libs/cluster/raft/src', 'libs/kernel/src'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(root, folder, path)),
    );
    const lost = mutants.filter(({ file, find = '', edits = [[find, '']] }) =>
      edits.some(
        ([text]) => !sources.some((path) => basename(path) === file && readFileSync(path, 'utf8').includes(text)),
      ),
    );
    expect(mutants.length).toBeGreaterThan(60);
    expect(lost.map(({ name }) => name)).toEqual([]);
  });
});
