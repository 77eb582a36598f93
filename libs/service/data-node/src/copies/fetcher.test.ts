/** What is waited for comes, whoever else has to do with it meanwhile. */
import { describe, expect, test } from '@jest/globals';
import { rootDirectory } from '@skerry/domain-file-tree';
import { BlobId, crc32, crc32c, NodeId, StatusError } from '@skerry/kernel';
import type { CopyKeeper, Held } from '@skerry/runtime-blobs';
import { chunkOf } from '@skerry/runtime-rpc';
import { propose } from '../parts.ts';
import { content } from '../test-doubles.ts';
import { TestNode } from '../test-node.ts';
import { Fetcher } from './fetcher.ts';
import { Keeper } from './keeper.ts';
import { compareAgainMs, fetchRetryMaxMs, fetchRetryMinMs } from './limits.ts';
import type { Members } from './members.ts';
import { Shelf } from './shelf.ts';
import { quiet, TestClock } from './test-clock.ts';
import { Throttle } from './throttle.ts';

const blobOf = (digit: string): BlobId => BlobId(digit.repeat(32));
const a = blobOf('a');
const b = blobOf('b');
const bytes = content(500);

/** One node of a group, of whose disk and of whose peer the test says what they do. */
class Bench {
  readonly clock = new TestClock();
  readonly node = new TestNode();
  readonly held = new Map<BlobId, Held>();
  /** Before an answer about what is here. */
  describing: (blob: BlobId) => void = () => undefined;
  /** What the peer does when it is asked. */
  giving: (blob: BlobId, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  describes = 0;
  readonly shelf: Shelf;
  readonly fetcher: Fetcher;
  readonly keeper: Keeper;

  constructor() {
    const { clock, node } = this;
    const { replica } = node;
    const blobs = {
      describe: async (blob: BlobId) => {
        this.describes += 1;
        this.describing(blob);
        return this.held.get(blob);
      },
      putSmall: (blob: BlobId, small: Uint8Array) => this.held.set(blob, { kind: 'small', lengthBytes: small.length }),
      dropSetAside: async () => undefined,
      listSmall: () => [],
      list: async function* () {},
    } as unknown as CopyKeeper;
    const fetch = (blob: BlobId, signal: AbortSignal) => this.#give(blob, signal);
    const members = {
      alone: false,
      isLeader: false,
      leader: undefined,
      others: () => [NodeId('data_2')],
      client: () => ({
        fetch: ({ blob }: { blob: BlobId }, { signal }: { signal: AbortSignal }) => fetch(blob, signal),
      }),
    } as unknown as Members;
    this.shelf = new Shelf(
      blobs,
      () => replica,
      () => this.fetcher.wake(),
    );
    const { telemetry } = node.parts;
    const common = {
      clock,
      checksums: { checksum: crc32c, crc32 },
      telemetry,
      members,
      shelf: this.shelf,
      replica: () => replica,
    };
    const throttle = new Throttle(clock, 1e9);
    this.fetcher = new Fetcher({ ...common, throttle, overflowed: () => this.keeper.overflowed() });
    const forget = async (): Promise<number> => 0;
    this.keeper = new Keeper({ ...common, fetcher: this.fetcher, scrubThrottle: throttle, forget });
  }
  async *#give(blob: BlobId, signal: AbortSignal) {
    await this.giving(blob, signal);
    yield { part: { $case: 'start', value: { length: bytes.length, small: true, published: false } } } as const;
    yield { part: { $case: 'chunk', value: chunkOf(bytes, crc32) } } as const;
  }
  /** A stage that names all of the blob. */
  async name(blob: BlobId): Promise<void> {
    const place = { directory: rootDirectory, name: blob };
    const quota = { bytes: undefined, files: undefined };
    const stage = { blob, blobLength: bytes.length, prefix: [], from: 0, superseded: false, cut: true };
    await propose(this.node.parts, { kind: 'openStage', place, user: 'ada', quota, ...stage });
  }
  async missing(...blobs: readonly BlobId[]): Promise<void> {
    for (const blob of blobs) await this.name(blob);
    this.fetcher.start();
    for (const blob of blobs) this.fetcher.need(blob, bytes.length);
  }
}
const nobodyHasIt = (): Promise<void> => Promise.reject(new StatusError('no_such_entry', 'it is not here'));
const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail);
  });

