/** For tests: the data role in the simulator, life after life, on a disk that does what disks do. */
import { NodeId, type Prng, StatusError, toStatusError } from '@skerry/kernel';
import { isReferenced, listStages, usageOf } from '@skerry/domain-file-tree';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Service } from '@skerry/runtime-host';
import type { Simulation } from '@skerry/runtime-simulation';
import { createTelemetry, type Telemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { pause, type World } from '@skerry/runtime-world';
import type { CrashableStore } from '@skerry/testing';
import type { Parts } from './parts.ts';
import { openParts, serve, type Sizes } from './start.ts';
import { type Calls, sealer, TestClient } from './test-client.ts';
import { testConfig } from './test-config.ts';

export const machine = 'data_1';
const stageKeepHours = 24;
/** Faults of the disk beside a power failure; each life draws those that may happen in it. */
const faults = ['full', 'stalled', 'sync'] as const;
export type Fault = (typeof faults)[number];

/** What no fault that is simulated here may ever bring about. */
const troubles = new Set(['content_damaged', 'packed_segment_damaged', 'tree_damaged']);

/** One life of the process, from its start to its stop or cut. */
export class Life {
  readonly #simulation: Simulation;
  readonly #prng: Prng;
  readonly #events: TelemetryEvent[] = [];
  readonly world: World;
  #calls: Calls | undefined;
  #parts: Parts | undefined;
  #service: Service | undefined;
  /** A sync was made to fail: the node may say that it cannot go on. */
  #wasFull = false;
  #syncFailed = false;
  #fatal: Error | undefined;
  #stopping = false;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#prng = simulation.prng.fork();
    this.world = simulation.world(machine);
  }
  async start(store: CrashableStore, sizes: Sizes): Promise<void> {
    const telemetry: Telemetry = createTelemetry({
      nodeId: NodeId(machine),
      role: 'data',
      output: 'silent',
      processMetrics: false,
    });
    telemetry.listen((event) => this.#events.push(event));
    const environment = { world: this.world, telemetry, fatal: (error: Error) => void (this.#fatal ??= error) };
    const { parts, close } = await openParts({ ...testConfig, stageKeepHours }, environment, store, sizes);
    const rpc = {
      serve: (_: unknown, calls: Calls) => {
        this.#calls = calls;
      },
    } as unknown as RpcNode;
    this.#parts = parts;
    this.#service = serve(parts, { rpc, sealer }, close);
  }
  get parts(): Parts {
    if (this.#parts === undefined) throw new Error('the node was not started');
    return this.#parts;
  }
  client(user: string): TestClient {
    if (this.#calls === undefined) throw new Error('the node serves nothing');
    return new TestClient(this.#calls, this.world.clock, user, this.world.random);
  }
  /** From here on a failed call may have been carried out or not. */
  get ending(): boolean {
    return this.#stopping || this.#fatal !== undefined;
  }
  /** A sync that fails may fail an upload, without the node's end. */
  mayRefuse({ reason }: StatusError): boolean {
    if (reason === 'disk_full') return true;
    // Between the end of a log that found no room and its beginning anew nobody leads: whoever asks then asks again.
    if (reason === 'not_leader') return this.#wasFull;
    return this.#syncFailed && reason === 'disk_failed';
  }
  async stop(): Promise<void> {
    this.#stopping = true;
    try {
      await this.#service?.stop(this.#prng.pick([0, 1_000]));
    } catch (thrown) {
      // Closing files of a disk whose syncs fail, or a store that finds no room.
      if (!this.mayRefuse(toStatusError(thrown))) throw thrown;
    }
  }

  /** Until the life ends: now and then one of `allowed`, or what the store does by itself. */
  async suffer(allowed: readonly Fault[], store: CrashableStore): Promise<void> {
    const disk = this.#simulation.disk(machine);
    while (!this.ending) {
      await pause(this.world.clock, this.#prng.between(1, 60));
      const fault = this.#prng.pick([...allowed, 'flush'] as const);
      if (disk.capacityBytes !== Infinity && this.#prng.chance(0.4)) this.#fill(store, Infinity);
      else if (fault === 'full') this.#fill(store, this.#prng.pick([0, 700, 20_000, 300_000]));
      else if (fault === 'stalled') this.#simulation.stallDisk(machine, this.#prng.between(20, 2_000));
      else if (fault === 'sync' && this.#prng.chance(0.2)) {
        this.#syncFailed = true;
        disk.failingSyncCount = this.#prng.between(1, 2);
      } else if (fault === 'flush') await this.#flush(store);
    }
    this.#fill(store, Infinity);
  }
  #fill(store: CrashableStore, leftBytes: number): void {
    if (leftBytes !== Infinity) this.#wasFull = true;
    const disk = this.#simulation.disk(machine);
    disk.capacityBytes = disk.usedBytes() + leftBytes;
    // The store's own file, which the simulator has not.
    store.failure = leftBytes === 0 ? new StatusError('disk_full', 'Cannot commit: the disk is full') : undefined;
  }
  async #flush(store: CrashableStore): Promise<void> {
    try {
      await store.flush();
    } catch (thrown) {
      if (!this.mayRefuse(toStatusError(thrown))) throw thrown;
    }
  }

  /** Throws when the node complained about what was not done to it. */
  requireNoTrouble(): void {
    if (this.#fatal !== undefined && !this.#syncFailed) throw this.#fatal;
    const trouble = this.#events.find(({ event }) => troubles.has(event));
    if (trouble !== undefined) throw new Error(`${trouble.event}: ${trouble.message}`, { cause: trouble.error });
  }

  /** What the accounts say, against what is there. */
  usageOf(user: string): { readonly told: unknown; readonly there: unknown } {
    const { state } = this.parts.replica;
    const stages = listStages(state, undefined, 10_000).filter((placed) => placed.user === user);
    const stagedBytes = stages.reduce((sum, { stage }) => sum + stage.blobLength, 0);
    const { stagedBytes: toldBytes, stages: toldStages } = usageOf(state, user);
    return {
      told: { stagedBytes: toldBytes, stages: toldStages },
      there: { stagedBytes, stages: stages.length },
    };
  }
  /** Lets all stages expire. Gives the number of stages, unreferenced blobs and damaged contents that are left. */
  async tidy(): Promise<{ readonly stages: number; readonly orphans: number; readonly damaged: number }> {
    this.#simulation.stepClock(machine, (stageKeepHours + 1) * 3_600_000);
    await pause(this.world.clock, 130_000);
    const { blobs, replica } = this.parts;
    let [orphans, damaged] = [0, 0];
    for await (const { id } of blobs.list()) if (!isReferenced(replica.state, id)) orphans += 1;
    for await (const _ of blobs.scrub()) damaged += 1;
    return { stages: listStages(replica.state, undefined, 10_000).length, orphans, damaged };
  }
}

/** The faults of one life. */
export const drawFaults = (prng: Prng): readonly Fault[] => faults.filter(() => prng.chance(0.4));
