import { temporaryDirectory } from '@skerry/testing/node';
import { CrashableStore, eventually, expectReason } from '@skerry/testing';
import { describe, expect, test } from '@jest/globals';
import {
  type Applied,
  ByteReader,
  ByteWriter,
  commandSizeMaxBytes,
  type Entry,
  GroupId,
  NodeId,
  OperationId,
  type OrderedReader,
  type OrderedWriter,
  Prng,
  type StateMachine,
  StatusError,
  utf8,
} from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Disk, DiskFile, World } from '@skerry/runtime-world';
import { localPart, openReplica, proposalCountMax } from './index.ts';
import type { Replica, ReplicaOptions } from './types.ts';

const sumKey = utf8('sum');
const readSum = (state: OrderedReader): number => {
  const bytes = state.get(sumKey);
  return bytes === undefined ? -1 : new ByteReader(bytes).u32();
};
/** Adds each command's number; its effect is that number. 255 is a bug. */
const counter: StateMachine<number> = {
  initialise: (state) => state.put(sumKey, new ByteWriter(4).u32(0).finish()),
  apply(entry: Entry, state: OrderedWriter): Applied<number> {
    const amount = entry.command[0] ?? 0;
    if (amount === 255) throw new TypeError('a bug');
    const result = new ByteWriter(4).u32(readSum(state) + amount).finish();
    state.put(sumKey, result);
    return { result, effects: [amount] };
  },
};
const operation = (n: number): OperationId => OperationId(n.toString(16).padStart(32, '0'));
const add = (replica: Replica, amount: number, n: number): Promise<number> =>
  replica.propose(Uint8Array.of(amount), operation(n)).then(({ result }) => new ByteReader(result).u32());

// Only what the rooms under test call.
const silent = { emit: () => undefined } as unknown as Telemetry;
const performedKey = utf8('performed');

type Life = { readonly replica: Replica; readonly fatal: Error[] };
class Node {
  readonly root = temporaryDirectory();
  store = new CrashableStore();
  world: World = nodeWorld(this.root);
  /** What `perform` throws, when it is to fail. */
  performFailure: Error | undefined;
  cuts = 0;
  async open(more: Partial<ReplicaOptions<number>> = {}): Promise<Life> {
    const fatal: Error[] = [];
    const replica = await openReplica<number>({
      world: this.world,
      telemetry: silent,
      group: GroupId('test'),
      node: NodeId('node'),
      logDirectory: 'log',
      store: this.store,
      stateMachine: counter,
      perform: (effects, _, local) => {
        if (this.performFailure !== undefined) throw this.performFailure;
        const before = local.get(performedKey)?.length ?? 0;
        local.put(performedKey, new Uint8Array(before + effects.length));
      },
      beforeCut: () => {
        this.cuts += 1;
        return Promise.resolve();
      },
      onFatal: (error) => fatal.push(error),
      ...more,
    });
    return { replica, fatal };
  }
  /** Its store makes nothing durable any more, and so its log is not cut either. */
  async kill(replica: Replica): Promise<void> {
    this.store.failure = new StatusError('disk_full', 'killed');
    await replica.close();
    this.store = this.store.crash();
  }
}

