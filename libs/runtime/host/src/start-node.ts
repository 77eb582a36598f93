/**
 * Starts one node: folder, keys, doors, service; and stops it in the reverse order. The same for a process of its own
 * and for the embedded system, where several nodes share one process and call each other directly.
 */
import { join, resolve } from 'node:path';
import { isNodeId, StatusError, type NodeId } from '@skerry/kernel';
import { startDirectory, type NodeRecord, type RunningDirectory } from '@skerry/runtime-discovery';
import { nodeClock, nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, type RpcNode } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer, type Identity } from '@skerry/runtime-security';
import { createTelemetry, readMemory, type Output, type Telemetry } from '@skerry/runtime-telemetry';
import { createWorkerPool } from '@skerry/runtime-workers';
import { formatAddress, parseAddress, type Address, type LinkFilter, type World } from '@skerry/runtime-world';
import { advertisedHost, hostsOf, isLoopback, openStatusDoor } from './addresses.ts';
import { serveAdmin } from './admin.ts';
import { Closers } from './closers.ts';
import { DoorView, type Neighbour } from './door-view.ts';
import { openNodeFolder, type NodeFolder } from './node-folder.ts';
import { takeIdentity } from './node-identity.ts';
import type { NodeConfig } from './settings.ts';
import { doorlessAddress, withNeighbours, type SharedParts } from './shared.ts';
import type { NodeStatus, Notice, Service, ServiceEnvironment, StartService } from './types.ts';

export type NodeOptions<Config> = {
  readonly role: string;
  readonly settings: NodeConfig;
  readonly start: StartService<Config>;
  /** For {@link NodeOptions.start}. */
  readonly config: Config;
  /** Of the program, for status. */
  readonly version: string;
  /** Where log lines go; default: standard error. */
  readonly output?: Output;
  /** Only in the embedded system. */
  readonly shared?: SharedParts;
  /** Cuts its ways to other nodes. */
  readonly links?: LinkFilter | undefined;
  /** Whether it opens a gRPC door; without one, only the nodes of its process reach it. Default: true. */
  readonly door?: boolean;
  /** Whether it opens a status door. Default: true. */
  readonly statusDoor?: boolean;
};

export type RunningNode = {
  readonly nodeId: NodeId;
  readonly role: string;
  /** `host:port` of the gRPC door as others reach it; without a door, what the nodes of the process know it by. */
  readonly address: string;
  readonly statusAddress: Address | undefined;
  /** Doors for clients. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** For its owner to show. */
  readonly notice: Notice | undefined;
  readonly telemetry: Telemetry;
  readonly environment: ServiceEnvironment;
  status(): NodeStatus;
  /** Resolves when an operator asked it to drain, rejects when it cannot go on; its owner then calls `stop`. */
  readonly ended: Promise<void>;
  /** Takes nothing new, finishes what runs up to `graceMs`, closes all. Idempotent. */
  stop(graceMs: number): Promise<void>;
};

/** @throws StatusError; what was opened until then is closed again. */
export async function startNode<Config>(options: NodeOptions<Config>): Promise<RunningNode> {
  const { id, logLevel } = options.settings;
  if (!isNodeId(id))
    throw new StatusError('malformed', `Cannot read --id: must be 1 to 63 of a-z 0-9 _ -: got "${id}"`);
  const telemetry = createTelemetry({
    nodeId: id,
    role: options.role,
    level: logLevel,
    processMetrics: options.shared === undefined || options.statusDoor !== false,
    ...(options.output !== undefined && { output: options.output }),
  });
  const boot = new Boot(options, id, telemetry);
  try {
    return await boot.run();
  } catch (error) {
    await boot.stop(0);
    throw error;
  }
}

