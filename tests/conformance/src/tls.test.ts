/** A sample of the suite under TLS: what opens, ends and passes by data connections. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeResult } from './report.ts';
import { runSuite } from './run.ts';
import { ours, type Server } from './servers.ts';
import { suite } from './suite.ts';
import type { Target } from './target.ts';

// Not ABOR: its files of 12 MB are a load of their own under TLS.
const groups = new Set(['APPE', 'PROT', 'data under TLS']);
const sample = suite.filter(({ group }) => groups.has(group));
let server: Server;
beforeAll(async () => {
  server = await ours.start('127.0.0.1');
}, 90_000);
afterAll(() => server.stop(), 60_000);

// Much of the sample begins in clear, which implicit TLS never does.
it.each([
  ['explicit', 0.9],
  ['implicit', 0.2],
] as const)(
  'under %s TLS no case of the sample fails, and most that fit are there',
  async (tls, least) => {
    const { target, implicitPort = 0 } = server;
    const under: Target = { ...target, tls, port: tls === 'implicit' ? implicitPort : target.port };
    const results = await runSuite(sample, under, {});
    expect(results.filter(({ outcome }) => outcome.kind === 'fail').map((each) => describeResult(each, true))).toEqual(
      [],
    );
    const passed = results.filter(({ outcome }) => outcome.kind === 'pass');
    expect(passed.length).toBeGreaterThan(least * sample.length);
  },
  180_000,
);
