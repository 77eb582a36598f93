import { expect, test } from '@jest/globals';
import { eventually } from '@skerry/testing';
import cassandra from 'cassandra-driver';
import { connectClient } from '../driver.fixture.ts';
import { openNode } from '../node.fixture.ts';

test('what is under way when the node stops is answered, what comes later is refused', async () => {
  const node = await openNode({ cqlAuthenticator: 'password' });
  const login = { authProvider: new cassandra.auth.PlainTextAuthProvider('cassandra', 'cassandra') };
  const client = await connectClient(node.port, login);
  const received = (): number => (node.service.status()['requests'] as { query: number }).query;
  const before = received();
  // Each takes a while: its password is hashed.
  const count = 8;
  const answers = Promise.allSettled(
    Array.from({ length: count }, (_, i) =>
      client.execute(`CREATE ROLE r${i} WITH PASSWORD = 'p' AND LOGIN = true`, [], {
        retry: new cassandra.policies.retry.FallthroughRetryPolicy(),
      }),
    ),
  );
  await eventually(() => received() >= before + count);
  const startedMs = performance.now();
  await node.stop(20_000);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  expect((await answers).map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'fulfilled'));
  await expect(connectClient(node.port, login)).rejects.toThrow('ECONNREFUSED');
});
test('idle clients do not make it wait', async () => {
  const node = await openNode();
  await Promise.all([connectClient(node.port), connectClient(node.port)]);
  const startedMs = performance.now();
  await node.stop(20_000);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});
