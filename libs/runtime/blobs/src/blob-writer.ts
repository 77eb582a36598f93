/** Writes one large blob, frame by frame, without copying what it is given. */
import { type BlobId, type Checksum, StatusError, toStatusError } from '@skerry/kernel';
import { type DiskFile, giveBack } from '@skerry/runtime-world';
import { encodeChecksum, encodeSlot, fileOffset, frameSeed, frameSizeBytes, type Slot, slotOffset } from './format.ts';
import type { BlobWriter } from './types.ts';

/** Handed to the disk in one call, at least, while more comes: four frames. */
const writeSizeBytes = 1024 * 1024;
/** Content accepted but not yet written, beyond which `write` waits: bounds memory for each upload. */
export const pendingSizeMaxBytes = 8 * 1024 * 1024;
/** Written content after which a sync starts in the background, so that the last one is short. */
const backgroundSyncBytes = 16 * 1024 * 1024;

/** What the store of blobs does for its writers. */
export type WriterHost = {
  /** Makes the stage's name durable. */
  syncName(): Promise<void>;
  /** Gives the final name, durably. */
  rename(id: BlobId): Promise<void>;
  remove(id: BlobId): Promise<void>;
  closed(id: BlobId): void;
};
/** Where a writer goes on: content length, and the checksum of the partial frame that ends there. */
export type WriterStart = { readonly length: number; readonly checksum: number; readonly slotTurn: number };

export class StageWriter implements BlobWriter {
  readonly id: BlobId;
  readonly #host: WriterHost;
  readonly #checksum: Checksum;
  readonly #file: DiskFile;
  #length: number;
  #durableLength: number;
  /** Content of which the write has ended; always whole frames or a synced partial frame. */
  #writtenLength: number;
  /** Parts of whole frames with their checksums, and of the last, partial frame. */
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #open: Uint8Array[] = [];
  #openChecksum: number;
  #openBytes = 0;
  /** Content handed to the disk; `#ready` begins there. */
  #sentLength: number;
  #slotTurn: number;
  #partial: Slot | undefined;
  #working: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #syncedName = false;
  #failure: StatusError | undefined;
  #ended = false;
  #turn: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];

