/** Content beside the log: every data node comes to hold what the state names. */
import { hasQuorum } from '@skerry/cluster-raft';
import { type BlobId, type NodeId, StatusError, toStatusError } from '@skerry/kernel';
import { isReferenced } from '@skerry/domain-file-tree';
import { copies } from '@skerry/proto';
import type { Blobs, CopyKeeper } from '@skerry/runtime-blobs';
import type { Replica } from '@skerry/runtime-replica';
import type { AccessTable, Handlers, RpcNode } from '@skerry/runtime-rpc';
import { operatorRole } from '@skerry/runtime-security';
import type { Counter, Telemetry } from '@skerry/runtime-telemetry';
import { pause, type World } from '@skerry/runtime-world';
import type { DataConfig } from '../settings.ts';
import { digestContent } from './content-digest.ts';
import { CopiedBlobs } from './copied-blobs.ts';
import { give } from './fetch.ts';
import { Fetcher, type FetchStatus } from './fetcher.ts';
import { Keeper } from './keeper.ts';
import { askCopiesMs, askCopiesPauseMs } from './limits.ts';
import { Members, type Peers } from './members.ts';
import { blobIdOf, receive } from './receiver.ts';
import { Shelf } from './shelf.ts';
import { Throttle } from './throttle.ts';

type Definition = typeof copies.CopyServiceDefinition;
/** Content flows between data nodes only. */
export const copyAccess: AccessTable<Definition> = {
  push: ['data'],
  fetch: ['data'],
  forgetOrphans: ['data'],
  getCopies: ['data', operatorRole],
  digestContent: ['data', operatorRole],
};
export type CopiesOptions = {
  readonly config: Pick<DataConfig, 'copyBytesPerSecond' | 'scrubBytesPerSecond'>;
  readonly world: Pick<World, 'clock' | 'checksum' | 'crc32'>;
  readonly telemetry: Telemetry;
  readonly blobs: CopyKeeper;
  readonly peers: Peers;
  /** It is opened later than this. */
  replica(): Replica;
  /** Marks them dead in the log, those to which nothing refers. */
  forget(blobs: readonly BlobId[]): Promise<void>;
};
export type CopiesStatus = FetchStatus & {
  readonly pushing: number;
  readonly compared: boolean;
  readonly damaged: number;
};

export class Copies {
  /** For all who write and read content. */
  readonly blobs: Blobs;
  readonly #options: CopiesOptions;
  readonly #members: Members;
  readonly #shelf: Shelf;
  readonly #fetcher: Fetcher;
  readonly #keeper: Keeper;
  readonly #copied: CopiedBlobs;
  readonly #metrics: { readonly received: Counter; readonly proxied: Counter };
  readonly #background = new Set<Promise<unknown>>();
  /** Of uploads that this node takes. */
  #isWritten: (blob: BlobId) => boolean = () => false;
  #started = false;

