import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { StatusError } from '@skerry/kernel';
import { eventually, expectReason, playScenario, seeds } from './index.ts';
import { temporaryDirectory } from './node.ts';
import { runScenario } from './scenario-file.ts';

describe('eventually', () => {
  test('returns the first truthy value; a throw counts as not yet', async () => {
    let looks = 0;
    const value = await eventually(() => {
      looks += 1;
      if (looks === 1) throw new Error('not yet');
      return looks > 2 && `look ${looks}`;
    });
    expect(value).toBe('look 3');
  });
  test('fails after the time-out, with the last failure', async () => {
    const failing = eventually(
      () => {
        throw new Error('no such thing');
      },
      { timeoutMs: 10 },
    );
    await expect(failing).rejects.toThrow('within 10 ms: no such thing');
  });
});

describe('seeds', () => {
  afterEach(() => {
    delete process.env['SKERRY_SEED'];
    delete process.env['SKERRY_SIM_SEEDS'];
  });
  test('1 to n', () => expect(seeds(3)).toEqual([1, 2, 3]));
  test('SKERRY_SIM_SEEDS asks for more', () => {
    process.env['SKERRY_SIM_SEEDS'] = '4';
    expect(seeds(3)).toEqual([1, 2, 3, 4]);
  });
  test('SKERRY_SEED replays one, however many are asked for', () => {
    process.env['SKERRY_SIM_SEEDS'] = '4';
    process.env['SKERRY_SEED'] = '77';
    expect(seeds(3)).toEqual([77]);
  });
  test('a seed that is no number is refused', () => {
    process.env['SKERRY_SEED'] = 'x';
    expect(() => seeds(3)).toThrow('got "x"');
  });
});

describe('expectReason', () => {
  test('passes for the reason, fails for another and for success', async () => {
    await expectReason(Promise.reject(new StatusError('quota', 'full')), 'quota');
    await expect(expectReason(Promise.reject(new StatusError('quota', 'full')), 'malformed')).rejects.toThrow();
    await expect(expectReason(Promise.resolve(), 'quota')).rejects.toThrow();
  });
});

describe('scenario', () => {
  const add = (_: string, args: readonly string[]): string =>
    args.length === 0 ? '' : String(args.reduce((sum, text) => sum + Number(text), 0));

  test('plays commands; comments stay; ok stands for nothing', async () => {
    const text = '# sums\nadd 1 2\n----\n3\n\nadd\n----\nok\n';
    expect(await playScenario(text, add)).toBe(text);
    expect(await playScenario('add 1 2\n----\n4\n', add)).toBe('add 1 2\n----\n3\n');
  });
  test('a file with a wrong output fails, and stays as it is', async () => {
    const path = join(temporaryDirectory(), 'sums.txt');
    writeFileSync(path, 'add 1 2\n----\n4\n');
    await expect(runScenario(path, add)).rejects.toThrow();
    expect(readFileSync(path, 'utf8')).toContain('4');
    writeFileSync(path, 'add 1 2\n----\n3\n');
    await runScenario(path, add);
  });
});

test('a temporary directory is there, and is another each time', () => {
  const path = temporaryDirectory();
  expect(existsSync(path)).toBe(true);
  expect(temporaryDirectory() === path).toBe(false);
});

describe('errors', () => {
  test('of Node are errors in a test, and no others', async () => {
    const thrown: unknown = await import('node:fs').then(({ promises }) =>
      promises.stat('/no/such/file').catch((error: unknown) => error),
    );
    expect(thrown instanceof Error).toBe(true);
    expect(thrown instanceof TypeError).toBe(false);
    expect({ message: 'x' } instanceof Error).toBe(false);
    class Own extends Error {}
    expect([new Own() instanceof Own, new Own() instanceof Error, thrown instanceof Own]).toEqual([true, true, false]);
  });
});
