/** Who is let in, and whom we take an answer from. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NodeId, StatusError } from '@skerry/kernel';
import { common, health } from '@skerry/proto';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import type { Clock } from '@skerry/runtime-world';
import {
  certificates,
  EchoServiceDefinition,
  makeNode,
  sealingKey,
  startPair,
  temporaryWorld,
  type Issue,
  type Pair,
} from './fixture.ts';
import { credentials, Metadata, Channel } from './grpc.ts';
import { peerOf, isCertificateOf, PeerReader, widenWindows } from './peer.ts';
import { tokenLifeMs, TokenMint, tokenSkewMaxMs, TokenVerifier } from './tokens.ts';

const clockAt = (now: { ms: number }): Clock => ({
  monotonicMs: () => now.ms,
  wallMs: () => now.ms,
  setTimer: () => ({ cancel: () => undefined }),
});
const withReason = (reason: string) => expect.objectContaining({ reason }) as unknown as Error;
const random = (count: number) => globalThis.crypto.getRandomValues(new Uint8Array(count));
const identity = {
  cluster: 'test',
  nodeId: NodeId('data_1'),
  role: 'data',
  tls: undefined,
  sealingKey,
};

describe('service tokens', () => {
  const setUp = (key = sealingKey) => {
    const now = { ms: 1_700_000_000_000 };
    const sealer = createSealer(key);
    const revocations = createRevocationList();
    const mint = new TokenMint(identity, sealer, clockAt(now), random);
    const verifier = new TokenVerifier(createSealer(sealingKey), revocations, clockAt(now));
    const verify = () => verifier.verify(Buffer.from(mint.current()));
    return { now, sealer, revocations, mint, verifier, verify };
  };
  const tokenOf = (bytes: Uint8Array) =>
    common.ServiceToken.decode(createSealer(sealingKey).open('service-token', bytes));

  test('a token says node and role', () => {
    expect(setUp().verify()).toEqual({ nodeId: 'data_1', role: 'data' });
  });
  test('one token serves until half its life is over', () => {
    const { mint, now } = setUp();
    const first = mint.current();
    now.ms += tokenLifeMs / 2 - 1;
    expect(mint.current()).toBe(first);
    now.ms += 1;
    expect(mint.current()).not.toBe(first);
  });
  test('a wall clock that stepped back makes a new token', () => {
    const { mint, now } = setUp();
    const first = mint.current();
    now.ms -= 1_000;
    expect(mint.current()).not.toBe(first);
  });
  test('an expired token is refused, also when it was verified before', () => {
    const { mint, verifier, now } = setUp();
    const token = Buffer.from(mint.current());
    now.ms += tokenLifeMs + tokenSkewMaxMs;
    expect(verifier.verify(token).nodeId).toBe('data_1');
    now.ms += 1;
    expect(() => verifier.verify(token)).toThrow(withReason('token_expired'));
  });
  test('a token from the future is refused beyond the skew that clocks may have', () => {
    const { mint, verifier, now } = setUp();
    const token = Buffer.from(mint.current());
    now.ms -= tokenSkewMaxMs;
    expect(verifier.verify(token).nodeId).toBe('data_1');
    now.ms -= 1;
    expect(() => verifier.verify(token)).toThrow(withReason('token_invalid'));
  });
  test.each(['token id', 'node id'] as const)(
    'a token is refused once its %s is revoked, also when cached',
    (which) => {
      const { mint, verify, revocations } = setUp();
      verify();
      const token = tokenOf(mint.current());
      revocations.add([which === 'token id' ? token.tokenId : token.nodeId]);
      expect(verify).toThrow(withReason('token_revoked'));
    },
  );
  test('a token of another cluster is refused', () => {
    expect(setUp(new Uint8Array(32).fill(9)).verify).toThrow(withReason('token_invalid'));
  });
  test.each([
    ['a flipped bit', (bytes: Uint8Array) => bytes.with(40, (bytes[40] ?? 0) ^ 1)],
    ['nothing', () => new Uint8Array(0)],
    ['too much', () => new Uint8Array(2_000)],
  ])('%s is no token', (_name, change) => {
    const { mint, verifier } = setUp();
    const bytes = Buffer.from(change(mint.current()));
    expect(() => verifier.verify(bytes)).toThrow(withReason('token_invalid'));
  });
  test('a seal for another purpose is no token', () => {
    const { sealer, verifier } = setUp();
    const payload = common.ServiceToken.encode(
      common.ServiceToken.fromPartial({ nodeId: 'data_1', expiresAtMs: 1_700_000_060_000 }),
    ).finish();
    const sealed = Buffer.from(sealer.seal('ticket', payload));
    expect(() => verifier.verify(sealed)).toThrow(StatusError);
  });
});

describe('certificates', () => {
  test.each([
    ['CN', { subject: { CN: 'data_1' } }, true],
    ['an alternative name', { subject: { CN: 'x' }, subjectaltname: 'DNS:localhost, DNS:data_1' }, true],
    ['another node', { subject: { CN: 'data_2' }, subjectaltname: 'DNS:data_2' }, false],
    ['a longer name', { subject: { CN: 'data_10' }, subjectaltname: 'DNS:data_10' }, false],
    ['an address', { subject: { CN: 'x' }, subjectaltname: 'IP Address:data_1' }, false],
    ['nothing', {}, false],
    ['two common names', { subject: { CN: ['data_1', 'data_2'] } }, false],
  ])('a node is known by %s', (_name, certificate, known) => {
    expect(isCertificateOf('data_1', certificate)).toBe(known);
  });
  test('a caller is known by CN, its role by OU', () => {
    expect(peerOf({ subject: { CN: 'data_1', OU: 'data' } })).toEqual({ name: 'data_1', role: 'data' });
    expect(peerOf({ subject: { CN: 'data_1' } })).toEqual({ name: 'data_1', role: '' });
    expect(peerOf({ subject: {} })).toBeUndefined();
    expect(peerOf(undefined)).toBeUndefined();
  });
  test('where the HTTP/2 session cannot be reached, the certificate is read for each call', () => {
    let reads = 0;
    const call = {
      getAuthContext: () => {
        reads += 1;
        return { sslPeerCertificate: { subject: { CN: 'data_1', OU: 'data' } } };
      },
    };
    const reader = new PeerReader();
    expect([reader.read(call)?.name, reader.read(call)?.name, reads]).toEqual(['data_1', 'data_1', 2]);
    const session = { ...call, call: { stream: { session: {} } } };
    expect([reader.read(session)?.name, reader.read(session)?.name, reads]).toEqual(['data_1', 'data_1', 3]);
  });
  test('where the HTTP/2 servers cannot be reached, the window stays and nothing breaks', () => {
    expect(widenWindows({} as never)).toBe(false);
    expect(widenWindows({ http2Servers: new Map([[{}, {}]]) } as never)).toBe(false);
  });
});

describe('at the door', () => {
  let issue: Issue;
  let strangers: Issue;
  let tls: Pair;
  let plain: Pair;
  const removals: (() => void)[] = [];
  const { world, remove } = temporaryWorld();
  beforeAll(async () => {
    const [own, other] = await Promise.all([certificates(), certificates()]);
    ({ issue } = own);
    strangers = other.issue;
    removals.push(own.remove, other.remove, remove);
    [tls, plain] = await Promise.all([startPair({ tls: issue }), startPair({})]);
  });
  afterAll(async () => {
    await Promise.all([tls.close(), plain.close()]);
    for (const one of removals) one();
  });

  test('a node of another authority is refused, by us and by it', async () => {
    const stranger = makeNode('processing_1', 'processing', world, {
      tls: await strangers('processing_1', 'processing'),
    });
    const client = stranger.rpc.client(EchoServiceDefinition, tls.target);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'connection_lost' });
    expect(tls.seen.unary).toBe(0);
    await stranger.rpc.close(0);
  });
  test('a node that is not the one we meant is refused', async () => {
    const target = { nodeId: NodeId('data_2'), address: tls.target.address };
    const client = tls.caller.rpc.client(EchoServiceDefinition, target);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'connection_lost' });
  });
  test('without TLS too, a message for another node is refused', async () => {
    const target = { nodeId: NodeId('data_2'), address: plain.target.address };
    const client = plain.caller.rpc.client(EchoServiceDefinition, target);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'no_such_node' });
  });
  test('plaintext does not reach a door with TLS', async () => {
    const bare = makeNode('processing_2', 'processing', world);
    const client = bare.rpc.client(EchoServiceDefinition, tls.target);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'connection_lost' });
    await bare.rpc.close(0);
  });
  test.each([
    ['another node', 'processing_9', 'processing'],
    ['another role', 'processing_1', 'data'],
  ])('a token for %s than the certificate is refused', async (_name, name, role) => {
    const liar = makeNode(name, role, world, { tls: await issue('processing_1', 'processing') });
    const client = liar.rpc.client(EchoServiceDefinition, tls.target);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'token_invalid' });
    await liar.rpc.close(0);
  });
  test('a token of another key is refused', async () => {
    const stranger = makeNode('processing_1', 'processing', world, { key: new Uint8Array(32).fill(8) });
    const client = stranger.rpc.client(EchoServiceDefinition, plain.target);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'token_invalid', code: 'unauthenticated' });
    await stranger.rpc.close(0);
  });
  test('a node that is revoked is refused from the next call on', async () => {
    const revoked = makeNode('routing_7', 'routing', world);
    const client = revoked.rpc.client(EchoServiceDefinition, plain.target);
    expect(await client.unary({ text: 'before' })).toMatchObject({ text: 'before' });
    plain.server.revocations.add(['routing_7']);
    await expect(client.unary({})).rejects.toMatchObject({ reason: 'token_revoked' });
    await revoked.rpc.close(0);
  });
  test('its streams end too, those of others go on', async () => {
    const names = ['processing_7', 'processing_8'] as const;
    const [revoked, other] = names.map((name) => makeNode(name, 'processing', world));
    const ending = new AbortController();
    async function* ticking(): AsyncGenerator<object> {
      while (!ending.signal.aborted) {
        yield {};
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const open = async (node: typeof revoked): Promise<() => Promise<unknown>> => {
      const stream = node?.rpc.client(EchoServiceDefinition, plain.target).bidi(ticking());
      const iterator = stream?.[Symbol.asyncIterator]();
      await iterator?.next();
      return async () => iterator?.next();
    };
    const [next, nextOfOther] = await Promise.all([open(revoked), open(other)]);
    plain.server.revocations.add(['processing_7']);
    const toItsEnd = async (): Promise<void> => {
      for (;;) await next();
    };
    await expect(toItsEnd()).rejects.toMatchObject({ reason: 'token_revoked' });
    for (let i = 0; i < 3; i++) expect(await nextOfOther()).toMatchObject({ done: false });
    ending.abort();
    await Promise.all([revoked?.rpc.close(0), other?.rpc.close(0)]);
  });

  /** A tool of a stranger: no token, no header. */
  const tool = (
    address: string,
    path: string,
    material?: { caCertificate: string; certificate: string; privateKey: string },
  ): Promise<{ code: number; details: string; bytes?: Buffer }> =>
    new Promise((resolve) => {
      const channelCredentials =
        material === undefined
          ? credentials.createInsecure()
          : credentials.createSsl(
              Buffer.from(material.caCertificate),
              Buffer.from(material.privateKey),
              Buffer.from(material.certificate),
            );
      const channel = new Channel(address, channelCredentials, { 'grpc.ssl_target_name_override': 'data_1' });
      const call = channel.createCall(path, Date.now() + 3_000, null, null, 0);
      let bytes: Buffer | undefined;
      call.start(new Metadata(), {
        onReceiveMetadata: () => undefined,
        onReceiveMessage: (message: Buffer) => {
          bytes = message;
        },
        onReceiveStatus: ({ code, details }) => {
          channel.close();
          resolve({ code, details, ...(bytes && { bytes }) });
        },
      });
      call.sendMessageWithContext({}, Buffer.alloc(0));
      call.startRead();
      call.halfClose();
    });
  const echoPath = '/skerry.testing.v1.EchoService/Unary';
  const healthPath = '/grpc.health.v1.Health/Check';

  test('without a token a service is refused', async () => {
    expect(await tool(plain.target.address, echoPath)).toMatchObject({ code: 16 });
    expect(await tool(tls.target.address, echoPath, await issue('routing_1', 'routing'))).toMatchObject({ code: 16 });
  });
  test("an operator's certificate is enough for what operators may", async () => {
    const operator = await issue('operator', 'operator');
    const { code, bytes } = await tool(tls.target.address, echoPath, operator);
    expect(code).toBe(0);
    expect((bytes ?? Buffer.alloc(0)).toString('latin1')).toContain('operator');
    const bidi = await tool(tls.target.address, '/skerry.testing.v1.EchoService/Bidi', operator);
    expect(bidi).toMatchObject({ code: 7 });
  });
  test('health needs no token, but with TLS a certificate', async () => {
    const serving = health.HealthCheckResponse.decode(
      (await tool(plain.target.address, healthPath)).bytes ?? new Uint8Array(0),
    );
    expect(serving.status).toBe(health.HealthCheckResponse_ServingStatus.SERVING);
    expect(await tool(tls.target.address, healthPath, await issue('routing_1', 'routing'))).toMatchObject({ code: 0 });
    expect(await tool(tls.target.address, healthPath)).toMatchObject({ code: 14 });
    expect(await tool(tls.target.address, healthPath, await strangers('routing_1', 'routing'))).toMatchObject({
      code: 14,
    });
  });
  test('an unknown method is `unimplemented`', async () => {
    expect(await tool(plain.target.address, '/skerry.testing.v1.EchoService/Nothing')).toMatchObject({ code: 12 });
  });
});
