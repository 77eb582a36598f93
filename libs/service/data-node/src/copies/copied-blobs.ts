/** Content as the data role sees it: written to a majority, read from wherever it is. Alone it is this node's own. */
import { quorumLost } from '@skerry/cluster-raft';
import { type BlobId, type NodeId, type OrderedWriter, StatusError, toStatusError } from '@skerry/kernel';
import type { Blobs, BlobWriter, CopyKeeper } from '@skerry/runtime-blobs';
import type { ChunkChecksums } from '@skerry/runtime-rpc';
import type { Clock } from '@skerry/runtime-world';
import { CopiedWriter } from './copied-writer.ts';
import { fetchFrom } from './fetch.ts';
import { lingeringPushCountMax } from './limits.ts';
import type { Members } from './members.ts';
import { Progress } from './progress.ts';
import { Push } from './push.ts';
import type { Shelf } from './shelf.ts';

type Range = { readonly offset: number; readonly length: number };
export type CopiedBlobsParts = {
  readonly clock: Clock;
  readonly checksums: ChunkChecksums;
  readonly members: Members;
  readonly shelf: Shelf;
  pushFailed(peer: string, blob: BlobId, error: StatusError): void;
  orphaned(blob: BlobId): void;
  /** What was read here is missing or damaged. */
  lacking(blob: BlobId, end: number, error: StatusError): Promise<void>;
  proxied(bytes: number): void;
};

export class CopiedBlobs implements Blobs {
  readonly #parts: CopiedBlobsParts;
  readonly #local: CopyKeeper;
  readonly #pushes = new Set<Push>();
  /** Of published blobs, oldest first. */
  readonly #lingering = new Set<Push>();

  constructor(parts: CopiedBlobsParts) {
    this.#parts = parts;
    this.#local = parts.shelf.blobs;
  }

  /** Followers that are being fed, each with one blob. */
  get pushing(): number {
    return this.#pushes.size;
  }

  async create(id: BlobId): Promise<BlobWriter> {
    const local = await this.#local.create(id);
    const { members } = this.#parts;
    // Learners too: while uploads go on, one that had to fetch each afterwards would never have all.
    return members.alone ? local : this.#copied(local, members.others());
  }
  #copied(local: BlobWriter, peers: readonly NodeId[]): BlobWriter {
    const { clock, checksums, members, shelf, orphaned, pushFailed } = this.#parts;
    const { crc32 } = checksums;
    const progress = new Progress(clock);
    const source = {
      blob: local.id,
      length: () => local.length,
      read: (from: number, to: number) => this.#local.read(local.id, { offset: from, length: to - from }),
    };
    const client = members.client.bind(members);
    const pushes: Push[] = [];
    const isNeeded = (push: Push): boolean => {
      const others = pushes.filter((other) => other !== push && other.isKeepingUp);
      return quorumLost(members.configuration, (id) => id !== members.self && !others.some(({ peer }) => peer === id));
    };
    const parts = { clock, crc32, progress, client, isNeeded, failed: pushFailed };
    for (const peer of peers) pushes.push(new Push(parts, peer, source));
    for (const push of pushes) this.#watch(push);
    return new CopiedWriter(
      {
        crc32,
        progress,
        self: members.self,
        configuration: () => members.configuration,
        isLeader: () => members.isLeader,
        left: (blob, lengthBytes) => {
          shelf.noteSound(blob, lengthBytes);
          shelf.dropIfDead(blob);
        },
        orphaned,
        published: (those) => this.#linger(those),
      },
      local,
      pushes,
    );
  }
  #watch(push: Push): void {
    this.#pushes.add(push);
    void push.ended.finally(() => {
      this.#pushes.delete(push);
      this.#lingering.delete(push);
    });
  }
  #linger(pushes: readonly Push[]): void {
    for (const push of pushes) if (this.#pushes.has(push)) this.#lingering.add(push);
    for (const oldest of this.#lingering) {
      if (this.#lingering.size <= lingeringPushCountMax) return;
      this.#lingering.delete(oldest);
      oldest.stop();
    }
  }

  /**
   * In a group a blob has one writer in its life, so that what any node has of it is right: whoever goes on with what
   * was left of an upload shares it, and writes a new one. @throws StatusError `no_such_entry`: none that goes on.
   */
  async resume(id: BlobId, length: number): Promise<BlobWriter> {
    const { members, shelf } = this.#parts;
    if (members.alone) return this.#local.resume(id, length);
    const claim = shelf.tryClaim(id);
    try {
      const held = claim === undefined ? undefined : await shelf.held(id);
      // Here it gets its final name, so that it need not be verified after a crash. Who lacks it is told by the log.
      if (held?.kind === 'stage' && held.lengthBytes >= length) await (await this.#local.resume(id, length)).publish();
    } finally {
      claim?.release();
    }
    throw new StatusError('no_such_entry', `Cannot go on with blob ${id}: it has its final length, ${length} bytes`);
  }

  read(id: BlobId, range: Range): AsyncIterable<Uint8Array> {
    return this.#parts.members.alone ? this.#local.read(id, range) : this.#read(id, range);
  }
  async *#read(id: BlobId, range: Range): AsyncGenerator<Uint8Array, void, undefined> {
    const end = range.offset + range.length;
    let given = 0;
    let failure: StatusError;
    try {
      const held = await this.#local.describe(id);
      // A copy on its way here is not waited for.
      if (held === undefined || (held.kind === 'writing' && held.lengthBytes < end))
        throw new StatusError('no_such_entry', `Cannot read blob ${id} to byte ${end} here: it is not here yet`);
      for await (const bytes of this.#local.read(id, range)) {
        given += bytes.length;
        yield bytes;
      }
      return;
    } catch (thrown) {
      failure = toStatusError(thrown);
      // `cancelled`: its writer ended in this moment.
      if (!['no_such_entry', 'corrupt', 'cancelled'].includes(failure.reason)) throw thrown;
    }
    await this.#parts.lacking(id, end, failure);
    yield* this.#readElsewhere(id, { offset: range.offset + given, length: range.length - given }, failure);
  }
  async *#readElsewhere(id: BlobId, range: Range, failure: StatusError): AsyncGenerator<Uint8Array, void, undefined> {
    const { members, checksums, proxied } = this.#parts;
    let { offset, length } = range;
    for (const peer of members.others()) {
      const client = members.client(peer);
      if (client === undefined) continue;
      try {
        const { content } = await fetchFrom(client, { blob: id, offset, length }, checksums);
        for await (const bytes of content) {
          offset += bytes.length;
          length -= bytes.length;
          proxied(bytes.length);
          yield bytes;
        }
      } catch {
        // The next one is asked; if nobody has it, what was wrong here is told.
        continue;
      }
      if (length === 0) return;
    }
    throw failure;
  }

  pin(id: BlobId): () => void {
    return this.#local.pin(id);
  }
  putSmall(id: BlobId, content: Uint8Array, local: OrderedWriter): void {
    this.#local.putSmall(id, content, local);
  }
  forget(id: BlobId, local: OrderedWriter): void {
    this.#local.forget(id, local);
  }
  sync(): Promise<void> {
    return this.#local.sync();
  }
  list(): ReturnType<Blobs['list']> {
    return this.#local.list();
  }
  scrub(signal?: AbortSignal): ReturnType<Blobs['scrub']> {
    return this.#local.scrub(signal);
  }
  /** Ends all streams to others; the content itself is closed by who opened it. */
  async close(): Promise<void> {
    for (const push of this.#pushes) push.stop();
    await Promise.all([...this.#pushes].map(({ ended }) => ended));
  }
}