describe('a replica alone', () => {
  test('applies in order, gives results and indexes, and is a leader', async () => {
    const node = new Node();
    const { replica } = await node.open();
    expect(readSum(replica.state)).toBe(0);
    expect(await Promise.all([add(replica, 1, 1), add(replica, 2, 2), add(replica, 3, 3)])).toEqual([1, 3, 6]);
    expect((await replica.propose(Uint8Array.of(4), operation(4))).index).toBe(5);
    expect(replica.status()).toMatchObject({ group: 'test', term: 1, leader: true, committed: 5, applied: 5 });
    expect(replica.local.get(performedKey)).toHaveLength(4);
    expect(localPart(node.store).get(performedKey)).toHaveLength(4);
    await replica.readBarrier();
    await replica.close();
    await expectReason(add(replica, 1, 5), 'shutting_down');
  });
  test('an operation proposed again has effect once, and the first result', async () => {
    const { replica } = await new Node().open();
    expect(await Promise.all([add(replica, 5, 1), add(replica, 5, 1), add(replica, 1, 2)])).toEqual([5, 5, 6]);
    await replica.close();
  });
  test('is the same after a restart, with one more life of the same epoch', async () => {
    const node = new Node();
    const first = await node.open();
    await add(first.replica, 7, 1);
    const { epoch } = first.replica.status();
    await first.replica.close();
    const { replica } = await node.open();
    expect(readSum(replica.state)).toBe(7);
    expect(replica.status()).toMatchObject({ epoch, applied: 3, term: 2 });
    expect(await add(replica, 1, 2)).toBe(8);
    await replica.close();
  });
  test('what the store lost in a crash is applied again from the log, once', async () => {
    const node = new Node();
    const { replica } = await node.open();
    for (let n = 1; n <= 10; n++) {
      await add(replica, n, n);
      if (n === 4) await node.store.flush();
    }
    await node.kill(replica);
    const again = await node.open();
    expect(readSum(again.replica.state)).toBe(55);
    expect(again.replica.local.get(performedKey)).toHaveLength(10);
    expect(await add(again.replica, 3, 3)).toBe(6);
    await again.replica.close();
  });
  test('cuts its log when it has grown, after what is outside the store is durable', async () => {
    const node = new Node();
    const { replica } = await node.open({ checkpointBytes: 4_000, logSegmentBytes: 2_000 });
    let count = 0;
    while (replica.status().firstIndex < 100 && count < 2_000) await add(replica, 1, ++count);
    expect(replica.status().firstIndex).toBeGreaterThan(99);
    expect(node.cuts).toBeGreaterThan(1);
    // Killed here: what was cut away is in the store for good.
    await node.kill(replica);
    const again = await node.open();
    expect(readSum(again.replica.state)).toBe(count);
    await again.replica.close();
  });
  test('its time never goes back, though the clock does, over restarts too', async () => {
    const node = new Node();
    const { replica } = await node.open();
    await add(replica, 1, 1);
    const before = replica.now();
    await add(replica, 1, 2);
    await replica.close();
    const { clock } = node.world;
    const back = { monotonicMs: () => clock.monotonicMs(), setTimer: clock.setTimer.bind(clock), wallMs: () => 1_000 };
    node.world = { ...node.world, clock: back };
    const again = await node.open();
    expect(again.replica.now().wallMs).toBeGreaterThan(before.wallMs - 1);
    await again.replica.close();
  });
});

