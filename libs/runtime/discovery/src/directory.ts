/** Everything that a node knows of the others, kept fresh (F11, F12). */
import { Prng, toStatusError } from '@skerry/kernel';
import { type Address, BackOff, formatAddress, parseAddress, pause, Wake } from '@skerry/runtime-world';
import { Link } from './link.ts';
import { NodeTable } from './node-table.ts';
import { discoveryPortDefault } from './probe.ts';
import { searchByDatagram } from './search.ts';
import type { DirectoryOptions, NodeRecord, RunningDirectory } from './types.ts';
import { watchForGood } from './watch.ts';

/** Discovery nodes that we register at: a cluster has three for each site. */
export const discoveryNodesMax = 16;
/** A discovery node that nobody configured and that does not answer for so long is forgotten, in ms. */
export const linkForgottenMs = 60_000;
/** How long the known addresses, then the names, get before the next way is tried, in ms. */
export const searchStepMs = 1_000;
/** First and longest pause between two searches, in ms. */
export const searchFirstMs = 1_000;
export const searchMaxMs = 30_000;
/** Of so many searches one sweeps the subnet; the first does. */
const sweepEvery = 10;
/** How long {@link RunningDirectory.announce} waits for a discovery node, in ms. */
export const announceWaitMs = 3_000;
/** The port of a role's gRPC door, by the contracts. */
const dnsPortDefault = 7400;
/** What the predictable names of containers are tried for (F11). */
export const defaultDnsNames: readonly string[] = ['discovery_1', 'discovery_2', 'discovery_3'];

/** Resolves at once: nodes become known as discovery nodes answer ({@link RunningDirectory.waitFor}). */
export async function startDirectory(options: DirectoryOptions): Promise<RunningDirectory> {
  const directory = new LiveDirectory(options);
  directory.start();
  return directory;
}

