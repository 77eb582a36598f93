/**
 * A whole cluster in one process, in virtual time, from one seed: the same seed gives the same run, event for event.
 *
 * Real asynchronous code runs in it: between two events all promises that can go on do so. Node empties its queue of
 * microtasks before it turns to the next macrotask, so one `setImmediate` after each event is enough, however long the
 * chains of promises are.
 *
 * Source: FoundationDB's simulator (J. Zhou et al., SIGMOD 2021, §4).
 * Assumes: simulated code awaits only what its World gives (no real timer, file, worker or socket), takes chance from
 * `World.random`, and keeps no state outside that one node's objects.
 */
import { assert, crc32, crc32c, Prng } from '@skerry/kernel';
import type { World } from '@skerry/runtime-world';
import type { Wire } from './connection.ts';
import { SimulatedDisk } from './disk.ts';
import { DiskState, FileNode } from './disk-state.ts';
import { Links } from './links.ts';
import { Host, SimulatedNetwork, type Directory } from './network.ts';
import { Process } from './process.ts';
import { Scheduler } from './scheduler.ts';

/** Wall time at the start of every simulation: 2026-01-01T00:00:00Z. */
const wallStartMs = Date.UTC(2026);
/** Events in one `run` before it is taken for an endless loop. */
const eventCountMax = 5_000_000;
/** Virtual time in which `complete` and a condition must come about, when nothing else is asked: one hour. */
const withinDefaultMs = 3_600_000;

type Node = { readonly address: string; readonly disk: DiskState; host: Host; world: World; wallSkewMs: number };

export class Simulation {
  readonly seed: number;
  readonly links: Links;
  readonly #prng: Prng;
  readonly #scheduler: Scheduler;
  readonly #wire: Wire;
  readonly #directory: Directory;
  #nodes = new Map<string, Node>();

  constructor(seed: number) {
    this.seed = seed;
    this.#prng = new Prng(seed);
    this.#scheduler = new Scheduler(this.#prng.fork());
    this.links = new Links(this.#prng.fork(), () => this.nowMs);
    this.#wire = { links: this.links, scheduler: this.#scheduler, prng: this.#prng.fork() };
    const find = (text: string): Node | undefined =>
      this.#nodes.get(text) ?? [...this.#nodes.values()].find(({ address }) => address === text);
    this.#directory = {
      addressOf: (text) => find(text)?.address,
      host: (text) => {
        const host = find(text)?.host;
        return host?.process.alive === true ? host : undefined;
      },
      hosts: () => [...this.#nodes.values()].flatMap(({ host }) => (host.process.alive ? [host] : [])),
    };
  }
  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.#scheduler.nowMs;
  }
  /** Equal for equal runs. */
  get traceHash(): number {
    return this.#scheduler.traceHash;
  }
  /** Chance for the test itself, from the same seed. */
  get prng(): Prng {
    return this.#prng;
  }

  /** The node's world; a new one after it crashed. Its disk stays. Names resolve; addresses are 10.0.0.1 and up. */
  world(name: string): World {
    const node = this.#nodes.get(name);
    if (node?.host.process.alive === true) return node.world;
    const address = node?.address ?? addressOf(this.#nodes.size + 1);
    const disk = node?.disk ?? new DiskState(this.#prng.fork());
    const host = new Host(new Process(name, this.#scheduler), address);
    const started: Node = {
      address,
      disk,
      host,
      wallSkewMs: node?.wallSkewMs ?? 0,
      world: this.#makeWorld(name, host, disk),
    };
    this.#nodes.set(name, started);
    return started.world;
  }
  #makeWorld(name: string, host: Host, disk: DiskState): World {
    const { process } = host;
    const startedMs = this.nowMs;
    const prng = this.#prng.fork();
    return {
      clock: {
        monotonicMs: () => this.nowMs - startedMs,
        wallMs: () => Math.floor(wallStartMs + this.nowMs + this.#node(name).wallSkewMs),
        setTimer: (delayMs, callback) => process.after(delayMs, 'timer', callback),
      },
      disk: new SimulatedDisk(process, disk),
      network: new SimulatedNetwork(this.#wire, host, this.#directory),
      random: (count) => prng.bytes(count),
      checksum: crc32c,
      crc32,
    };
  }
  #node(name: string): Node {
    const node = this.#nodes.get(name);
    assert(node !== undefined, `no node "${name}" in the simulation`);
    return node;
  }

  /** The process ends at once (kill -9): connections are reset, timers dropped; what it wrote stays with the system. */
  kill(name: string): void {
    const { host } = this.#node(name);
    host.process.die();
    for (const connection of host.connections) connection.cut('its process has died');
  }
  /** Power failure: as `kill`, and of what was not synced only a random part is left. */
  crash(name: string): void {
    this.kill(name);
    this.#node(name).disk.crash();
  }
  /** Nothing happens to the process until `resume` (SIGSTOP). */
  pause(name: string): void {
    this.#node(name).host.process.pause();
  }
  resume(name: string): void {
    this.#node(name).host.process.resume();
  }
  /** Moves a node's wall clock; its monotonic clock goes on. */
  stepClock(name: string, byMs: number): void {
    this.#node(name).wallSkewMs += byMs;
  }
  /** Faults of a node's disk: set what shall go wrong. */
  disk(name: string): DiskState {
    return this.#node(name).disk;
  }
  /** Nothing completes on the node's disk for so long. */
  stallDisk(name: string, forMs: number): void {
    this.#node(name).disk.stalledUntilMs = this.nowMs + forMs;
  }
  /** Turns over one bit of a file, for good. @throws StatusError `no_such_entry`. */
  rotBit(name: string, path: string): void {
    const { disk } = this.#node(name);
    const file = disk.find(path.split('/'), path);
    assert(file instanceof FileNode && file.rot(disk.prng), `no file with content: "${path}"`);
  }
  /** Cuts every connection between two nodes; new ones may be made. */
  breakConnections(a: string, b: string): void {
    for (const connection of this.#node(a).host.connections) if (connection.peerName === b) connection.break();
  }

  /**
   * Lets things happen: for `until` virtual milliseconds from now, or until the condition holds after an event.
   * Rejects when the condition has not come about after `withinMs`, or when nothing is left that could bring it about.
   */
  async run(until: number | (() => boolean), withinMs = withinDefaultMs): Promise<void> {
    const endMs = this.nowMs + (typeof until === 'number' ? until : withinMs);
    await settled();
    for (let count = 0; count < eventCountMax; count++) {
      if (typeof until === 'function' && until()) return;
      const nextMs = this.#scheduler.nextMs();
      if (nextMs === undefined || nextMs > endMs) {
        if (typeof until === 'number') return this.#scheduler.advanceTo(endMs);
        const why = nextMs === undefined ? 'no event is left' : `not within ${withinMs} ms`;
        throw new Error(`Simulation with seed ${this.seed} is stuck at ${this.nowMs} ms: ${why}`);
      }
      this.#scheduler.step();
      await settled();
    }
    throw new Error(`Simulation with seed ${this.seed} does not end: ${eventCountMax} events at ${this.nowMs} ms`);
  }
  /** Runs until `body` has resolved or rejected, and gives that. */
  async complete<T>(body: () => Promise<T>, withinMs = withinDefaultMs): Promise<T> {
    let over = false;
    const done = body().finally(() => (over = true));
    // Awaited below; when `run` throws first, this one's failure must not count as unhandled.
    done.catch(() => undefined);
    await this.run(() => over, withinMs);
    return done;
  }
}

const addressOf = (number: number): string => `10.0.${number >> 8}.${number & 0xff}`;

/** Resolves when every promise that can go on has done so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
