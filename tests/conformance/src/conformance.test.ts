import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectedFailures } from './expected-failures.ts';
import { describeResult } from './report.ts';
import { fullName, runSuite, type Result } from './run.ts';
import { ours, type Server } from './servers.ts';
import { suite } from './suite.ts';

const expected = new Map(expectedFailures.map((each) => [each.name, each]));
const results = new Map<string, Result>();
const servers: Server[] = [];
/** More are no accident. */
const silentCountMax = 6;
const heardNothing = (result: Result | undefined): boolean =>
  result?.outcome.kind === 'fail' && result.outcome.got.startsWith('nothing within');

beforeAll(async () => {
  const [four, six] = await Promise.all([ours.start('127.0.0.1'), ours.start('::1')]);
  servers.push(four, six);
  const keep = (result: Result): void => void results.set(fullName(result), result);
  await runSuite(
    suite.filter(({ family }) => family !== 6),
    four.target,
    { onResult: keep },
  );
  await runSuite(
    suite.filter(({ family }) => family === 6),
    six.target,
    { onResult: keep },
  );
  // A machine that stands still for seconds, which a disk shared with other tests can make it do, is not what is asked here: a
  // case that heard nothing is asked once more, when nothing else runs. A server that does not answer fails again.
  const silent = suite.filter((each) => heardNothing(results.get(fullName(each))));
  for (const [target, family] of [
    [four.target, 4],
    [six.target, 6],
  ] as const) {
    const again = silent.filter((each) => (each.family === 6) === (family === 6));
    if (again.length === 0) continue;
    process.stderr.write(`heard nothing, asked once more: ${again.map(fullName).join('; ')}\n`);
    await runSuite(again.slice(0, silentCountMax), target, { onResult: keep, atOnce: 1 });
  }
}, 240_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
}, 60_000);

describe('the suite', () => {
  it('has names that differ', () => {
    expect(new Set(suite.map(fullName)).size).toBe(suite.length);
  });
  it('has every case of the list of expected failures', () => {
    const names = new Set(suite.map(fullName));
    expect([...expected.keys()].filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('our embedded system', () => {
  it.each(suite.map((each) => [fullName(each)]))('%s', (name) => {
    const result = results.get(name);
    const known = expected.get(name);
    const outcome = result?.outcome.kind;
    if (outcome === (known?.outcome ?? 'pass')) return;
    if (known !== undefined && outcome === 'pass')
      throw new Error(`"${name}" passes: take it off the list of expected failures ("${known.reason}")`);
    throw new Error(result === undefined ? `"${name}" was not run` : describeResult(result, true));
  });
});
