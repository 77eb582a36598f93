import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectedFailures } from './expected-failures.ts';
import { describeResult } from './report.ts';
import { fullName, runSuite, type Result } from './run.ts';
import { ours, type Server } from './servers.ts';
import { suite } from './suite.ts';

const expected = new Map(expectedFailures.map((each) => [each.name, each]));
const results = new Map<string, Result>();
const servers: Server[] = [];

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
}, 180_000);
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