describe('limits and failures', () => {
  test('a command over the limit is refused', async () => {
    const { replica } = await new Node().open();
    await expectReason(replica.propose(new Uint8Array(commandSizeMaxBytes + 1), operation(1)), 'too_large');
    await replica.close();
  });
  test('more proposals than the limit are refused; the others have effect', async () => {
    const { replica } = await new Node().open();
    const count = proposalCountMax + 50;
    const results = await Promise.allSettled(Array.from({ length: count }, (_, n) => add(replica, 1, n)));
    const refused = results.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(50);
    for (const each of refused) expect(each.reason).toMatchObject({ reason: 'overloaded' });
    expect(readSum(replica.state)).toBe(proposalCountMax);
    await replica.close();
  }, 30_000);
  test('an apply that throws is a bug: all waiting are refused, the host is told once, with the cause', async () => {
    const node = new Node();
    const { replica, fatal } = await node.open();
    const results = await Promise.allSettled([add(replica, 1, 1), add(replica, 255, 2), add(replica, 1, 3)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(fatal).toHaveLength(1);
    expect(fatal[0]?.cause).toMatchObject({ message: 'a bug' });
    await expectReason(add(replica, 1, 4), 'unexpected');
    expect(replica.isLeader).toBe(false);
    await replica.close();
  });
  test('a full disk while applying is waited for: nothing more is logged, what was is applied later', async () => {
    const node = new Node();
    const { replica, fatal } = await node.open();
    node.performFailure = new StatusError('disk_full', 'ENOSPC');
    const waiting = add(replica, 1, 1);
    const refusals = new Set<string>();
    let operation = 1;
    await eventually(() => {
      operation += 1;
      add(replica, 0, operation).catch((thrown: StatusError) => refusals.add(thrown.reason));
      return refusals.size > 0;
    });
    expect([...refusals]).toEqual(['disk_full']);
    node.performFailure = undefined;
    expect(await waiting).toBe(1);
    expect(await add(replica, 2, 1_000)).toBe(3);
    expect(fatal).toHaveLength(0);
    await replica.close();
  });
  test('a store that is ahead of its log, or of another group, is refused', async () => {
    const node = new Node();
    const { replica } = await node.open();
    await add(replica, 1, 1);
    await replica.close();
    await expectReason(node.open({ logDirectory: 'other' }), 'corrupt');
    node.store = new CrashableStore();
    await expectReason(node.open({ group: GroupId('strangers') }), 'corrupt');
  });
  test('a store that was lost is built again while the log is whole, with the same epoch', async () => {
    const node = new Node();
    const { replica } = await node.open();
    await add(replica, 9, 1);
    const { epoch } = replica.status();
    await replica.close();
    node.store = new CrashableStore();
    const again = await node.open();
    expect(readSum(again.replica.state)).toBe(9);
    expect(again.replica.status().epoch).toBe(epoch);
    await again.replica.close();
  });
});

/** Dies at one of its operations: that one is done in part or not at all, none after it. */
class MortalDisk {
  readonly #inner: Disk;
  readonly #prng: Prng;
  #left: number;
  constructor(inner: Disk, prng: Prng, operationCount: number) {
    this.#inner = inner;
    this.#prng = prng;
    this.#left = operationCount;
  }
  get dead(): boolean {
    return this.#left <= 0;
  }
  #step(): void {
    this.#left -= 1;
    if (this.dead) throw new StatusError('disk_failed', 'killed');
  }
  async #run<T>(body: () => Promise<T>): Promise<T> {
    this.#step();
    return body();
  }
  disk(): Disk {
    const inner = this.#inner;
    return {
      open: (path, mode) => this.#run(async () => this.#file(await inner.open(path, mode))),
      rename: (from, to) => this.#run(() => inner.rename(from, to)),
      remove: (path) => this.#run(() => inner.remove(path)),
      list: (path) => this.#run(() => inner.list(path)),
      makeDirectory: (path) => this.#run(() => inner.makeDirectory(path)),
      syncDirectory: (path) => this.#run(() => inner.syncDirectory(path)),
      sizeBytes: (path) => this.#run(() => inner.sizeBytes(path)),
    };
  }
  #file(file: DiskFile): DiskFile {
    return {
      read: (into, offset) => this.#run(() => file.read(into, offset)),
      readParts: (into, offset) => this.#run(() => file.readParts(into, offset)),
      write: (parts, offset) => this.#run(() => file.write(parts, offset)),
      writeNow: (parts, offset) => {
        const died = this.dead;
        try {
          this.#step();
        } catch (thrown) {
          const [first] = parts;
          if (!died && first !== undefined) file.writeNow([first.subarray(0, this.#prng.below(first.length))], offset);
          throw thrown;
        }
        file.writeNow(parts, offset);
      },
      allocate: (size) => this.#run(() => file.allocate(size)),
      truncate: (size) => this.#run(() => file.truncate(size)),
      sync: () => this.#run(() => file.sync()),
      sizeBytes: () => this.#run(() => file.sizeBytes()),
      close: () => file.close(),
    };
  }
}

describe('killed at any point', () => {
  for (let seed = 1; seed <= 8; seed++)
    test(`what was acknowledged has effect exactly once (seed ${seed})`, async () => {
      const prng = new Prng(seed);
      const node = new Node();
      const { disk } = node.world;
      const acknowledged = new Set<number>();
      const count = 60;
      const propose = async (replica: Replica, n: number): Promise<void> => {
        try {
          await add(replica, n, n);
          acknowledged.add(n);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(StatusError);
        }
        if (prng.chance(0.2)) await node.store.flush().catch(() => undefined);
      };
      for (let lives = 0; acknowledged.size < count; lives++) {
        const mortal = new MortalDisk(disk, prng, lives < 12 ? prng.between(1, 60) : Infinity);
        node.world = { ...node.world, disk: mortal.disk() };
        const life = await node
          .open({ checkpointBytes: 1_500, logSegmentBytes: 1_000 })
          .catch((thrown: StatusError) => thrown);
        if (life instanceof Error) expect(life.reason).toBe('disk_failed');
        else {
          // In any order, the acknowledged ones too: a client may ask again.
          const wanted = Array.from({ length: count }, (_, i) => i + 1).filter(
            (n) => !acknowledged.has(n) || prng.chance(0.1),
          );
          while (wanted.length > 0 && !mortal.dead)
            await Promise.all(wanted.splice(0, prng.between(1, 9)).map((n) => propose(life.replica, n)));
          expect(readSum(life.replica.state)).toBeGreaterThan([...acknowledged].reduce((sum, n) => sum + n, -1));
          if (acknowledged.size === count) {
            expect(readSum(life.replica.state)).toBe((count * (count + 1)) / 2);
            await life.replica.close();
          }
        }
        node.store = node.store.crash();
      }
      node.world = { ...node.world, disk };
      const { replica } = await node.open();
      expect(readSum(replica.state)).toBe((count * (count + 1)) / 2);
      await replica.close();
    });
});
