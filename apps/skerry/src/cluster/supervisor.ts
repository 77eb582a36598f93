/** Keeps one cluster: starts its nodes, follows their deaths, takes orders, and writes `cluster.json` at each change. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { StatusError, toStatusError } from '@skerry/kernel';
import { makeFolder } from '@skerry/runtime-host';
import { formatAddress } from '@skerry/runtime-world';
import { writeClusterFile, type ClusterFile, type ClusterNode } from './cluster-file.ts';
import { Cuts } from './cuts.ts';
import { claimPorts } from './ports.ts';
import { startNodeProcess } from './processes.ts';
import type { PlannedNode, Topology } from './topology.ts';

export type SupervisorOptions = {
  readonly topology: Topology;
  readonly data: string;
  readonly host: string;
  /** Words before `node ROLE …`: this program again. */
  readonly program: readonly string[];
  /** More words for a node of a role, such as its door's port. */
  readonly argumentsOf: (node: PlannedNode) => readonly string[];
  /** Secrets travel here, never in a command line that `ps` shows. */
  readonly environment: NodeJS.ProcessEnv;
  /** Plaintext between nodes. */
  readonly insecure: boolean;
  /** Start a dead node again, after a pause. */
  readonly restart: boolean;
  readonly progress: (started: number, of: number) => void;
  /** What a node has to tell a person, once. */
  readonly tell: (notice: string) => void;
};
/** To one node each. */
export const orders = ['start', 'kill', 'pause', 'resume'] as const;
export type Order = (typeof orders)[number];
/** To all: `isolate` with names, `heal`. */
export const cutOrders = ['isolate', 'heal'] as const;
export type CutOrder = (typeof cutOrders)[number];
type Kept = { node: ClusterNode; child: ChildProcess | undefined };

