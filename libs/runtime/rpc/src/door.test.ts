/** Health, reflection, and what the door does when opened, busy or shut. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { StatusError, toStatusError } from '@skerry/kernel';
import { health, reflection, reflectionAlpha } from '@skerry/proto';
import { formatAddress } from '@skerry/runtime-world';
import { descriptorIndex, encodeSet, readDescriptors } from './descriptors.ts';
import { collect, EchoServiceDefinition, makeNode, startPair, temporaryWorld, until, type Pair } from './fixture.ts';
import type { Client } from './types.ts';

const Serving = health.HealthCheckResponse_ServingStatus;
let pair: Pair;
beforeAll(async () => {
  pair = await startPair({});
});
afterAll(() => pair.close());

describe('health', () => {
  const client = (): Client<typeof health.HealthDefinition> =>
    pair.caller.rpc.client(health.HealthDefinition, pair.target);
  test.each(['', 'skerry.testing.v1.EchoService', 'grpc.health.v1.Health'])('"%s" is serving', async (service) => {
    expect(await client().check({ service })).toEqual({ status: Serving.SERVING });
  });
  test('an unknown service is NOT_FOUND for Check, SERVICE_UNKNOWN for Watch', async () => {
    await expect(client().check({ service: 'no.such' })).rejects.toMatchObject({ code: 'not_found' });
    for await (const { status } of client().watch({ service: 'no.such' })) {
      expect(status).toBe(Serving.SERVICE_UNKNOWN);
      break;
    }
  });
  test('Watch tells the status now and each change', async () => {
    const watch = client().watch({})[Symbol.asyncIterator]();
    expect((await watch.next()).value).toEqual({ status: Serving.SERVING });
    pair.server.rpc.setReady(false);
    expect((await watch.next()).value).toEqual({ status: Serving.NOT_SERVING });
    expect(await client().check({})).toEqual({ status: Serving.NOT_SERVING });
    pair.server.rpc.setReady(true);
    expect((await watch.next()).value).toEqual({ status: Serving.SERVING });
    await watch.return?.();
  });
});

describe.each([
  ['v1', reflection.ServerReflectionDefinition, 'grpc.reflection.v1'],
  ['v1alpha', reflectionAlpha.ServerReflectionDefinition, 'grpc.reflection.v1alpha'],
] as const)('reflection %s', (_version, definition, ownPackage) => {
  type Ask = NonNullable<reflection.ServerReflectionRequest['messageRequest']>;
  const ask = async (...questions: Ask[]) => {
    const client = pair.caller.rpc.client(definition as typeof reflection.ServerReflectionDefinition, pair.target);
    async function* requests() {
      for (const messageRequest of questions) yield { host: 'h', messageRequest };
    }
    const answers = await collect(client.serverReflectionInfo(requests()));
    expect(answers.map(({ originalRequest }) => originalRequest?.messageRequest)).toEqual(questions);
    return answers.map(({ messageResponse }) => messageResponse);
  };

  test('lists what is served', async () => {
    const [answer] = await ask({ $case: 'listServices', value: '' });
    const names = answer?.$case === 'listServicesResponse' ? answer.value.service.map(({ name }) => name) : [];
    expect(names).toContain('skerry.testing.v1.EchoService');
    expect(names).toContain(`${ownPackage}.ServerReflection`);
  });
  test.each([
    'skerry.testing.v1.EchoService',
    '.skerry.testing.v1.EchoService',
    'skerry.testing.v1.EchoService.Bidi',
    'skerry.testing.v1.UnaryRequest',
    'skerry.testing.v1.UnaryRequest.text',
  ])('gives the file of %s with its imports', async (value) => {
    const [answer] = await ask({ $case: 'fileContainingSymbol', value });
    const files = answer?.$case === 'fileDescriptorResponse' ? answer.value.fileDescriptorProto : [];
    const { files: found } = readDescriptors(encodeSet(files.map((bytes) => ({ name: '', imports: [], bytes }))));
    expect([...found.keys()]).toEqual(['skerry/testing/v1/echo.proto', 'skerry/common/v1/common.proto']);
  });
  test('gives nested enums and files by name, each answer in order', async () => {
    const answers = await ask(
      { $case: 'fileContainingSymbol', value: 'grpc.health.v1.HealthCheckResponse.ServingStatus' },
      { $case: 'fileByFilename', value: 'skerry/common/v1/common.proto' },
      { $case: 'allExtensionNumbersOfType', value: 'skerry.common.v1.Header' },
    );
    expect(answers.map((answer) => answer?.$case)).toEqual([
      'fileDescriptorResponse',
      'fileDescriptorResponse',
      'allExtensionNumbersResponse',
    ]);
  });
  test.each<[Ask]>([
    [{ $case: 'fileContainingSymbol', value: 'no.such.Symbol' }],
    [{ $case: 'fileByFilename', value: 'no/such.proto' }],
    [{ $case: 'allExtensionNumbersOfType', value: 'no.such.Message' }],
    [{ $case: 'fileContainingExtension', value: { containingType: 'skerry.common.v1.Header', extensionNumber: 7 } }],
  ])('answers NOT_FOUND to %j', async (question) => {
    const [answer] = await ask(question);
    expect(answer).toMatchObject({ $case: 'errorResponse', value: { errorCode: 5 } });
  });
});

test('the embedded descriptors are complete: a foreign library builds every service from them', () => {
  const set = Buffer.from(encodeSet([...descriptorIndex().files.values()]));
  const definition = loadFileDescriptorSetFromBuffer(set);
  expect(Object.keys(definition)).toContain('skerry.data.v1.DataService');
  expect(Object.keys(definition['skerry.testing.v1.EchoService'] ?? {})).toEqual([
    'Unary',
    'ServerStream',
    'ClientStream',
    'Bidi',
  ]);
});

describe('retries', () => {
  const { world, remove } = temporaryWorld();
  afterAll(remove);
  /** A node whose unary handler fails the first `failures` times. */
  const flaky = async (reason: 'not_leader' | 'quota' | 'stalled' | 'version_conflict', failures: number) => {
    const node = makeNode('data_9', 'data', world);
    const ids: string[] = [];
    async function* none() {
      yield* [];
    }
    node.rpc.serve(
      EchoServiceDefinition,
      {
        unary: async (_request, { messageId }) => {
          ids.push(messageId);
          if (ids.length <= failures) throw new StatusError(reason, 'not yet');
          return { text: 'at last' };
        },
        serverStream: none,
        clientStream: async () => ({}),
        bidi: none,
      },
      { unary: 'any', serverStream: 'any', clientStream: 'any', bidi: 'any' },
    );
    const address = formatAddress(await node.rpc.listen({ host: '127.0.0.1', port: 0 }));
    const client = pair.caller.rpc.client(EchoServiceDefinition, { nodeId: node.rpc.nodeId, address });
    return { client, ids, close: () => node.rpc.close(0) };
  };
  test.each(['not_leader', 'stalled'] as const)('an idempotent call is tried again after %s', async (reason) => {
    const { client, ids, close } = await flaky(reason, 2);
    expect(await client.unary({}, { idempotent: true })).toMatchObject({ text: 'at last' });
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    await close();
  });
  test.each(['quota', 'version_conflict'] as const)(
    'an idempotent call is not tried again after %s',
    async (reason) => {
      const { client, ids, close } = await flaky(reason, 2);
      await expect(client.unary({}, { idempotent: true })).rejects.toMatchObject({ reason });
      expect(ids).toHaveLength(1);
      await close();
    },
  );
  test('a call that does not say so is never tried again', async () => {
    const { client, ids, close } = await flaky('not_leader', 1);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'not_leader' });
    expect(ids).toHaveLength(1);
    await close();
  });
  test('retries end with the deadline, with the last failure', async () => {
    const { client, ids, close } = await flaky('not_leader', 1_000);
    const start = performance.now();
    const failure = await client.unary({}, { idempotent: true, deadlineMs: 200 }).catch(toStatusError);
    // A last try that the deadline cut may have had effect: it is not told as refused.
    expect(['not_leader', 'deadline']).toContain(failure instanceof StatusError ? failure.reason : failure);
    const tookMs = performance.now() - start;
    expect(tookMs).toBeLessThan(1_000);
    if (failure instanceof StatusError && failure.reason === 'deadline') expect(tookMs).toBeGreaterThan(190);
    expect(ids.length).toBeGreaterThan(1);
    await close();
  });
  test('a node that comes up while we try is reached', async () => {
    const first = makeNode('data_8', 'data', world);
    const address = await first.rpc.listen({ host: '127.0.0.1', port: 0 });
    await first.rpc.close(0);
    const target = { nodeId: first.rpc.nodeId, address: `127.0.0.1:${address.port}` };
    const client = pair.caller.rpc.client(health.HealthDefinition, target);
    await expect(client.check({})).rejects.toMatchObject({ reason: 'connection_lost' });
    const call = client.check({}, { idempotent: true });
    const second = makeNode('data_8', 'data', world);
    await second.rpc.listen(address);
    expect(await call).toEqual({ status: Serving.NOT_SERVING });
    await second.rpc.close(0);
  });
});

