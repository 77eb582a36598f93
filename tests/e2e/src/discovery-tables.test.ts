/**
 * Two discovery nodes, each a process of its own: what one knows the other knows, whichever of them is there; and what one
 * is told to be void is void at every node.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from './cluster-fixture.ts';
import {
  authorityOf,
  certificateFor,
  credentialsOf,
  doorsOf,
  operatorCertificate,
  sealToken,
  Tool,
} from './grpc-fixture.ts';
import { RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword, removeFolder, temporaryFolder, until } from './system.ts';

jest.setTimeout(60_000);
const service = 'skerry.discovery.v1.DiscoveryService';
/** Default of --lease-ms: a node that nobody hears is dropped after that. */
const leaseMs = 6_000;
/** So often the node of the test says that it is there. */
const beatMs = 1_000;
/** Longest time for a revocation, of which a heartbeat takes two seconds; a machine that runs all tests is slow. */
const secondsMs = 10_000;

const data = temporaryFolder('discovery-tables');
let cluster: Cluster;
const tools = new Map<string, Tool>();
beforeAll(async () => {
  cluster = await Cluster.start(data, 'routing=1,discovery=2,auth=1,data=1,processing=1');
}, 120_000);
afterAll(async () => {
  for (const tool of tools.values()) tool.close();
  await cluster.stop();
  removeFolder(data);
}, 60_000);

/** As an operator, who may speak for a node: at the one discovery node that is named, and at no other. */
async function ask(name: string, method: string, request: object): Promise<Readonly<Record<string, unknown>>> {
  const tool =
    tools.get(name) ?? new Tool(cluster.node(name).grpc, { credentials: credentialsOf(operatorCertificate(data)) });
  tools.set(name, tool);
  const { code, details, value } = await tool.call(service, method, request);
  if (code !== 0) throw new Error(`${method} at ${name}: ${details}`);
  return value;
}
async function listed(name: string, role: string): Promise<readonly string[]> {
  const { nodes } = (await ask(name, 'RequestService', { role })) as { nodes: readonly { node_id: string }[] };
  return nodes.map(({ node_id: nodeId }) => nodeId);
}
/** A node that speaks to one discovery node only. */
class LoneNode {
  at: string;
  /** Beats that a discovery node answered as those of a stranger. */
  unknownCount = 0;
  #beat = 0;
  readonly #ended = new AbortController();
  #loop: Promise<void> | undefined;
  constructor(at: string) {
    this.at = at;
  }
  async register(): Promise<void> {
    const node = { node_id: 'data_7', role: 'data', address: '127.0.0.1:1', incarnation: 1 };
    await ask(this.at, 'Register', { node, beat: this.#next() });
    this.#loop = this.#run();
  }
  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const beat = { node_id: 'data_7', incarnation: 1, beat: this.#next() };
      // One that was killed meanwhile does not answer: the next beat goes to the other.
      const answer = await ask(this.at, 'Heartbeat', beat).catch(() => undefined);
      if (answer?.['known'] === false) this.unknownCount += 1;
      await pause(beatMs);
    }
  }
  #next(): number {
    this.#beat += 1;
    return this.#beat;
  }
  async silence(): Promise<void> {
    this.#ended.abort();
    await this.#loop;
  }
  async unregister(): Promise<void> {
    await this.silence();
    await ask(this.at, 'Unregister', { node_id: 'data_7', incarnation: 1, beat: this.#next() });
  }
}
const lists = (name: string, there: boolean): Promise<void> =>
  until(
    `${name} ${there ? 'lists' : 'forgets'} the node`,
    async () => (await listed(name, 'data')).includes('data_7') === there,
  );

describe('a node that speaks to one discovery node', () => {
  it('is found at the other, stays there, survives the loss of its own, and is in the table of one that starts again', async () => {
    const node = new LoneNode('discovery_1');
    await node.register();
    await lists('discovery_2', true);
    const endMs = performance.now() + leaseMs + beatMs;
    while (performance.now() < endMs) {
      expect(await listed('discovery_2', 'data')).toContain('data_7');
      await pause(beatMs / 4);
    }
    // It goes to the other, which knows it already.
    node.at = 'discovery_2';
    await cluster.done('cluster', 'kill', 'discovery_1');
    tools.get('discovery_1')?.close();
    tools.delete('discovery_1');
    expect(await listed('discovery_2', 'data')).toEqual(['data_1', 'data_7']);
    const ftp = await RawFtp.login({ ftp: cluster.ftpOf('routing_1') }, 'admin', adminPassword);
    await ftp.code('QUIT');
    await cluster.done('cluster', 'start', 'discovery_1');
    await lists('discovery_1', true);
    await node.unregister();
    expect(node.unknownCount).toBe(0);
    expect(await listed('discovery_2', 'data')).toEqual(['data_1']);
    await lists('discovery_1', false);
  });
});

describe('a node whose name is revoked', () => {
  it('is refused by every node of every role within seconds', async () => {
    const authority = await authorityOf(data);
    const credentials = credentialsOf(await certificateFor(authority, 'routing_9', 'routing'));
    const token = sealToken(authority.sealingKey, { nodeId: 'routing_9', role: 'routing' });
    const calls: Readonly<Record<string, readonly [service: string, method: string]>> = {
      discovery: ['skerry.discovery.v1.DiscoveryService', 'RequestService'],
      auth: ['skerry.auth.v1.AuthService', 'RenewGrant'],
      data: ['skerry.data.v1.DataService', 'GetUsage'],
      processing: ['skerry.processing.v1.ProcessingService', 'Execute'],
      routing: ['skerry.routing.v1.RoutingService', 'Exchange'],
    };
    const doors = doorsOf(cluster.system).map(({ name, role, grpc }) => ({
      name,
      call: calls[role] ?? (['', ''] as const),
      tool: new Tool(grpc, { credentials, token }),
    }));
    const revokedAt = async (): Promise<readonly string[]> => {
      const reasons = await Promise.all(doors.map(({ tool, call: [service, method] }) => tool.call(service, method)));
      return doors.flatMap(({ name }, index) => (reasons[index]?.reason === 'token_revoked' ? [name] : []));
    };
    expect(await revokedAt()).toEqual([]);
    // Told to one discovery node: the other, and the nodes, hear of it from that one.
    const revocations = [{ id: 'routing_9', expires_at_ms: Date.now() + 60_000 }];
    await ask('discovery_2', 'Revoke', { revocations });
    await until('it is void everywhere', async () => (await revokedAt()).length === doors.length, secondsMs);
    for (const { tool } of doors) tool.close();
    expect(await cluster.done('tokens', 'revoke', 'routing_8')).toBe('revoked routing_8\n');
  });
});