class Boot<Config> {
  readonly #options: NodeOptions<Config>;
  readonly #nodeId: NodeId;
  readonly #telemetry: Telemetry;
  readonly #closers: Closers;
  readonly #dataDirectory: string;
  readonly #revocations = createRevocationList();
  readonly #neighbour: Neighbour;
  readonly #view: DoorView;
  readonly #startedAtMs = Math.floor(nodeClock.wallMs());
  readonly #startedMonotonicMs = nodeClock.monotonicMs();
  readonly #ended: Promise<void>;
  #drain: () => void = () => undefined;
  #fatal: (error: Error) => void = () => undefined;
  #ready = false;
  #address = '';
  #incarnation = 0;
  #service: Service | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: NodeOptions<Config>, nodeId: NodeId, telemetry: Telemetry) {
    this.#options = options;
    this.#nodeId = nodeId;
    this.#telemetry = telemetry;
    this.#closers = new Closers(telemetry, nodeClock.monotonicMs);
    this.#neighbour = {
      telemetry,
      revocations: this.#revocations,
      ready: () => this.#ready,
      status: () => this.#status(),
    };
    // Nodes of one process have one door for operators and monitors: it answers for all of them.
    this.#view = new DoorView(this.#neighbour, options.shared?.nodes ?? new Set([this.#neighbour]));
    this.#dataDirectory = resolve(options.settings.data);
    this.#ended = new Promise((resolveEnded, rejectEnded) => {
      this.#drain = resolveEnded;
      this.#fatal = (error) => {
        telemetry.emit({ event: 'node_failed', level: 'fatal', message: 'the node cannot go on', error });
        rejectEnded(error);
      };
    });
    // Whoever owns the node waits for it; a failure before that must not look like one that nobody handles.
    this.#ended.catch(() => undefined);
  }

  async run(): Promise<RunningNode> {
    const { role, start, config, settings, shared, statusDoor: wanted = true } = this.#options;
    const telemetry = this.#telemetry;
    shared?.nodes.add(this.#neighbour);
    this.#closers.add('neighbours', async () => void shared?.nodes.delete(this.#neighbour));
    const folder = await this.#openFolder();
    const world = nodeWorld(folder.path);
    const identity = await this.#takeIdentity(folder);
    const statusDoor = wanted ? await openStatusDoor(telemetry, settings, this.#view) : undefined;
    if (statusDoor !== undefined) this.#closers.add('status door', () => statusDoor.close());
    const { environment, directory } = await this.#prepare(folder, world, identity);
    const service = await start(config, environment);
    this.#service = service;
    this.#closers.add('service', (graceMs) => service.stop(graceMs));
    // Closed before the service stops, so that nobody is sent here any more; what it knows can still be read.
    this.#closers.add('directory', () => directory.close());
    this.#address = await this.#openDoor(environment.rpc);
    this.#setReady(environment.rpc);
    await directory.announce(this.#record(service));
    const { endpoints } = service;
    const doors = { address: this.#address, status: statusDoor && formatAddress(statusDoor.address), endpoints };
    const tookMs = Math.round(nodeClock.monotonicMs() - this.#startedMonotonicMs);
    const message = `${role} node is ready on ${this.#address}`;
    telemetry.emit({ event: 'node_started', message, tookMs, pid: process.pid, ...doors });
    return {
      nodeId: this.#nodeId,
      role,
      address: this.#address,
      statusAddress: statusDoor?.address,
      endpoints,
      notice: service.notice,
      telemetry,
      environment,
      status: () => this.#status(),
      ended: this.#ended,
      stop: (graceMs) => this.stop(graceMs),
    };
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }
  async #stop(graceMs: number): Promise<void> {
    const telemetry = this.#telemetry;
    const wasReady = this.#ready;
    if (wasReady) telemetry.emit({ event: 'node_stopping', graceMs });
    this.#ready = false;
    await this.#closers.closeAll(graceMs);
    if (wasReady) telemetry.emit({ event: 'node_stopped' });
    await telemetry.flush();
  }

  async #openFolder(): Promise<NodeFolder> {
    const owner = { nodeId: this.#nodeId, role: this.#options.role };
    const folder = await openNodeFolder(join(this.#dataDirectory, this.#nodeId), owner, nodeClock.wallMs());
    this.#closers.add('data folder', () => folder.close());
    this.#incarnation = folder.incarnation;
    return folder;
  }

  #takeIdentity(folder: NodeFolder): Promise<Identity> {
    const { settings, role, door = true, shared } = this.#options;
    const request = {
      nodeId: this.#nodeId,
      role,
      dataDirectory: this.#dataDirectory,
      nodeFolder: folder.path,
      hosts: hostsOf(settings),
      tls: door && !settings.insecure,
      founder: settings.join.length === 0 || shared !== undefined,
      nowMs: nodeClock.wallMs(),
    };
    return takeIdentity(request, this.#telemetry);
  }

  async #prepare(folder: NodeFolder, world: World, identity: Identity): Promise<Prepared> {
    const { settings, shared, links } = this.#options;
    const [telemetry, revocations] = [this.#telemetry, this.#revocations];
    const workers = shared?.workers ?? createWorkerPool();
    if (shared === undefined) this.#closers.add('workers', () => workers.close());
    const sealer = createSealer(identity.sealingKey);
    const hub = shared === undefined ? {} : { hub: shared.hub };
    const own = createRpcNode({ world, identity, sealer, revocations, telemetry, links, ...hub });
    this.#closers.add('gRPC door', (graceMs) => {
      shared?.addresses.delete(this.#address);
      return own.close(graceMs);
    });
    const rpc = shared === undefined ? own : withNeighbours(own, shared);
    serveAdmin(rpc, { telemetry, view: this.#view, drain: () => this.#drain() });
    const outward = shared === undefined && !isLoopback(settings.host);
    const directory = await startDirectory({
      world,
      rpc,
      telemetry,
      sealer,
      cluster: identity.cluster,
      links,
      join: settings.join.flatMap((text) => parseAddress(text) ?? []),
      // Looking around is for nodes that others can reach.
      ...(outward ? {} : { dnsNames: [] }),
      broadcast: outward,
      bound: settings.host,
      load: () => this.#service?.load() ?? 0,
      onRevocations: (version, ids) => revocations.replace(version, ids),
    });
    this.#closers.add('directory', () => directory.close());
    const { path: dataDirectory, incarnation } = folder;
    const fatal = (error: Error): void => this.#fatal(error);
    const parts = { world, dataDirectory, identity, sealer, revocations, telemetry, rpc, directory, workers, links };
    return { environment: { ...parts, incarnation, fatal }, directory };
  }

  async #openDoor(rpc: RpcNode): Promise<string> {
    const { settings, door = true, shared } = this.#options;
    const { host, port } = settings;
    const address = door
      ? formatAddress({ host: advertisedHost(settings), port: (await rpc.listen({ host, port })).port })
      : doorlessAddress(this.#nodeId);
    shared?.addresses.set(address, this.#nodeId);
    return address;
  }

  #setReady(rpc: RpcNode): void {
    this.#ready = true;
    rpc.setReady(true);
    this.#closers.add('readiness', async () => rpc.setReady(false));
  }

  #record(service: Service): NodeRecord {
    const { role, settings } = this.#options;
    const [endpoints, load] = [{ ...service.endpoints }, Math.round(service.load())];
    const [nodeId, address, incarnation] = [this.#nodeId, this.#address, this.#incarnation];
    return { nodeId, role, site: settings.site, address, incarnation, endpoints, load };
  }

  #status(): NodeStatus {
    const { role, version } = this.#options;
    return {
      node: this.#nodeId,
      role,
      version,
      ready: this.#ready,
      startedAtMs: this.#startedAtMs,
      incarnation: this.#incarnation,
      address: this.#address,
      endpoints: this.#service?.endpoints ?? {},
      load: this.#service?.load() ?? 0,
      memory: readMemory(),
      service: this.#service?.status() ?? {},
    };
  }
}

type Prepared = { readonly environment: ServiceEnvironment; readonly directory: RunningDirectory };