  constructor(options: CopiesOptions) {
    const { world, telemetry, config, blobs, peers, replica } = options;
    const { clock } = world;
    this.#options = options;
    this.#metrics = {
      received: telemetry.counter('copies_received_bytes_total', 'Bytes of uploads at other data nodes'),
      proxied: telemetry.counter('content_proxied_bytes_total', 'Bytes read from another data node'),
    };
    const members = (this.#members = new Members(peers, replica));
    const shelf = (this.#shelf = new Shelf(blobs, replica, () => this.#fetcher.wake()));
    const common = { clock, checksums: world, telemetry, members, shelf, replica };
    this.#fetcher = new Fetcher({
      ...common,
      throttle: new Throttle(clock, config.copyBytesPerSecond),
      overflowed: () => this.#keeper.overflowed(),
    });
    this.#keeper = new Keeper({
      ...common,
      fetcher: this.#fetcher,
      scrubThrottle: new Throttle(clock, config.scrubBytesPerSecond),
      forget: (orphans) => this.#forget(orphans),
    });
    this.blobs = this.#copied = new CopiedBlobs({
      clock,
      checksums: world,
      members,
      shelf,
      pushFailed: (peer, blob, error) => telemetry.emit({ event: 'copy_not_pushed', level: 'info', peer, blob, error }),
      orphaned: (blob) => this.#orphaned(blob),
      lacking: (blob, end, error) => this.#keeper.lacking(blob, end, error),
      proxied: (bytes) => this.#metrics.proxied.add(bytes),
    });
  }

  /** Nobody else has a copy. */
  get isAlone(): boolean {
    return this.#members.alone;
  }

  /** This node holds all that its state names, and nothing is on its way. */
  get isWhole(): boolean {
    return this.#keeper.compared && this.#fetcher.missing === 0;
  }

  // What the log tells.

  /** A version or stage names it. Within the transaction: only notes it. */
  needed(blob: BlobId, length: number): void {
    if (this.#started && !this.#members.alone && !this.#isWritten(blob)) this.#fetcher.need(blob, length);
  }
  /** It is dead. Within the transaction. */
  forgotten(blob: BlobId): void {
    this.#shelf.forgotten(blob);
    this.#fetcher.forgotten(blob);
  }
  /** The state came as a snapshot. */
  restored(): void {
    this.#keeper.compare();
  }

  /** Before the door opens. @param isWritten whether an upload of this node writes the blob. */
  serve(rpc: RpcNode, isWritten: (blob: BlobId) => boolean): void {
    this.#isWritten = isWritten;
    rpc.serve(copies.CopyServiceDefinition, this.#handlers(), copyAccess);
    this.#started = true;
    this.#fetcher.start();
    this.#keeper.start();
  }
  #handlers(): Handlers<Definition> {
    const { world } = this.#options;
    const [shelf, keeper, fetcher] = [this.#shelf, this.#keeper, this.#fetcher];
    const receiver = {
      shelf,
      checksums: world,
      received: (bytes: number) => this.#metrics.received.add(bytes),
    };
    return {
      push: (requests, context) => receive(receiver, requests, context),
      fetch: async function* ({ blob: text, offset, length }) {
        const blob = blobIdOf(text);
        try {
          yield* give({ shelf, blobs: shelf.blobs, crc32: world.crc32 }, { blob, offset, length });
        } catch (thrown) {
          const error = toStatusError(thrown);
          if (error.reason === 'corrupt' && isReferenced(shelf.state, blob))
            await keeper.lacking(blob, offset + (length ?? 0), error);
          throw error;
        }
      },
      forgetOrphans: async ({ blobs }) => ({ count: await this.#forgetHere(blobs.map(blobIdOf)) }),
      getCopies: async () => {
        // Before: what is applied meanwhile counts against it.
        const applied = this.#options.replica().appliedIndex;
        const { count: missing, bytes: missingBytes } = await fetcher.lacking();
        const { fetchedBytes } = fetcher.status;
        return { applied, missing, missingBytes, fetchedBytes, compared: keeper.compared };
      },
      digestContent: (_, { signal }) =>
        digestContent({ clock: world.clock, shelf, replica: this.#options.replica }, signal),
    };
  }

  async #forget(orphans: readonly BlobId[]): Promise<number> {
    const { isLeader, leader } = this.#members;
    if (isLeader) return this.#forgetHere(orphans);
    const client = leader === undefined ? undefined : this.#members.client(leader);
    if (client === undefined) throw new StatusError('not_leader', 'Cannot forget orphans: no leader is known');
    return (await client.forgetOrphans({ blobs: [...orphans] })).count;
  }
  /** Those that are neither named nor written here: whoever else writes one leads no more, and can publish nothing. */
  async #forgetHere(orphans: readonly BlobId[]): Promise<number> {
    if (!this.#members.isLeader)
      throw new StatusError('not_leader', 'Cannot forget orphans here: this node does not lead');
    const { state } = this.#options.replica();
    const dead = orphans.filter((blob) => !this.#isWritten(blob) && !isReferenced(state, blob));
    if (dead.length > 0) await this.#options.forget(dead);
    return dead.length;
  }
  /** When it does not succeed, the search for orphans finds it. */
  #orphaned(blob: BlobId): void {
    const work = this.#options
      .forget([blob])
      .catch((error: unknown) => this.#options.telemetry.emit({ event: 'orphan_left', level: 'debug', blob, error }))
      .finally(() => this.#background.delete(work));
    this.#background.add(work);
  }

  /**
   * Before the voters change: one who is to vote holds all that its state names, and a majority of those who will vote
   * does. @throws StatusError `version_conflict`: later.
   */
  async admit(next: readonly NodeId[], now: readonly NodeId[]): Promise<void> {
    const states = await Promise.all(next.map(async (id) => [id, await this.#isWhole(id)] as const));
    const whole = new Set(states.filter(([, isWhole]) => isWhole).map(([id]) => id));
    const lacking = next.find((id) => !now.includes(id) && !whole.has(id));
    if (lacking !== undefined)
      throw new StatusError('version_conflict', `Cannot let node "${lacking}" vote: it has not all content yet`);
    if (!hasQuorum({ voters: next, outgoing: [], learners: [], departing: [] }, (id) => whole.has(id)))
      throw new StatusError(
        'version_conflict',
        `Cannot go on with ${next.length} voters: only ${whole.size} of them are known to hold all content`,
      );
  }
  async #isWhole(id: NodeId): Promise<boolean> {
    if (id === this.#members.self) return this.#keeper.compared && (await this.#fetcher.lacking()).count === 0;
    const { appliedIndex } = this.#options.replica();
    const { clock } = this.#options.world;
    const client = this.#members.client(id);
    const endMs = clock.monotonicMs() + askCopiesMs;
    try {
      while (client !== undefined && clock.monotonicMs() < endMs) {
        const told = await client.getCopies({}, { deadlineMs: askCopiesMs, idempotent: true });
        if (told.compared && told.missing === 0 && told.applied >= appliedIndex) return true;
        await pause(clock, askCopiesPauseMs);
      }
      return false;
    } catch (thrown) {
      this.#options.telemetry.emit({ event: 'copies_not_told', level: 'warn', peer: id, error: toStatusError(thrown) });
      return false;
    }
  }

  status(): CopiesStatus {
    const { compared, damagedCount: damaged } = this.#keeper;
    return { ...this.#fetcher.status, pushing: this.#copied.pushing, compared, damaged };
  }
  /** Before the replica closes. */
  async close(): Promise<void> {
    await this.#keeper.close();
    await this.#fetcher.close();
    await this.#copied.close();
    await this.#shelf.close();
    await Promise.all(this.#background);
  }
}
