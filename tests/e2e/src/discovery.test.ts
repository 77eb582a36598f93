/** Nodes on different hosts that were told no address find each other (F11). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { namespacesMissing, TestNetwork, type TestHost } from './network-namespaces.ts';
import { removeFolder, System, temporaryFolder, until } from './system.ts';

const missing = namespacesMissing();
if (missing !== undefined) process.stderr.write(`discovery on real interfaces not tried: ${missing}\n`);

/** By the contracts; a host that is found by its name is called at this port. */
const grpcPort = 7400;

(missing === undefined ? describe : describe.skip)('discovery on real interfaces', () => {
  const folder = temporaryFolder('discovery');
  const systems: System[] = [];
  let network: TestNetwork;
  const start = async (role: string, host: TestHost, ...more: readonly string[]): Promise<System> => {
    const args = ['node', role, '--id', `${role}_${host.name}`, '--metrics-port', '9100', ...more];
    const system = await System.start(args, folder, {}, host.through);
    systems.push(system);
    return system;
  };
  const seek = (host: TestHost): Promise<System> => start('processing', host, '--host', host.address);
  /** Nodes that the discovery node lists. */
  async function listed(): Promise<readonly string[]> {
    const registry = network.host('registry');
    const { stdout } = await registry.run('curl', ['-s', '--max-time', '5', `http://${registry.address}:9100/status`]);
    const status = JSON.parse(stdout) as { service: { nodes: { nodeId: string }[] } };
    return status.service.nodes.map(({ nodeId }) => nodeId);
  }
  /** Datagrams that left a host in its life. */
  async function datagramsSent(host: TestHost): Promise<number> {
    const { stdout } = await host.run('cat', ['/proc/net/snmp']);
    const [names = [], counts = []] = stdout
      .split('\n')
      .filter((line) => line.startsWith('Udp:'))
      .map((line) => line.split(' '));
    return Number(counts[names.indexOf('OutDatagrams')]);
  }

  beforeAll(async () => {
    network = await TestNetwork.create(['registry', 'plain', 'masked', 'swept', 'named', 'lone']);
    const registry = network.host('registry');
    await start('discovery', registry, '--host', registry.address, '--port', String(grpcPort));
    // On loopback from the beginning: by the end of the other tests it would have searched by every way.
    await start('processing', network.host('lone'));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(systems.map((system) => system.kill()));
    await network.dispose();
    removeFolder(folder);
  }, 60_000);

  it('by UDP broadcast', async () => {
    const system = await seek(network.host('plain'));
    await until('the node is listed', async () => (await listed()).includes('processing_plain'));
    await system.said(/"by":"broadcast"/);
  }, 60_000);

  it('by a broadcast to a wider subnet than the mask of its interface says', async () => {
    const host = network.host('masked');
    await host.narrow(28);
    const system = await seek(host);
    await until('the node is listed', async () => (await listed()).includes('processing_masked'));
    await system.said(/"by":"broadcast"/);
  }, 60_000);

  describe('where the network carries no broadcast', () => {
    beforeAll(() => network.deafen('registry'), 30_000);

    it('by asking each address of the subnet', async () => {
      const system = await seek(network.host('swept'));
      await until('the node is listed', async () => (await listed()).includes('processing_swept'));
      await system.said(/"by":"sweep"/);
    }, 60_000);

    it('by the names that containers have', async () => {
      const host = network.host('named');
      host.nameHosts({ discovery_1: network.host('registry').address });
      const system = await seek(host);
      await until('the node is listed', async () => (await listed()).includes('processing_named'));
      expect(system.stderr).not.toMatch(/"by":/);
      expect(await datagramsSent(host)).toBe(0);
    }, 60_000);
  });

  it('a node on loopback sends nothing to the network', async () => {
    expect(await datagramsSent(network.host('lone'))).toBe(0);
    expect(await datagramsSent(network.host('swept'))).toBeGreaterThan(0);
    expect(await listed()).not.toContain('processing_lone');
  });
});
