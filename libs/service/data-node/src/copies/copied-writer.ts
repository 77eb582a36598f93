/** A blob that is written here and, at the same time, at the other voters: durable is what a majority has on disk. */
import { type Configuration, quorumLost, quorumValue } from '@skerry/cluster-raft';
import { type BlobId, type Checksum, type NodeId, StatusError } from '@skerry/kernel';
import type { BlobWriter } from '@skerry/runtime-blobs';
import { chunkOf } from '@skerry/runtime-rpc';
import { majorityWaitMs, suspendWaitMs } from './limits.ts';
import type { Progress } from './progress.ts';
import type { Push } from './push.ts';

export type WriterParts = {
  readonly crc32: Checksum;
  readonly progress: Progress;
  readonly self: NodeId;
  configuration(): Configuration;
  isLeader(): boolean;
  /** The stage was left, with so much in it. */
  left(blob: BlobId, lengthBytes: number): void;
  /** The blob has its final name; these followers may not have it all. */
  published(pushes: readonly Push[]): void;
  /** The upload is of no use to anybody: its blob is to be marked dead if nothing refers to it. */
  orphaned(blob: BlobId): void;
};

export class CopiedWriter implements BlobWriter {
  readonly #parts: WriterParts;
  readonly #local: BlobWriter;
  readonly #pushes: readonly Push[];
  #ended = false;

  constructor(parts: WriterParts, local: BlobWriter, pushes: readonly Push[]) {
    this.#parts = parts;
    this.#local = local;
    this.#pushes = pushes;
  }
  get id(): BlobId {
    return this.#local.id;
  }
  get length(): number {
    return this.#local.length;
  }
  get durableLength(): number {
    const reached = quorumValue(this.#parts.configuration(), (id) => this.#durableAt(id));
    return Math.min(reached, this.#local.durableLength);
  }
  #durableAt(id: NodeId): number {
    if (id === this.#parts.self) return this.#local.durableLength;
    return this.#pushes.find(({ peer }) => peer === id)?.durableLength ?? 0;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertLeads();
    const at = this.#local.length;
    const chunk = onceChecked(bytes, this.#parts.crc32);
    // Before the disk gives it back.
    for (const push of this.#pushes) push.offer(at, chunk);
    const written = this.#local.write(bytes);
    await written;
    await this.#untilMajority((push) => push.isNear, majorityWaitMs);
  }
  #assertLeads(): void {
    if (!this.#parts.isLeader())
      throw new StatusError('not_leader', 'Cannot go on with the upload: this node leads the data nodes no more');
  }

  async sync(): Promise<number> {
    const { length } = this.#local;
    for (const push of this.#pushes) push.sync(length);
    await Promise.all([
      this.#local.sync().then(() => this.#parts.progress.touch()),
      this.#untilDurable(length, majorityWaitMs),
    ]);
    return length;
  }
  #untilDurable(length: number, stallMs: number): Promise<void> {
    const isThere = (): boolean => quorumValue(this.#parts.configuration(), (id) => this.#durableAt(id)) >= length;
    return this.#until(isThere, (push) => push.durableLength >= length, stallMs);
  }
  /** Until so many followers fulfil it that, with this node, they are a majority. */
  #untilMajority(fulfils: (push: Push) => boolean, stallMs: number): Promise<void> {
    const isLacking = (id: NodeId): boolean =>
      id !== this.#parts.self && !this.#pushes.some((push) => push.peer === id && fulfils(push));
    return this.#until(() => !quorumLost(this.#parts.configuration(), isLacking), fulfils, stallMs);
  }
  #until(holds: () => boolean, fulfils: (push: Push) => boolean, stallMs: number): Promise<void> {
    return this.#parts.progress.until(holds, {
      stallMs,
      hopeless: () => this.#hopeless(fulfils),
      late: () => this.#lacking(`within ${stallMs} ms`),
    });
  }
  /** Those that have given up are too many. */
  #hopeless(fulfils: (push: Push) => boolean): StatusError | undefined {
    const failed = this.#pushes.filter((push) => push.failure !== undefined && !fulfils(push));
    if (!quorumLost(this.#parts.configuration(), (id) => failed.some(({ peer }) => peer === id))) return undefined;
    const failure = failed[0]?.failure;
    if (failure?.reason === 'disk_full') return failure;
    // The log forgot it, since its stage was dropped: here it is known a moment later.
    if (failure?.reason === 'blob_dead') return new StatusError('fenced', failure.message);
    return this.#lacking(failure?.message ?? '');
  }
  #lacking(why: string): StatusError {
    const { voters } = this.#parts.configuration();
    return new StatusError(
      'no_node',
      `Cannot store blob ${this.id}: too few of the ${voters.length} data nodes have its ${this.length} bytes ${why}`,
    );
  }

  async publish(): Promise<void> {
    await this.sync();
    this.#assertLeads();
    await this.#local.publish();
    this.#ended = true;
    for (const push of this.#pushes) push.publish(this.#local.length);
    this.#parts.published(this.#pushes);
  }
  /** What came is to be a stage: followers get a moment to have it all. */
  async suspend(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { length } = this.#local;
    for (const push of this.#pushes) push.sync(length);
    try {
      await this.#local.suspend();
      this.#parts.left(this.id, this.#local.durableLength);
      // The stage is as long as a majority has it, whatever that is.
      await this.#untilDurable(this.#local.durableLength, suspendWaitMs).catch(() => undefined);
    } finally {
      for (const push of this.#pushes) push.stop();
    }
  }
  /**
   * Not removed: the log may name the blob though this node was not told so. It goes when the log says that nothing
   * refers to it.
   */
  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    for (const push of this.#pushes) push.stop();
    await this.#local.suspend();
    this.#parts.left(this.id, this.#local.durableLength);
    this.#parts.orphaned(this.id);
  }
}

/** Its checksum is made once, for all followers. */
function onceChecked(bytes: Uint8Array, crc32: Checksum): ReturnType<typeof chunkOf> {
  let made: number | undefined;
  return chunkOf(bytes, (data, seed) => (made ??= crc32(data, seed)));
}
