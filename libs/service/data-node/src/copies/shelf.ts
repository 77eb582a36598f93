/** What this node holds of each blob, and who of the copies' parts writes it: one at a time. */
import { type BlobId, type OrderedReader, StatusError, toStatusError } from '@skerry/kernel';
import { isDead } from '@skerry/domain-file-tree';
import type { BlobWriter, CopyKeeper, Held } from '@skerry/runtime-blobs';
import type { Replica } from '@skerry/runtime-replica';

export type Claim = {
  /** Aborts when another one takes the blob over, or it was forgotten. */
  readonly signal: AbortSignal;
  release(): void;
};
type Claimed = { readonly abort: AbortController; readonly released: Promise<void> };

export class Shelf {
  readonly blobs: CopyKeeper;
  readonly #replica: () => Replica;
  /** Lengths of stages that nobody writes and that need not be verified: they were left whole in this life. */
  readonly #sound = new Map<BlobId, number>();
  readonly #recovering = new Map<BlobId, Promise<number | undefined>>();
  readonly #claimed = new Map<BlobId, Claimed>();
  readonly #released: () => void;
  #closing: StatusError | undefined;

  /** @param released told whenever a claim ends, whoever held it: what it left may have to be fetched. */
  constructor(blobs: CopyKeeper, replica: () => Replica, released: () => void) {
    this.blobs = blobs;
    this.#replica = replica;
    this.#released = released;
  }
  get state(): OrderedReader {
    return this.#replica().state;
  }

  /** Sound bytes here. A stage that a crash may have torn is verified, and cut, first. */
  async held(blob: BlobId): Promise<Held | undefined> {
    const held = await this.blobs.describe(blob);
    if (held?.kind !== 'stage') return held;
    const lengthBytes = this.#sound.get(blob) ?? (await this.#recover(blob));
    return lengthBytes === undefined ? undefined : { kind: 'stage', lengthBytes };
  }
  async #recover(blob: BlobId): Promise<number | undefined> {
    let recovering = this.#recovering.get(blob);
    if (recovering === undefined) {
      recovering = this.blobs.recover(blob).finally(() => this.#recovering.delete(blob));
      this.#recovering.set(blob, recovering);
    }
    try {
      const length = await recovering;
      if (length !== undefined) this.#sound.set(blob, length);
      return length;
    } catch (thrown) {
      // Removed, or taken up by a writer, meanwhile.
      const { reason } = toStatusError(thrown);
      if (reason === 'no_such_entry' || reason === 'entry_exists') return undefined;
      throw thrown;
    }
  }

  isClaimed(blob: BlobId): boolean {
    return this.#claimed.has(blob);
  }
  /** In the place of whoever writes it. @throws StatusError `shutting_down`. */
  async claim(blob: BlobId): Promise<Claim> {
    for (let before = this.#claimed.get(blob); before !== undefined; before = this.#claimed.get(blob)) {
      before.abort.abort(new StatusError('fenced', `Cannot go on with blob ${blob}: another stream of it came`));
      await before.released;
    }
    return this.#hold(blob);
  }
  /** Undefined: somebody writes it. */
  tryClaim(blob: BlobId): Claim | undefined {
    return this.#claimed.has(blob) ? undefined : this.#hold(blob);
  }
  #hold(blob: BlobId): Claim {
    if (this.#closing !== undefined) throw this.#closing;
    const abort = new AbortController();
    let resolve = (): void => undefined;
    const released = new Promise<void>((done) => (resolve = done));
    const claimed = { abort, released };
    this.#claimed.set(blob, claimed);
    const release = (): void => {
      if (this.#claimed.get(blob) === claimed) this.#claimed.delete(blob);
      resolve();
      this.#released();
    };
    return { signal: abort.signal, release };
  }

  /** Goes on with what is there. Only for who claimed it, and only where no final copy is. */
  async open(blob: BlobId, held: Held | undefined): Promise<BlobWriter> {
    if (held === undefined) return this.blobs.create(blob);
    const writer = await this.blobs.resume(blob, held.lengthBytes);
    this.#sound.delete(blob);
    return writer;
  }
  /** The writer ended without a final name: what came stays, unless the blob is dead. */
  async leave(writer: BlobWriter): Promise<void> {
    await writer.suspend();
    this.noteSound(writer.id, writer.durableLength);
    this.dropIfDead(writer.id);
  }
  noteSound(blob: BlobId, lengthBytes: number): void {
    this.#sound.set(blob, lengthBytes);
  }
  /** What the log's `forget` could not remove, since somebody wrote it. */
  dropIfDead(blob: BlobId): void {
    if (isDead(this.state, blob)) this.drop(blob);
  }
  /** Removes this node's copy: the blob is dead everywhere. */
  drop(blob: BlobId): void {
    this.#sound.delete(blob);
    this.#replica().changeLocal((local) => this.blobs.forget(blob, local));
  }
  /** The log said so: whoever writes it ends. */
  forgotten(blob: BlobId): void {
    this.#sound.delete(blob);
    this.#claimed
      .get(blob)
      ?.abort.abort(new StatusError('blob_dead', `Cannot go on with blob ${blob}: it was removed`));
  }
  /** A copy does not match its checksums: it is read no more. */
  async setAside(blob: BlobId, held: Held): Promise<void> {
    this.#sound.delete(blob);
    if (held.kind === 'small') this.#replica().changeLocal((local) => this.blobs.forget(blob, local));
    else await this.blobs.setAside(blob);
  }
  async close(): Promise<void> {
    this.#closing = new StatusError('shutting_down', 'Cannot go on with the copy: this node shuts down');
    const claimed = [...this.#claimed.values()];
    for (const { abort } of claimed) abort.abort(this.#closing);
    await Promise.all(claimed.map(({ released }) => released));
  }
}
