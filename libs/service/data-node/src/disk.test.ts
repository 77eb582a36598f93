/** The data role on a real log, store and disk, called over rpc. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { equalBytes, NodeId, utf8 } from '@skerry/kernel';
import { data } from '@skerry/proto';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import { nodeClock, nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, InProcessHub, type RpcNode } from '@skerry/runtime-rpc';
import { createRevocationList } from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { start } from './start.ts';
import { type Calls, reasonOf, sealer, TestClient, text } from './test-client.ts';
import { content } from './test-doubles.ts';
import { testConfig } from './test-config.ts';

const running: RunningNode[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop();
});

/** One life of a data node on a folder, and a router that calls it. */
class RunningNode {
  readonly events: TelemetryEvent[] = [];
  readonly #hub = new InProcessHub();
  readonly #rpc: RpcNode[] = [];
  #service: Service | undefined;

  static async start(directory: string): Promise<RunningNode> {
    const node = new RunningNode();
    running.push(node);
    await node.#start(directory);
    return node;
  }
  async #start(dataDirectory: string): Promise<void> {
    const { world, rpc, telemetry } = this.#node('data_1', 'data', dataDirectory);
    const environment = { world, rpc, telemetry, dataDirectory, sealer } as unknown as ServiceEnvironment;
    this.#service = await start(testConfig, {
      ...environment,
      fatal: (error) => this.events.push({ event: 'fatal', error }),
    });
    await rpc.listen({ host: '127.0.0.1', port: 0 });
    rpc.setReady(true);
  }
  #node(name: string, role: string, directory: string) {
    const nodeId = NodeId(name);
    const world = nodeWorld(directory);
    const telemetry = createTelemetry({ nodeId, role, output: 'silent', processMetrics: false });
    telemetry.listen((event) => this.events.push(event));
    const identity = { cluster: 'test', nodeId, role, tls: undefined, sealingKey: new Uint8Array(32).fill(3) };
    const revocations = createRevocationList();
    const rpc = createRpcNode({ world, identity, sealer, revocations, telemetry, hub: this.#hub });
    this.#rpc.push(rpc);
    return { world, rpc, telemetry };
  }
  /** Calls as a node of this role. */
  client(role = 'routing'): TestClient {
    const { rpc } = this.#node(`${role}_${this.#rpc.length}`, role, temporaryDirectory());
    const client = rpc.client(data.DataServiceDefinition, { nodeId: NodeId('data_1'), address: '' });
    const call = (method: keyof typeof client) => [
      method,
      (request: never, { signal }: { signal: AbortSignal }) => client[method](request, { signal }),
    ];
    const calls = Object.fromEntries(
      (Object.keys(data.DataServiceDefinition.methods) as (keyof typeof client)[]).map(call),
    ) as Calls;
    return new TestClient(calls, nodeClock);
  }
  status(): Readonly<Record<string, unknown>> {
    return this.#service?.status() ?? {};
  }
  async stop(): Promise<void> {
    await this.#service?.stop(0);
    for (const rpc of this.#rpc) await rpc.close(0);
  }
}

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
/** Of content that is a file of its own. */
const blobFiles = (directory: string): string[] =>
  filesIn(join(directory, 'content')).filter((path) => /\/[0-9a-f]{32}$/.test(path));

describe('on a real disk', () => {
  it('what was acknowledged is there after a restart: small, large, appended, cut', async () => {
    const directory = temporaryDirectory();
    let node = await RunningNode.start(directory);
    let [router, processor] = [node.client(), node.client('processing')];
    const large = content(1_500_000);
    await processor.mkdir('/home/ada', true);
    await router.put('/home/ada/small', utf8('small'));
    await router.put('/home/ada/large', large);
    await router.append('/home/ada/large', content(70_000, 2));
    await router.putCut('/home/ada/cut', large.subarray(0, 1_000_000));
    const { bytes, files } = await processor.usage();
    await node.stop();

    node = await RunningNode.start(directory);
    [router, processor] = [node.client(), node.client('processing')];
    expect(await router.names('/home/ada')).toEqual(['large', 'small']);
    expect(text(await router.get('/home/ada/small'))).toBe('small');
    const got = await router.get('/home/ada/large');
    expect(equalBytes(got.subarray(0, 1_500_000), large)).toBe(true);
    expect(equalBytes(got.subarray(1_500_000), content(70_000, 2))).toBe(true);
    expect(await processor.usage()).toMatchObject({ bytes, files, freeBytes: expect.any(Number) });
    expect((await processor.stat('/home/ada/cut')).stageLength).toBe(1_000_000);
    await router.put('/home/ada/cut', large.subarray(1_000_000), { offset: 1_000_000 });
    expect(equalBytes(await router.get('/home/ada/cut'), large)).toBe(true);
  });

  it('what nobody refers to leaves the disk', async () => {
    const directory = temporaryDirectory();
    const node = await RunningNode.start(directory);
    const [router, processor] = [node.client(), node.client('processing')];
    await router.put('/a', content(200_000));
    await router.put('/a', content(200_000, 2));
    await router.put('/b', content(200_000, 3));
    await router.putCut('/c', content(200_000, 4));
    await processor.remove('/b');
    await processor.remove('/c');
    await eventually(() => blobFiles(directory).length === 1);
    expect(equalBytes(await router.get('/a'), content(200_000, 2))).toBe(true);
  });

  it('files that a crash left without a record are gone after the next start', async () => {
    const directory = temporaryDirectory();
    let node = await RunningNode.start(directory);
    await node.client().put('/a', content(200_000));
    await node.stop();
    const [blob = ''] = blobFiles(directory);
    writeFileSync(join(directory, 'content', 'staging', '0'.repeat(32)), readFileSync(blob));
    node = await RunningNode.start(directory);
    await eventually(() => blobFiles(directory).length === 1);
    expect(node.events.find(({ event }) => event === 'orphans_forgotten')).toMatchObject({ count: 1 });
    expect((await node.client().get('/a')).length).toBe(200_000);
  });

  it('a damaged file is never served: it is reported with its name', async () => {
    const directory = temporaryDirectory();
    const node = await RunningNode.start(directory);
    const router = node.client();
    await router.put('/a', content(400_000));
    const [blob = ''] = blobFiles(directory);
    const bytes = readFileSync(blob);
    bytes[300_000] = (bytes[300_000] ?? 0) ^ 1;
    writeFileSync(blob, bytes);
    expect(await reasonOf(router.get('/a'))).toBe('corrupt');
    const event = node.events.find(({ event: name }) => name === 'content_damaged');
    expect(event).toMatchObject({ path: '/a', level: 'error' });
    expect(String(event?.message)).toContain(blob.slice(-32));
  });

  it('many clients at once lose nothing', async () => {
    const node = await RunningNode.start(temporaryDirectory());
    const router = node.client();
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => router.put(`/f${i}`, content(1_000 * (i % 5) + 60_000 * (i % 3), i))),
    );
    const sizes = await Promise.all(Array.from({ length: 40 }, async (_, i) => (await router.get(`/f${i}`)).length));
    expect(sizes).toEqual(Array.from({ length: 40 }, (_, i) => 1_000 * (i % 5) + 60_000 * (i % 3)));
    expect(node.status()).toMatchObject({ uploads: 0, leader: true });
  });

  it('stopping cuts an upload and keeps what came', async () => {
    const directory = temporaryDirectory();
    let node = await RunningNode.start(directory);
    const upload = node.client().store('/f');
    await upload.ready();
    await upload.bytes(content(500_000)).finish();
    const last = reasonOf(upload.reply());
    await node.stop();
    expect(await last).toBe('shutting_down');
    node = await RunningNode.start(directory);
    expect((await node.client('processing').stat('/f')).stageLength).toBe(500_000);
  });

  it('a role may call only what it needs', async () => {
    const node = await RunningNode.start(temporaryDirectory());
    expect(await reasonOf(node.client('processing').put('/f', utf8('x')))).toBe('access_denied');
    expect(await reasonOf(node.client('routing').remove('/f'))).toBe('access_denied');
    expect(await reasonOf(node.client('discovery').stat('/f'))).toBe('access_denied');
  });
});
