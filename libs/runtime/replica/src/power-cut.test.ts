/** Log, store and blobs together, under power cuts: a name that was acknowledged has its content, whole. */
import { CrashableStore, seeds } from '@skerry/testing';
import { expect, test } from '@jest/globals';
import {
  type Applied,
  BlobId,
  concatBytes,
  type Entry,
  fromUtf8,
  GroupId,
  NodeId,
  OperationId,
  type OrderedWriter,
  type Prng,
  type StateMachine,
  utf8,
} from '@skerry/kernel';
import { type BlobStore, openBlobs } from '@skerry/runtime-blobs';
import { Simulation } from '@skerry/runtime-simulation';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { localPart, openReplica } from './index.ts';
import type { Replica } from './types.ts';

const node = 'node';
const prefix = utf8('blob ');
const id = (n: number): string => n.toString(16).padStart(32, '0');
const pattern = (n: number, length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => ((from + i + n * 77) * 2_654_435_761) >>> 24);

type Effect =
  | { readonly kind: 'put'; readonly blob: number; readonly content: Uint8Array }
  | { readonly kind: 'forget'; readonly blob: number };
const headLength = 40;
/** Names blobs: `small N LENGTH` with the content behind, `large N LENGTH`, `forget N`. */
const names: StateMachine<Effect> = {
  initialise: () => undefined,
  apply({ command }: Entry, state: OrderedWriter): Applied<Effect> {
    const [kind, number, length] = (fromUtf8(command.subarray(0, headLength)) ?? '').trim().split(' ');
    const blob = Number(number);
    const key = concatBytes([prefix, utf8(String(blob))]);
    if (kind === 'forget') state.delete(key);
    else state.put(key, utf8(length ?? ''));
    if (kind === 'small')
      return { result: utf8(''), effects: [{ kind: 'put', blob, content: command.slice(headLength) }] };
    return { result: utf8(''), effects: kind === 'forget' ? [{ kind: 'forget', blob }] : [] };
  },
};

/** What the callers know, over all lives. */
class Known {
  next = 1;
  operations = 1;
  readonly named = new Map<number, number>();
  readonly forgotten = new Set<number>();
  /** Stages, with the length that was durable. */
  readonly stages = new Map<number, number>();
  readonly troubles: string[] = [];
}

class Life {
  readonly #known: Known;
  readonly #prng: Prng;
  readonly #blobs: BlobStore;
  readonly #replica: Replica;
  constructor(known: Known, prng: Prng, blobs: BlobStore, replica: Replica) {
    this.#known = known;
    this.#prng = prng;
    this.#blobs = blobs;
    this.#replica = replica;
  }
  async #propose(command: string, content: Uint8Array = new Uint8Array(0)): Promise<void> {
    const operation = OperationId(id(this.#known.operations++));
    await this.#replica.propose(concatBytes([utf8(command.padEnd(headLength)), content]), operation);
  }
  async #verify(n: number, length: number): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const part of this.#blobs.read(BlobId(id(n)), { offset: 0, length })) parts.push(part);
    expect(Buffer.compare(concatBytes(parts), pattern(n, length))).toBe(0);
  }
  async verifyAll(): Promise<void> {
    const { named, forgotten } = this.#known;
    const state = new Map<number, number>();
    for (const [key, value] of this.#replica.state.range({ from: prefix, to: utf8('blob!') }))
      state.set(Number(fromUtf8(key.subarray(prefix.length))), Number(fromUtf8(value)));
    for (const [n, length] of named) expect([n, state.get(n)]).toEqual([n, length]);
    for (const n of forgotten) expect([n, state.has(n)]).toEqual([n, false]);
    // What a crash left without an answer may be there; then it is whole.
    for (const [n, length] of state) {
      named.set(n, length);
      await this.#verify(n, length);
    }
  }
  async resumeStages(): Promise<void> {
    for (const [n, length] of this.#known.stages) {
      const writer = await this.#blobs.resume(BlobId(id(n)), length);
      const more = this.#prng.pick([0, 10, 5_000, 262_144]);
      await writer.write(pattern(n, more, length));
      this.#known.stages.delete(n);
      await writer.publish();
      await this.#verify(n, length + more);
    }
  }
  async act(): Promise<void> {
    const choice = this.#prng.below(12);
    const { named } = this.#known;
    if (choice < 6) await this.#putSmall();
    else if (choice < 8) await this.#putLarge();
    else if (named.size > 5) await this.#forget(this.#prng.pick([...named.keys()]));
  }
  async #putSmall(): Promise<void> {
    const n = this.#known.next++;
    const length = this.#prng.pick([0, 5, 300, 900]);
    await this.#propose(`small ${n} ${length}`, pattern(n, length));
    this.#known.named.set(n, length);
  }
  async #putLarge(): Promise<void> {
    const n = this.#known.next++;
    const length = this.#prng.pick([1, 3_000, 20_000, 263_000]);
    const writer = await this.#blobs.create(BlobId(id(n)));
    for (let at = 0; at < length; at += 50_000) await writer.write(pattern(n, Math.min(50_000, length - at), at));
    if (this.#prng.chance(0.4)) {
      this.#known.stages.set(n, await writer.sync());
      await writer.write(pattern(n, 3_000, length));
      await writer.suspend();
      return;
    }
    await writer.publish();
    await this.#propose(`large ${n} ${length}`);
    this.#known.named.set(n, length);
  }
  async #forget(n: number): Promise<void> {
    const { named, forgotten } = this.#known;
    const length = named.get(n) ?? 0;
    named.delete(n);
    const release = this.#prng.chance(0.3) ? this.#blobs.pin(BlobId(id(n))) : undefined;
    await this.#propose(`forget ${n}`);
    forgotten.add(n);
    if (release === undefined) return;
    await this.#verify(n, length);
    release();
  }
}