describe('the door', () => {
  const { world, remove } = temporaryWorld();
  afterAll(remove);
  test('a port in use is said so', async () => {
    const other = makeNode('data_7', 'data', world);
    const [host, port] = pair.target.address.split(':');
    await expect(other.rpc.listen({ host: host ?? '', port: Number(port) })).rejects.toMatchObject({
      reason: 'port_in_use',
      message: `Cannot listen on ${pair.target.address}: the port is in use`,
    });
    await other.rpc.close(0);
  });
  test('an address that is not ours is refused', async () => {
    const other = makeNode('data_7', 'data', world);
    await expect(other.rpc.listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'invalid_argument' });
    await other.rpc.close(0);
  });
  test('a request over the limit is refused before it is sent', async () => {
    const data = new Uint8Array(4 * 1024 * 1024 + 1);
    await expect(pair.client.unary({ data })).rejects.toMatchObject({ reason: 'too_large' });
  });
  test('calls of a node that is shut down fail at once', async () => {
    const other = makeNode('processing_7', 'processing', world);
    await other.rpc.close(0);
    await expect(other.rpc.client(EchoServiceDefinition, pair.target).unary({})).rejects.toMatchObject({
      reason: 'shutting_down',
    });
  });
  test('a client that is killed in mid-stream is noticed, and half a stream is no whole one', async () => {
    const other = await startPair({});
    async function* source() {
      yield { chunk: { data: new Uint8Array(10), crc32c: other.world.checksum(new Uint8Array(10)) } };
      await new Promise<never>(() => undefined);
    }
    const call = other.client.clientStream(source());
    call.catch(() => undefined);
    await until(() => other.seen.headers.length === 1);
    await other.caller.rpc.close(0);
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/unavailable|cancelled/) });
    await other.close();
  });
});