  /** @param checksum of frames, as the file's header has it. */
  constructor(id: BlobId, file: DiskFile, host: WriterHost, checksum: Checksum, start?: WriterStart) {
    this.id = id;
    this.#checksum = checksum;
    this.#file = file;
    this.#host = host;
    this.#length = this.#durableLength = this.#writtenLength = this.#sentLength = start?.length ?? 0;
    this.#openChecksum = start?.checksum ?? frameSeed(id, 0);
    this.#slotTurn = start?.slotTurn ?? 0;
    this.#partial = start;
  }
  get length(): number {
    return this.#length;
  }
  get durableLength(): number {
    return this.#durableLength;
  }
  /** Checksum of the partial frame that a sync left at this length; undefined when a later sync left another. */
  partialChecksumAt(length: number): number | undefined {
    return this.#partial?.length === length ? this.#partial.checksum : undefined;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertUsable();
    for (let at = 0; at < bytes.length;) {
      const fill = this.#length % frameSizeBytes;
      const part = bytes.subarray(at, at + frameSizeBytes - fill);
      this.#openChecksum = this.#checksum(part, this.#openChecksum);
      this.#open.push(part);
      this.#openBytes += part.length;
      this.#length += part.length;
      at += part.length;
      if (this.#length % frameSizeBytes === 0) this.#closeFrame();
    }
    if (this.#readyBytes >= writeSizeBytes) this.#work();
    if (this.#pendingBytes > pendingSizeMaxBytes) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#assertUsable();
  }
  get #pendingBytes(): number {
    return this.#length - this.#writtenLength;
  }
  #closeFrame(): void {
    this.#ready.push(...this.#open, encodeChecksum(this.#openChecksum));
    this.#readyBytes += this.#openBytes;
    this.#open = [];
    this.#openBytes = 0;
    this.#openChecksum = frameSeed(this.id, this.#length / frameSizeBytes);
  }
  #assertUsable(): void {
    if (this.#ended) throw new StatusError('cancelled', `Cannot write blob ${this.id}: its writer has ended`);
    if (this.#failure !== undefined) throw this.#failure;
  }
  #fail(thrown: unknown): StatusError {
    this.#failure ??= toStatusError(thrown);
    this.#release();
    return this.#failure;
  }
  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Writes whole frames until none is ready; one write at a time, the next gathers meanwhile. */
  #work(): void {
    this.#working ??= this.#writeReady();
  }
  async #writeReady(): Promise<void> {
    try {
      while (this.#ready.length > 0 && this.#failure === undefined) {
        const parts = this.#ready;
        const bytes = this.#readyBytes;
        this.#ready = [];
        this.#readyBytes = 0;
        const offset = fileOffset(this.#sentLength);
        this.#sentLength += bytes;
        await this.#file.write(parts, offset);
        for (const part of parts) giveBack(part);
        this.#writtenLength = this.#sentLength;
        if (this.#pendingBytes <= pendingSizeMaxBytes) this.#release();
        if (this.#writtenLength - this.#durableLength >= backgroundSyncBytes) this.#syncInBackground();
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
    // In the same turn as the last look at what is ready: who comes later starts anew.
    this.#working = undefined;
  }
  #syncInBackground(): void {
    this.#syncing ??= this.#syncFile(this.#writtenLength)
      .catch((thrown: unknown) => {
        this.#fail(thrown);
      })
      .finally(() => {
        this.#syncing = undefined;
      });
  }
  async #syncFile(length: number): Promise<void> {
    await this.#file.sync();
    if (!this.#syncedName) await this.#host.syncName();
    this.#syncedName = true;
    this.#durableLength = Math.max(this.#durableLength, length);
  }

  async sync(): Promise<number> {
    await this.#inTurn(async () => {
      this.#assertUsable();
      await this.#writeAll(true);
    });
    return this.#durableLength;
  }
  /** One sync at a time: who reads the stage for a copy elsewhere syncs it too. */
  #inTurn(body: () => Promise<void>): Promise<void> {
    const run = this.#turn.then(body);
    this.#turn = run.catch(() => undefined);
    return run;
  }
  /** @param goingOn whether more may be written behind a partial frame. */
  async #writeAll(goingOn: boolean): Promise<void> {
    await this.#syncing;
    // A failed write takes nothing more: what is ready then stays ready, and must not be waited for.
    while (this.#failure === undefined && (this.#ready.length > 0 || this.#working !== undefined)) {
      this.#work();
      await this.#working;
    }
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const length = this.#length;
      // No whole frame goes out meanwhile: it would overwrite the partial frame's checksum, in either order.
      this.#working = this.#writePartial(goingOn);
      await this.#working;
      this.#working = undefined;
      await this.#syncFile(length);
      if (this.#readyBytes >= writeSizeBytes) this.#work();
    } catch (thrown) {
      throw this.#fail(thrown);
    }
  }
  async #writePartial(goingOn: boolean): Promise<void> {
    if (this.#openBytes === 0) return;
    const offset = fileOffset(this.#sentLength);
    const parts = [...this.#open, encodeChecksum(this.#openChecksum)];
    this.#partial = { length: this.#length, checksum: this.#openChecksum };
    const slot = encodeSlot(this.#partial);
    this.#sentLength = this.#length;
    this.#open = [];
    this.#openBytes = 0;
    const writes = [this.#file.write(parts, offset)];
    if (goingOn) writes.push(this.#file.write([slot], slotOffset(this.#slotTurn++)));
    await Promise.all(writes);
    this.#writtenLength = Math.max(this.#writtenLength, this.#sentLength);
  }

  async publish(): Promise<void> {
    await this.#inTurn(async () => {
      this.#assertUsable();
      await this.#writeAll(false);
      this.#ended = true;
    });
    await this.#close();
    await this.#host.rename(this.id);
  }
  /** A stage whose disk failed is only closed: what is durable stays. */
  async suspend(): Promise<void> {
    if (this.#ended) return;
    try {
      await this.#inTurn(async () => {
        if (this.#failure === undefined && !this.#ended) await this.#writeAll(true);
      });
    } finally {
      this.#ended = true;
      await this.#close();
    }
  }
  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#ready = [];
    this.#open = [];
    this.#release();
    await this.#close();
    await this.#host.remove(this.id);
  }
  async #close(): Promise<void> {
    await this.#working;
    await this.#syncing;
    await this.#file.close();
    this.#host.closed(this.id);
  }
}