/** Pause before a dead node is started again, in milliseconds: a node that dies at once must not spin. */
const restartPauseMs = 1_000;
/** How long nodes may drain when the cluster stops, in milliseconds. */
const drainTimeoutMs = 15_000;
/** Largest order, in bytes. */
const orderSizeMaxBytes = 4_096;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #nodes = new Map<string, Kept>();
  readonly #token = randomBytes(16).toString('hex');
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));
  readonly #cuts = new Cuts();
  #stopping = false;
  #port = 0;
  /** Doors between nodes, by name: known before they start, since they join each other, and the same at each start. */
  #ports: ReadonlyMap<string, number> = new Map();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }
  get nodes(): readonly ClusterNode[] {
    return [...this.#nodes.values()].map(({ node }) =>
      node.state === 'running' && this.#cuts.isIsolated(node.name) ? { ...node, state: 'isolated' } : node,
    );
  }
  /** The clients' doors of all nodes; of two nodes with the same door, the first one's. */
  get endpoints(): Readonly<Record<string, string>> {
    const {
      grpc: _,
      metrics: __,
      ...doors
    } = Object.assign({}, ...this.nodes.toReversed().map((node) => node.endpoints)) as Record<string, string>;
    return doors;
  }

  /** Starts all nodes: those of discovery side by side, then all others side by side. */
  async start(): Promise<void> {
    await makeFolder(this.#options.data);
    const { nodes } = this.#options.topology;
    const ports = await claimPorts(this.#server, this.#options.host, nodes.length);
    this.#ports = new Map(nodes.map(({ name }, i) => [name, ports[i] ?? 0]));
    const address = this.#server.address();
    this.#port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    let started = 0;
    const startOne = async (planned: PlannedNode): Promise<void> => {
      await this.#startPlanned(planned);
      started += 1;
      this.#options.progress(started, nodes.length);
    };
    const isDiscovery = ({ role }: PlannedNode): boolean => role === 'discovery';
    await Promise.all(nodes.filter(isDiscovery).map(startOne));
    await Promise.all(nodes.filter((node) => !isDiscovery(node)).map(startOne));
    await this.#write();
  }

  async #startPlanned(planned: PlannedNode): Promise<void> {
    const { data, host, program, argumentsOf, topology } = this.#options;
    const portOf = (name: string): number => this.#ports.get(name) ?? 0;
    const joins = topology.nodes
      .filter(({ name, role }) => role === 'discovery' && name !== planned.name)
      .map(({ name }) => formatAddress({ host, port: portOf(name) }));
    const command = [
      ...program,
      'node',
      planned.role,
      '--id',
      planned.name,
      '--host',
      host,
      '--port',
      String(portOf(planned.name)),
      '--data',
      data,
      '--json',
      ...argumentsOf(planned),
    ];
    if (joins.length > 0) command.push('--join', joins.join(','));
    const node: ClusterNode = {
      name: planned.name,
      role: planned.role,
      site: 'a',
      pid: 0,
      host,
      grpc: '',
      endpoints: {},
      data: join(data, planned.name),
      log: join(data, planned.name, 'node.log'),
      command,
      state: 'dead',
    };
    // Its place among the others is that of the plan, whoever is ready first.
    this.#nodes.set(node.name, { node, child: undefined });
    await makeFolder(node.data, 0o700);
    await this.#spawn(node);
  }

  async #spawn(node: ClusterNode): Promise<void> {
    const { child, ready } = await startNodeProcess(node.command, node.log, this.#options.environment, (spawned) =>
      this.#cuts.greet(spawned, node, this.#othersOf(node)),
    );
    const grpc = ready.endpoints['grpc'] ?? '';
    const kept: Kept = {
      node: { ...node, pid: ready.pid, grpc, endpoints: ready.endpoints, state: 'running' },
      child,
    };
    this.#nodes.set(node.name, kept);
    if (ready.notice !== undefined) this.#options.tell(ready.notice);
    child.once('exit', () => void this.#died(kept));
    if (child.exitCode !== null || child.signalCode !== null) await this.#died(kept);
  }

  async #died(kept: Kept): Promise<void> {
    kept.child = undefined;
    kept.node = { ...kept.node, state: 'dead' };
    if (this.#stopping) return;
    await this.#write();
    if (!this.#options.restart) return;
    setTimeout(() => {
      if (!this.#stopping && kept.node.state === 'dead')
        void this.order('start', kept.node.name).catch(() => this.#died(kept));
    }, restartPauseMs);
  }

  /** @throws StatusError `no_such_node`, `no_node` when it does not start. */
  async order(order: Order, name: string): Promise<void> {
    const kept = this.#nodes.get(name);
    if (kept === undefined)
      throw new StatusError(
        'no_such_node',
        `Cannot ${order} "${name}": nodes are ${[...this.#nodes.keys()].join(', ')}`,
      );
    if (order === 'start') {
      if (kept.child !== undefined) return;
      await this.#spawn(kept.node);
      return this.#write();
    }
    const { child } = kept;
    if (child === undefined) throw new StatusError('no_such_node', `Cannot ${order} "${name}": it is dead`);
    const signal = { kill: 'SIGKILL', pause: 'SIGSTOP', resume: 'SIGCONT' } as const;
    const exited = order === 'kill' ? once(child, 'exit') : undefined;
    child.kill(signal[order]);
    await exited;
    if (order !== 'kill') kept.node = { ...kept.node, state: order === 'pause' ? 'paused' : 'running' };
    await this.#write();
  }

  /**
   * Cuts the named nodes off from all others, in place of the cut before; of none, mends all. @throws StatusError
   * `no_such_node`.
   */
  async cut(names: readonly string[]): Promise<void> {
    const unknown = names.find((name) => !this.#nodes.has(name));
    if (unknown !== undefined)
      throw new StatusError(
        'no_such_node',
        `Cannot isolate "${unknown}": nodes are ${[...this.#nodes.keys()].join(', ')}`,
      );
    this.#cuts.set(names);
    await Promise.all(
      [...this.#nodes.values()].map(async ({ node, child }) => {
        if (child === undefined) return;
        const told = this.#cuts.tell(child, node, this.#othersOf(node));
        // One that is paused takes it first when it goes on.
        if (node.state !== 'paused') await told;
      }),
    );
    await this.#write();
  }
  #othersOf({ name }: ClusterNode): readonly ClusterNode[] {
    return this.nodes.filter((other) => other.name !== name);
  }

  /** Drains all nodes: routing first, discovery last; what does not end in time is killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { role } of this.#options.topology.nodes
      .toReversed()
      .filter(({ role }, i, all) => all.findIndex((other) => other.role === role) === i))
      await Promise.all(
        [...this.#nodes.values()].filter(({ node }) => node.role === role).map((kept) => this.#drain(kept)),
      );
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#write();
  }
  async #drain(kept: Kept): Promise<void> {
    const { child } = kept;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), drainTimeoutMs);
    await exited;
    clearTimeout(timer);
  }

  #writing: Promise<void> = Promise.resolve();
  #write(): Promise<void> {
    const port = this.#port;
    const write = async (): Promise<void> => {
      const cluster: ClusterFile = {
        topology: this.#options.topology.name,
        pid: process.pid,
        control: { port, token: this.#token },
        insecure: this.#options.insecure,
        nodes: this.nodes,
        endpoints: this.endpoints,
      };
      await writeClusterFile(this.#options.data, cluster);
    };
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const respond = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
    };
    const given = Buffer.from(request.headers.authorization ?? '');
    const wanted = Buffer.from(`Bearer ${this.#token}`);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return respond(401, 'wrong token');
    const [, word, encoded = ''] = (request.url ?? '').split('/');
    const order = orders.find((each) => each === word);
    const cutOrder = cutOrders.find((each) => each === word);
    const isKnown = order !== undefined || cutOrder !== undefined;
    if (request.method !== 'POST' || !isKnown || (request.url ?? '').length > orderSizeMaxBytes)
      return respond(404, 'no such order');
    try {
      const name = decodeURIComponent(encoded);
      if (order !== undefined) await this.order(order, name);
      else await this.cut(cutOrder === 'isolate' ? name.split(',') : []);
      respond(200, 'done');
    } catch (thrown) {
      respond(409, toStatusError(thrown).message);
    }
  }
}

/** Sends an order to the supervisor of a running cluster. @throws StatusError `no_node` when it does not answer, or why it refused. */
export async function sendOrder(cluster: ClusterFile, order: Order | CutOrder, name: string): Promise<void> {
  const url = `http://127.0.0.1:${cluster.control.port}/${order}/${encodeURIComponent(name)}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${cluster.control.token}` },
  }).catch((cause: unknown) => {
    throw new StatusError(
      'no_node',
      `Cannot reach the cluster's supervisor (process ${cluster.pid}): is skerry cluster up still running?`,
      { cause },
    );
  });
  if (!response.ok) throw new StatusError('no_such_node', await response.text());
}