describe('what is missing', () => {
  test('and was passed over while somebody had to do with the blob is fetched when that one lets go of it', async () => {
    const bench = new Bench();
    const claim = bench.shelf.tryClaim(a);
    await bench.missing(a);
    await bench.clock.advance(1_000_000);
    expect([bench.fetcher.missing, bench.held.size]).toEqual([1, 0]);
    claim!.release();
    await quiet();
    expect([bench.fetcher.missing, bench.held.size]).toEqual([0, 1]);
    await bench.fetcher.close();
  });
  test('and is written by an upload of this node is looked for now and then, not over and over', async () => {
    const bench = new Bench();
    bench.held.set(a, { kind: 'writing', lengthBytes: 1 });
    await bench.missing(a);
    await bench.clock.advance(10 * fetchRetryMinMs);
    expect(bench.describes).toBeGreaterThan(5);
    expect(bench.describes).toBeLessThan(20);
    bench.held.set(a, { kind: 'published', lengthBytes: bytes.length });
    await bench.clock.advance(fetchRetryMinMs);
    expect(bench.fetcher.missing).toBe(0);
    await bench.fetcher.close();
  });
  test('and failed once is tried again soon, though another one has failed for long', async () => {
    const bench = new Bench();
    bench.giving = nobodyHasIt;
    await bench.missing(a);
    await bench.clock.advance(3 * fetchRetryMaxMs);
    await bench.missing(b);
    await quiet();
    bench.giving = (blob) => (blob === a ? nobodyHasIt() : Promise.resolve());
    await bench.clock.advance(fetchRetryMinMs);
    expect([bench.fetcher.missing, bench.held.has(b)]).toEqual([1, true]);
    await bench.fetcher.close();
    expect(bench.clock.timers).toBe(0);
  });
  test('and is taken over before the call to another node begins does not hold up who took it', async () => {
    const bench = new Bench();
    const taken: Promise<unknown>[] = [];
    bench.describing = () => {
      // The second look is the last thing before the call.
      if (bench.describes === 2) taken.push(bench.shelf.claim(a).then((claim) => claim.release()));
    };
    bench.giving = (_, signal) => (taken.length === 1 ? whenAborted(signal) : Promise.resolve());
    await bench.missing(a);
    await quiet();
    expect(taken).toHaveLength(1);
    await Promise.race([taken[0], quiet().then(() => Promise.reject(new Error('it is still waited for')))]);
    await bench.fetcher.close();
  });
});

test('what is forgotten while it is fetched is waited for no more', async () => {
  const bench = new Bench();
  bench.giving = (_, signal) => whenAborted(signal);
  await bench.missing(a);
  await quiet();
  const place = { directory: rootDirectory, name: a };
  await propose(bench.node.parts, { kind: 'dropStage', place, user: 'ada', token: undefined });
  bench.shelf.forgotten(a);
  bench.fetcher.forgotten(a);
  await quiet();
  expect(bench.fetcher.missing).toBe(0);
  await bench.fetcher.close();
});

describe('state and disk', () => {
  test('are compared again when the disk could not tell what it has', async () => {
    const bench = new Bench();
    await bench.name(a);
    bench.describing = () => {
      if (bench.describes === 1) throw new StatusError('disk_failed', 'it does not say');
    };
    bench.fetcher.start();
    bench.keeper.start();
    await bench.clock.advance(100);
    expect([bench.keeper.compared, bench.node.count('copies_not_compared')]).toEqual([false, 1]);
    await bench.clock.advance(compareAgainMs);
    expect([bench.keeper.compared, bench.fetcher.missing, bench.held.has(a)]).toEqual([true, 0, true]);
    await bench.keeper.close();
    await bench.fetcher.close();
  });
});
