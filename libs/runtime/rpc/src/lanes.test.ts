/** Which calls share a connection, as a listener before the node sees it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { EchoServiceDefinition, startPair, type Pair } from './fixture.ts';

let pair: Pair;
let server: Server;
let address: string;
let connections = 0;
const sockets = new Set<Socket>();
beforeEach(async () => {
  pair = await startPair({});
  connections = 0;
  const port = Number(pair.target.address.split(':').at(-1));
  server = createServer((near) => {
    connections += 1;
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterEach(async () => {
  await pair.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});
const targetOf = (lane?: string) => ({ nodeId: pair.target.nodeId, address, ...(lane !== undefined && { lane }) });
const call = (lane?: string) => pair.caller.rpc.client(EchoServiceDefinition, targetOf(lane)).unary({ text: 'x' });

test('calls of one lane share a connection, those of another have their own', async () => {
  await Promise.all([call(), call(), call('raft'), call('raft'), call('bulk')]);
  expect(connections).toBe(3);
});
test('after a disconnect the next call makes a new connection; others, and calls under way, go on', async () => {
  const client = pair.caller.rpc.client(EchoServiceDefinition, targetOf('raft'));
  await call();
  const slow = client.unary({ text: 'slow', delayMs: 100 });
  await client.unary({ text: 'x' });
  expect(connections).toBe(2);
  pair.caller.rpc.disconnect(targetOf('raft'));
  await client.unary({ text: 'x' });
  expect(connections).toBe(3);
  expect(await slow).toMatchObject({ text: 'slow' });
  await call();
  expect(connections).toBe(3);
  pair.caller.rpc.disconnect(targetOf('never used'));
});
