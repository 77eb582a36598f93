/**
 * Hosts on one switch, each a network namespace of its own with one interface: for tests of what loopback has not
 * (broadcast, names, cuts that nobody is told of). Linux, root and iproute2 only; see {@link namespacesMissing}.
 *
 * All of it is named after this process and lives in namespaces that {@link TestNetwork.dispose} deletes by name;
 * the machine's own network is not touched.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Run } from './system.ts';

/** Where `ip netns exec` finds files to lay over those of /etc (ip-netns(8)). */
const overlayRoot = '/etc/netns';
/** A hardware address that no host has: locally administered. */
const nobody = '02:00:00:00:00:01';

/** Why none can be made here; undefined when they can. */
export function namespacesMissing(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `sk${process.pid}-try`;
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (made.error !== undefined) return `cannot run ip: ${made.error.message}`;
  if (made.status !== 0) return `cannot make a network namespace: ${made.stderr.trim()}`;
  const bridge = spawnSync('ip', ['-n', name, 'link', 'add', 'br0', 'type', 'bridge'], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'del', name]);
  return bridge.status === 0 ? undefined : `cannot make a bridge: ${bridge.stderr.trim()}`;
}

async function ip(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await run('ip', args);
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}

export class TestHost {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  constructor(name: string, namespace: string, address: string) {
    this.name = name;
    this.namespace = namespace;
    this.address = address;
  }
  /** Put before a command, runs it on this host; the process keeps its id. */
  get through(): readonly string[] {
    return ['ip', 'netns', 'exec', this.namespace];
  }
  run(command: string, args: readonly string[], options?: Parameters<typeof run>[2]): Promise<Run> {
    const [ipCommand = '', ...words] = [...this.through, command, ...args];
    return run(ipCommand, words, options);
  }
  /**
   * Its interface gets a mask that is narrower than the wire, as in many an overlay network, and the broadcast to all
   * (255.255.255.255) leads nowhere; that of the whole /24 still reaches the others.
   */
  async narrow(mask: number): Promise<void> {
    const { namespace, address } = this;
    await ip('-n', namespace, 'addr', 'flush', 'dev', 'eth0');
    const whole = `${address.slice(0, address.lastIndexOf('.'))}.255`;
    await ip('-n', namespace, 'addr', 'add', `${address}/${mask}`, 'broadcast', whole, 'dev', 'eth0');
    await ip('-n', namespace, 'route', 'add', 'default', 'dev', 'eth0');
    await ip('-n', namespace, 'route', 'add', '255.255.255.255', 'dev', 'lo');
  }
  /** What /etc/hosts says for commands that are started from now on. */
  nameHosts(addresses: Readonly<Record<string, string>>): void {
    const folder = join(overlayRoot, this.namespace);
    mkdirSync(folder, { recursive: true });
    const lines = Object.entries(addresses).map(([name, address]) => `${address} ${name}\n`);
    writeFileSync(join(folder, 'hosts'), ['127.0.0.1 localhost\n', ...lines].join(''));
  }
}

export class TestNetwork {
  readonly hosts: ReadonlyMap<string, TestHost>;
  readonly #switch: string;
  readonly #ports = new Map<string, string>();

  private constructor(tag: string, names: readonly string[], prefix: string) {
    this.#switch = `${tag}-switch`;
    this.hosts = new Map(
      names.map((name, index) => [name, new TestHost(name, `${tag}-${name}`, `${prefix}.${index + 1}`)]),
    );
    for (const [index, name] of names.entries()) this.#ports.set(name, `port${index + 1}`);
  }

  /** @param prefix first three numbers of the addresses; the hosts are .1, .2, … of its /24. */
  static async create(names: readonly string[], prefix = '10.203.17'): Promise<TestNetwork> {
    created += 1;
    const network = new TestNetwork(`sk${process.pid}-${created}`, names, prefix);
    try {
      await network.#build();
    } catch (error) {
      await network.dispose();
      throw error;
    }
    return network;
  }
  async #build(): Promise<void> {
    await ip('netns', 'add', this.#switch);
    await ip('-n', this.#switch, 'link', 'add', 'br0', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0');
    await ip('-n', this.#switch, 'link', 'set', 'br0', 'up');
    for (const host of this.hosts.values()) {
      const { namespace, address } = host;
      const port = this.#portOf(host);
      await ip('netns', 'add', namespace);
      const peer = ['peer', 'name', port, 'netns', this.#switch];
      await ip('-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', ...peer);
      await ip('-n', this.#switch, 'link', 'set', port, 'master', 'br0', 'up');
      await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'broadcast', '+', 'dev', 'eth0');
      for (const device of ['lo', 'eth0']) await ip('-n', namespace, 'link', 'set', device, 'up');
    }
  }

  host(name: string): TestHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name} among ${[...this.hosts.keys()].join(', ')}`);
    return host;
  }
  #portOf({ name }: TestHost): string {
    const port = this.#ports.get(name);
    if (port === undefined) throw new Error(`host ${name} has no port`);
    return port;
  }

  /** Nothing reaches the host or leaves it any more, and nobody is told: its link stays up. */
  async cut(name: string): Promise<void> {
    await ip('-n', this.#switch, 'link', 'set', this.#portOf(this.host(name)), 'nomaster');
  }
  async heal(name: string): Promise<void> {
    await ip('-n', this.#switch, 'link', 'set', this.#portOf(this.host(name)), 'master', 'br0');
  }
  /** What two hosts send each other is lost, both ways; with all others both go on. */
  async cutBetween(one: string, other: string): Promise<void> {
    await this.cutOneWay(one, other);
    await this.cutOneWay(other, one);
  }
  async healBetween(one: string, other: string): Promise<void> {
    await this.healOneWay(one, other);
    await this.healOneWay(other, one);
  }
  /** What one host sends to another is lost; what comes back still arrives. Broadcasts are not concerned. */
  async cutOneWay(from: string, to: string): Promise<void> {
    const wrong = ['lladdr', nobody, 'nud', 'permanent', 'dev', 'eth0'];
    await ip('-n', this.host(from).namespace, 'neigh', 'replace', this.host(to).address, ...wrong);
  }
  async healOneWay(from: string, to: string): Promise<void> {
    await ip('-n', this.host(from).namespace, 'neigh', 'del', this.host(to).address, 'dev', 'eth0');
  }
  /**
   * The switch floods no broadcast out of a host's port, as in many an overlay network: it hears none. Address
   * resolution is one too, so the others are told where it is.
   */
  async deafen(name: string): Promise<void> {
    const deaf = this.host(name);
    const shown = await deaf.run('cat', ['/sys/class/net/eth0/address']);
    for (const { namespace } of this.hosts.values()) {
      if (namespace === deaf.namespace) continue;
      const right = ['lladdr', shown.stdout.trim(), 'nud', 'permanent', 'dev', 'eth0'];
      await ip('-n', namespace, 'neigh', 'replace', deaf.address, ...right);
    }
    const port = this.#portOf(deaf);
    await ip('-n', this.#switch, 'link', 'set', port, 'type', 'bridge_slave', 'bcast_flood', 'off');
  }

  /** The hosts and the switch vanish; processes on them are their owner's to end. Idempotent. */
  async dispose(): Promise<void> {
    for (const { namespace } of [...this.hosts.values(), { namespace: this.#switch }]) {
      await run('ip', ['netns', 'del', namespace]);
      rmSync(join(overlayRoot, namespace), { recursive: true, force: true });
    }
  }
}
/** Networks made by this process. */
let created = 0;
