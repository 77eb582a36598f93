/**
 * Clusters as on real machines: hosts on one switch, each with a node of every role, which were told no address and find
 * each other by broadcast; and clients on any of the hosts.
 */
import { join } from 'node:path';
import type { DigestRow, Member } from './cluster-fixture.ts';
import type { TestHost, TestNetwork } from './network-namespaces.ts';
import { adminPassword, program, System, until } from './system.ts';

const roles = ['auth', 'data', 'processing', 'routing'] as const;
/** By the contracts: a search by broadcast finds a discovery node wherever it listens. */
const discoveryPort = 7400;
export const ftpPort = 2121;
/** Of a client that asks a cut-off node: longer than the node takes to refuse. */
const clientMaxSeconds = 25;

/** Elections and retries of fifteen processes, on a machine that may do other things too. */
const patienceMs = 90_000;

export type Answer =
  | { readonly kind: 'done'; readonly text: string }
  /** curl's own exit code, and what it said. */
  | { readonly kind: 'failed'; readonly why: string };

export class HostCluster {
  readonly #network: TestNetwork;
  readonly #folder: string;
  readonly #hosts: readonly TestHost[];
  /** Name of the node to its process. */
  readonly #systems = new Map<string, System>();

  private constructor(network: TestNetwork, folder: string, hosts: readonly TestHost[]) {
    this.#network = network;
    this.#folder = folder;
    this.#hosts = hosts;
  }
  /** A node of each role on each of the hosts, numbered in their order. */
  static async start(network: TestNetwork, folder: string, names: readonly string[]): Promise<HostCluster> {
    const hosts = names.map((name) => network.host(name));
    const cluster = new HostCluster(network, folder, hosts);
    try {
      // The first one makes the authority that all use.
      await cluster.#startNode('discovery', 1);
      const rest = hosts.flatMap((_, i) => ['discovery', ...roles].map((role) => [role, i + 1] as const)).slice(1);
      await Promise.all(rest.map(([role, number]) => cluster.#startNode(role, number)));
    } catch (thrown) {
      await cluster.stop();
      throw thrown;
    }
    return cluster;
  }
  async #startNode(role: string, number: number): Promise<void> {
    const host = this.#hosts[number - 1];
    if (host === undefined) throw new Error(`no host ${number}`);
    const name = `${role}_${number}`;
    const founders = ['--founders', this.#hosts.map((_, i) => `${role}_${i + 1}`).join(',')];
    const more: Readonly<Record<string, readonly string[]>> = {
      discovery: ['--port', String(discoveryPort)],
      data: founders,
      auth: founders,
      processing: [],
      routing: ['--ftp-port', String(ftpPort), '--passive-ports', '0-0'],
    };
    const words = ['node', role, '--id', name, '--host', host.address, '--metrics-port', '0', ...(more[role] ?? [])];
    this.#systems.set(name, await System.start(words, this.#folder, {}, host.through));
  }

  hostOf(node: string): TestHost {
    const host = this.#hosts[Number(node.slice(node.lastIndexOf('_') + 1)) - 1];
    if (host === undefined) throw new Error(`no host of ${node}`);
    return host;
  }
  system(node: string): System {
    const system = this.#systems.get(node);
    if (system === undefined) throw new Error(`no node ${node}`);
    return system;
  }
  /** What the members of a role say at `/status`, each asked on its own host; of one that does not answer, nothing. */
  async members(
    role: 'data' | 'auth' | 'discovery',
  ): Promise<readonly (Member & { readonly nodes?: readonly unknown[] })[]> {
    return Promise.all(
      this.#hosts.map(async (host, i) => {
        const name = `${role}_${i + 1}`;
        const url = `${this.system(name).ready.endpoints['metrics']}/status`;
        const { code, stdout } = await host.run('curl', ['-s', '--max-time', '3', url]);
        return { name, ...(code === 0 ? (JSON.parse(stdout) as { readonly service: object }).service : {}) };
      }),
    );
  }
  async leader(role: 'data' | 'auth', except?: string): Promise<string> {
    const leaders = (await this.members(role)).filter(({ leader, name }) => leader === true && name !== except);
    return leaders.toSorted((a, b) => (b.term ?? 0) - (a.term ?? 0))[0]?.name ?? '';
  }

  async #curl(from: string, at: string, path: string, words: readonly string[], input?: string): Promise<Answer> {
    const url = `ftp://${this.#network.host(at).address}:${ftpPort}${path}`;
    const common = ['-sS', '--max-time', String(clientMaxSeconds), '--user', `admin:${adminPassword}`];
    const options = { timeoutMs: 2 * clientMaxSeconds * 1_000, ...(input === undefined ? {} : { input }) };
    const { code, stdout, stderr } = await this.#network.host(from).run('curl', [...common, ...words, url], options);
    return code === 0 ? { kind: 'done', text: stdout } : { kind: 'failed', why: `${code}: ${stderr.trim()}` };
  }
  /** A client on one host, the router on another. */
  get(from: string, at: string, path: string): Promise<Answer> {
    return this.#curl(from, at, path, []);
  }
  put(from: string, at: string, path: string, text: string): Promise<Answer> {
    return this.#curl(from, at, path, ['--upload-file', '-'], text);
  }
  /** Until it is acknowledged. @returns how often it was refused before. */
  async insist(from: string, at: string, path: string, text: string): Promise<number> {
    let refused = -1;
    await until(
      `${path} is taken at ${at}`,
      async () => {
        refused += 1;
        return (await this.put(from, at, path, text)).kind === 'done';
      },
      patienceMs,
    );
    return refused;
  }

  /** Both groups have one leader each, whom all follow and have caught up with. */
  async agree(): Promise<void> {
    for (const role of ['data', 'auth'] as const)
      await until(
        `the ${role} nodes agree`,
        async () => {
          const members = await this.members(role);
          const same = (field: 'leaderId' | 'term' | 'committed' | 'applied'): boolean =>
            new Set(members.map((member) => member[field])).size === 1;
          const isWhole = role === 'auth' || members.every(({ copies }) => copies?.missing === 0 && copies.compared);
          return (
            isWhole &&
            Boolean(members[0]?.leaderId) &&
            same('leaderId') &&
            same('term') &&
            same('committed') &&
            same('applied')
          );
        },
        patienceMs,
      );
  }
  /** What each member says that it has, asked from one host by the operator's command. */
  async digest(from: string): Promise<readonly DigestRow[]> {
    const at = this.#hosts.map(({ address }) => `${address}:${discoveryPort}`).join(',');
    const words = ['raft', 'digest', '--content', '--json', '--join', at, '--authority', join(this.#folder, 'ca')];
    const { code, stdout, stderr } = await this.#network.host(from).run(process.execPath, [program, ...words]);
    if (code !== 0) throw new Error(`skerry raft digest exited ${code}: ${stdout} ${stderr}`);
    return JSON.parse(stdout) as readonly DigestRow[];
  }
  async stop(): Promise<void> {
    await Promise.all([...this.#systems.values()].map((system) => system.kill()));
  }
}