class LiveDirectory implements RunningDirectory {
  readonly #options: DirectoryOptions;
  readonly #table: NodeTable;
  readonly #prng: Prng;
  readonly #links = new Map<string, Link>();
  readonly #closing = new AbortController();
  /** For the watch: a link is there, or came up. */
  readonly #linkNews = new Wake();
  /** For whoever waits in {@link LiveDirectory.announce}, and for the search. */
  readonly #stateNews = new Wake();
  #self: NodeRecord | undefined;
  #beats = 0;
  #revocationsVersion = 0;
  #revokedIds = '';
  #askingNames: Promise<void> | undefined;
  #loops: readonly Promise<void>[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#table = new NodeTable(options.world);
    this.#prng = new Prng(new DataView(options.world.random(4).slice().buffer).getUint32(0));
    this.#self = options.self;
  }

  start(): void {
    const { world, telemetry, join } = this.#options;
    for (const address of join) this.#addLink(address, true);
    this.#linkSelf();
    const watch = watchForGood(
      {
        clock: world.clock,
        telemetry,
        table: this.#table,
        prng: this.#prng.fork(),
        wake: this.#linkNews,
        links: () => [...this.#links.values()],
        discovered: (address) => this.#addNamed(address),
      },
      this.#closing.signal,
    );
    this.#loops = [watch, this.#searchForGood()];
  }

  nodes(role: string): readonly NodeRecord[] {
    return this.#table.nodes(role);
  }
  pick(role: string, except?: ReadonlySet<string>): NodeRecord {
    return this.#table.pick(role, except);
  }
  waitFor(role: string, deadlineMs: number, signal?: AbortSignal): Promise<NodeRecord> {
    return this.#table.waitFor(role, deadlineMs, signal);
  }
  reportFailure(nodeId: string): void {
    this.#table.reportFailure(nodeId);
  }
  get isAlone(): boolean {
    const { broadcast, dnsNames = defaultDnsNames } = this.#options;
    return this.#links.size === 0 && !broadcast && dnsNames.length === 0;
  }
  listen(listener: () => void): () => void {
    return this.#table.listen(listener);
  }

  async announce(record: NodeRecord): Promise<void> {
    const { clock } = this.#options.world;
    this.#self = record;
    this.#linkSelf();
    for (const link of this.#links.values()) link.poke();
    const endMs = clock.monotonicMs() + announceWaitMs;
    while (!this.isAlone && !this.#closing.signal.aborted && this.#self === record) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || [...this.#links.values()].some((link) => link.isRegistered(record))) return;
      await this.#stateNews.rest(clock, leftMs, this.#closing.signal);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }
  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#links.values()].map((link) => link.close(true)));
    await Promise.all(this.#loops);
    this.#table.close();
  }

  /** A discovery node is one of those that it registers at. */
  #linkSelf(): void {
    const address = this.#ownDoor();
    const parsed = address === undefined ? undefined : parseAddress(address);
    if (parsed !== undefined) this.#addLink(parsed, true);
  }
  #ownDoor(): string | undefined {
    return this.#self?.role === 'discovery' ? this.#self.address : undefined;
  }
  #addNamed(text: string): void {
    const address = parseAddress(text);
    if (address !== undefined) this.#addLink(address, false);
  }
  #addLink(address: Address, lasting: boolean): void {
    const key = formatAddress(address);
    if (this.#links.has(key) || this.#closing.signal.aborted) return;
    if (this.#links.size >= discoveryNodesMax && !lasting) return;
    const { world, rpc, telemetry, load = () => 0 } = this.#options;
    const link = new Link(
      {
        clock: world.clock,
        rpc,
        telemetry,
        chance: () => this.#prng.next(),
        load,
        self: () => this.#self,
        nextBeat: () => (this.#beats += 1),
        changed: () => this.#linkChanged(),
      },
      address,
      lasting,
    );
    this.#links.set(key, link);
    link.start();
    this.#linkNews.wake();
  }

  #linkChanged(): void {
    this.#stateNews.wake();
    this.#linkNews.wake();
    const ids = [...new Set([...this.#links.values()].flatMap((link) => link.revokedIds))].toSorted();
    const joined = ids.join('\n');
    if (joined === this.#revokedIds) return;
    this.#revokedIds = joined;
    this.#revocationsVersion += 1;
    this.#options.onRevocations(this.#revocationsVersion, ids);
  }

  /** Whether a discovery node other than ourselves can be heard. */
  #hasOther(): boolean {
    const own = this.#ownDoor();
    return [...this.#links.values()].some((link) => link.isLive && link.address !== own);
  }

  /** Looks for discovery nodes whenever none can be heard: addresses that are known, names, broadcast, sweep (F11). */
  async #searchForGood(): Promise<void> {
    const { clock } = this.#options.world;
    const { signal } = this.#closing;
    const backOff = new BackOff(searchFirstMs, searchMaxMs, () => this.#prng.next());
    let searches = 0;
    // The configured ones go first, alone.
    if (this.#links.size > 0) await this.#awaitOther();
    while (!signal.aborted) {
      if (this.#hasOther()) backOff.reset();
      else {
        await this.#searchOnce(searches % sweepEvery === 0);
        searches += 1;
      }
      await this.#forgetLinks();
      await pause(clock, backOff.next(), signal);
    }
  }

  async #searchOnce(sweep: boolean): Promise<void> {
    const { telemetry, broadcast } = this.#options;
    await this.#askNames();
    if (!broadcast || this.#closing.signal.aborted || (await this.#awaitOther())) return;
    try {
      await this.#searchNetwork(sweep);
    } catch (thrown) {
      const { message, reason } = toStatusError(thrown);
      telemetry.emit({ event: 'search_failed', level: 'warn', message, reason });
    }
    await this.#awaitOther();
  }

  async #searchNetwork(sweep: boolean): Promise<void> {
    const { world, rpc, telemetry, sealer, cluster, links, bound = '0.0.0.0' } = this.#options;
    const { discoveryPort: port = discoveryPortDefault } = this.#options;
    const found = (address: Address, by: string): void => {
      if (links?.isCut({ address: formatAddress(address) }) === true) return;
      telemetry.emit({ event: 'discovery_found', discovery: formatAddress(address), by });
      this.#addLink(address, false);
    };
    const search = { world, sealer, cluster, nodeId: rpc.nodeId, port, sweep, bound, found };
    await searchByDatagram(search, this.#closing.signal);
  }

  /** For {@link searchStepMs} at most: a name service that is out of reach must not hold up the other ways. */
  async #askNames(): Promise<void> {
    this.#askingNames ??= this.#askEachName().finally(() => {
      this.#askingNames = undefined;
      this.#stateNews.wake();
    });
    await this.#awaitNews(() => this.#askingNames === undefined);
  }
  /** One at a time, since each may hold a thread of the process for many seconds; a late answer counts too. */
  async #askEachName(): Promise<void> {
    const { world, dnsNames = defaultDnsNames, dnsPort: port = dnsPortDefault } = this.#options;
    for (const name of dnsNames) {
      if (this.#closing.signal.aborted) return;
      for (const host of await world.network.resolve(name)) this.#addLink({ host, port }, false);
    }
  }

  /** Whether one can be heard, after {@link searchStepMs} at most. */
  async #awaitOther(): Promise<boolean> {
    await this.#awaitNews(() => this.#hasOther());
    return this.#hasOther();
  }
  /** Until `come`, or the abort, or for {@link searchStepMs}. */
  async #awaitNews(come: () => boolean): Promise<void> {
    const { clock } = this.#options.world;
    const endMs = clock.monotonicMs() + searchStepMs;
    while (!come() && !this.#closing.signal.aborted) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      await this.#stateNews.rest(clock, leftMs, this.#closing.signal);
    }
  }

  async #forgetLinks(): Promise<void> {
    for (const [key, link] of this.#links) {
      if (link.lasting || link.downForMs < linkForgottenMs) continue;
      this.#links.delete(key);
      await link.close(false);
    }
  }
}