async function live(simulation: Simulation, store: CrashableStore, known: Known, final: boolean): Promise<void> {
  const prng = simulation.prng.fork();
  const world = simulation.world(node);
  const telemetry = {
    emit: ({ event }: { readonly event: string }) => {
      if (!['log_tail_cut', 'replica_opened', 'raft_configured', 'raft_role_changed'].includes(event))
        known.troubles.push(event);
    },
  };
  const opened: { replica?: Replica } = {};
  const blobs = await openBlobs({
    world,
    directory: 'content',
    telemetry,
    local: () => localPart(store),
    changeLocal: (body) => opened.replica?.changeLocal(body),
    flushLocal: () => store.flush(),
    packedSegmentSizeBytes: 3_000,
  });
  const replica = await openReplica<Effect>({
    world,
    // Nothing here asks for a metric.
    telemetry: telemetry as unknown as Telemetry,
    group: GroupId('test'),
    node: NodeId(node),
    logDirectory: 'log',
    store,
    stateMachine: names,
    perform: (effects, _, local) => {
      for (const effect of effects)
        if (effect.kind === 'put') blobs.putSmall(BlobId(id(effect.blob)), effect.content, local);
        else blobs.forget(BlobId(id(effect.blob)), local);
    },
    beforeCut: () => blobs.sync(),
    onFatal: ({ message }) => known.troubles.push(message),
    checkpointBytes: 20_000,
    logSegmentBytes: 8_000,
  });
  opened.replica = replica;
  const life = new Life(known, prng, blobs, replica);
  await life.verifyAll();
  await life.resumeStages();
  for (let rounds = 0; !final || rounds < 15; rounds++) {
    await Promise.all(Array.from({ length: prng.between(1, 4) }, () => life.act()));
    // As the store does by itself when much is pending.
    if (prng.chance(0.1)) await store.flush();
  }
  await life.verifyAll();
  await replica.close();
  await blobs.close();
  await store.close();
}

for (const seed of seeds(6))
  test(`whatever was acknowledged is there, whole, after power cuts at any point (seed ${seed})`, async () => {
    const simulation = new Simulation(seed);
    const known = new Known();
    let store = new CrashableStore();
    const lifeCount = 5;
    for (let lives = 1; lives <= lifeCount; lives++) {
      const final = lives === lifeCount;
      let left = final ? Infinity : simulation.prng.between(5, simulation.prng.pick([60, 200, 400]));
      let over = false;
      const life = live(simulation, store, known, final).finally(() => (over = true));
      // A life that is cut off never ends; one that fails does so in the `await` below.
      life.catch(() => undefined);
      await simulation.run(() => over || left-- <= 0);
      if (over) await life;
      if (final) break;
      simulation.crash(node);
      store = store.crash();
    }
    expect(known.troubles).toEqual([]);
    expect(known.named.size).toBeGreaterThan(0);
  });
