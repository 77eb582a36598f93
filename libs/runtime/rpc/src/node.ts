/** Puts the parts together: one node's own door and its way to others. */
import { assert, StatusError, type NodeId } from '@skerry/kernel';
import { health, reflection, reflectionAlpha } from '@skerry/proto';
import type { Identity, RevocationList, Sealer } from '@skerry/runtime-security';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Address, LinkFilter, World } from '@skerry/runtime-world';
import type { Carrier } from './carrier.ts';
import { makeClient, type ClientParts } from './client.ts';
import { CuttableCarrier, type Connections } from './cuttable-carrier.ts';
import { Deadlines } from './deadlines.ts';
import { Dispatcher } from './dispatcher.ts';
import { Headers } from './header.ts';
import { Health } from './health.ts';
import { InProcessCarrier, type InProcessHub, type Neighbour } from './in-process.ts';
import { closeGraceDefaultMs } from './limits.ts';
import { messageIds } from './message-id.ts';
import { servedMethods } from './method.ts';
import { RpcMetrics } from './metrics.ts';
import { reflectionHandlers } from './reflection.ts';
import { TcpCarrier } from './tcp-client.ts';
import { TcpServer } from './tcp-server.ts';
import { TokenMint, TokenVerifier } from './tokens.ts';
import type { AccessTable, Client, Handlers, RpcNode, ServiceDefinition, Target } from './types.ts';
import { VectorClock } from './vector-clock.ts';

export type RpcNodeOptions = {
  readonly world: World;
  readonly identity: Identity;
  readonly sealer: Sealer;
  readonly revocations: RevocationList;
  readonly telemetry: Telemetry;
  /** Nodes of one hub call each other directly. */
  readonly hub?: InProcessHub;
  /** Cuts the way to nodes (a test of what others do then). */
  readonly links?: LinkFilter | undefined;
};

/** What is left of the grace for answers to reach their callers, at least, in ms. */
const flushGraceMinMs = 250;

export function createRpcNode(options: RpcNodeOptions): RpcNode {
  return new Node(options);
}

class Node implements RpcNode {
  readonly nodeId: NodeId;
  readonly #options: RpcNodeOptions;
  readonly #dispatcher: Dispatcher;
  readonly #health: Health;
  readonly #headers: Headers;
  readonly #clientParts: ClientParts;
  readonly #tcp: TcpCarrier;
  /** Over {@link #tcp}. */
  readonly #connections: Connections;
  readonly #neighbours = new WeakMap<Neighbour, Carrier>();
  readonly #deadlines: Deadlines;
  #server: TcpServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RpcNodeOptions) {
    const { world, identity, sealer, telemetry, hub, links } = options;
    const { clock, random } = world;
    this.#options = options;
    this.nodeId = identity.nodeId;
    const metrics = new RpcMetrics(telemetry, clock);
    this.#dispatcher = new Dispatcher(this.nodeId, telemetry, metrics);
    this.#headers = new Headers(this.nodeId, new VectorClock(this.nodeId));
    this.#deadlines = new Deadlines(clock);
    const mint = new TokenMint(identity, sealer, clock, random);
    this.#tcp = new TcpCarrier({ headers: this.#headers, mint, clock, tls: identity.tls });
    this.#connections = links === undefined ? this.#tcp : new CuttableCarrier(this.#tcp, links, clock);
    this.#clientParts = {
      clock,
      metrics,
      newMessageId: messageIds(random),
      chance: () => (random(1)[0] ?? 0) / 256,
      carrierTo: (nodeId) => this.#carrierTo(nodeId),
    };
    const services = (): readonly string[] => this.#dispatcher.services;
    this.#health = new Health(services);
    this.#dispatcher.add(servedMethods(health.HealthDefinition, this.#health.handlers, 'open'));
    for (const definition of [reflection.ServerReflectionDefinition, reflectionAlpha.ServerReflectionDefinition])
      this.#dispatcher.add(servedMethods(definition, reflectionHandlers(services), 'open'));
    hub?.join({ dispatcher: this.#dispatcher, headers: this.#headers });
  }

  serve<S extends ServiceDefinition>(definition: S, handlers: Handlers<S>, access: AccessTable<S>): void {
    assert(this.#server === undefined, `service ${definition.fullName} must be served before the door opens`);
    this.#dispatcher.add(servedMethods(definition, handlers, access));
  }
  async listen(address: Address): Promise<Address> {
    assert(this.#server === undefined, 'a node listens once');
    const { world, identity, sealer, revocations } = this.#options;
    revocations.listen(() => this.#dispatcher.abortOf((nodeId) => revocations.has(nodeId)));
    this.#server = new TcpServer({
      dispatcher: this.#dispatcher,
      headers: this.#headers,
      verifier: new TokenVerifier(sealer, revocations, world.clock),
      clock: world.clock,
      tls: identity.tls,
      newMessageId: this.#clientParts.newMessageId,
    });
    return this.#server.listen(address);
  }
  setReady(ready: boolean): void {
    this.#health.setReady(ready);
  }
  client<S extends ServiceDefinition>(definition: S, target: Target): Client<S> {
    return makeClient(definition, target, this.#clientParts);
  }
  disconnect(target: Target): void {
    this.#connections.disconnect(target);
  }
  close(graceMs = closeGraceDefaultMs): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const { clock } = this.#options.world;
    const endMs = clock.monotonicMs() + graceMs;
    this.setReady(false);
    this.#dispatcher.drain();
    let timer: { cancel(): void } | undefined;
    const graceOver = new Promise<void>((resolve) => {
      timer = clock.setTimer(graceMs, resolve);
    });
    await Promise.race([this.#dispatcher.whenIdle(), graceOver]);
    timer?.cancel();
    this.#dispatcher.abortAll(new StatusError('shutting_down', `Node "${this.nodeId}" is shutting down`));
    await this.#server?.close(Math.max(flushGraceMinMs, endMs - clock.monotonicMs()));
    this.#options.hub?.leave(this.nodeId);
    this.#tcp.close();
    this.#deadlines.stop();
  }
  #carrierTo(nodeId: NodeId): Carrier {
    const neighbour = this.#options.hub?.find(nodeId);
    if (neighbour === undefined) return this.#connections;
    const known = this.#neighbours.get(neighbour);
    if (known !== undefined) return known;
    const { identity, world } = this.#options;
    const caller = { nodeId: identity.nodeId, role: identity.role };
    const made = new InProcessCarrier(neighbour, caller, this.#headers, world.clock, this.#deadlines);
    this.#neighbours.set(neighbour, made);
    return made;
  }
}
