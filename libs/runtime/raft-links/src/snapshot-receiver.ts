/** The receiving side of one snapshot's call. */
import { StatusError, toStatusError } from '@skerry/kernel';
import type { raft } from '@skerry/proto';
import { verifiedBytes } from '@skerry/runtime-rpc';
import { snapshotChunkMaxBytes } from './limits.ts';
import type { Member } from './member.ts';
import type { SnapshotOffer } from './types.ts';
import { giveBack, Wake } from '@skerry/runtime-world';

export type SnapshotParts = AsyncIterator<Pick<raft.SendSnapshotRequest, 'part'>, unknown>;
export type SnapshotAnswer = { readonly nextChunk: number | undefined; readonly done: boolean };

export class SnapshotReceiver {
  readonly offer: SnapshotOffer;
  /** Resolves when the member has nothing of it in hand. */
  readonly finished: Promise<void>;
  readonly #member: Member;
  readonly #parts: SnapshotParts;
  readonly #wake = new Wake();
  readonly #cutting: Promise<never>;
  #cut: (failure: unknown) => void = () => undefined;
  #nextChunk = 0;
  #begun = false;
  #done = false;
  #failure: { readonly thrown: unknown } | undefined;
  /** There is an answer to give. */
  #news = false;
  /** Since when the sender is waited for; undefined: it is this side that is at work. */
  #waitingSinceMs: number | undefined;

  /** @param before the call that this one takes the place of. */
  constructor(member: Member, offer: SnapshotOffer, parts: SnapshotParts, before: Promise<void> | undefined) {
    this.#member = member;
    this.offer = offer;
    this.#parts = parts;
    this.#cutting = new Promise((_, reject) => {
      this.#cut = reject;
    });
    this.#cutting.catch(() => undefined);
    this.finished = this.#work(before).then(
      () => this.#tell({ done: true }),
      (thrown: unknown) => this.cut(thrown),
    );
  }
  cut(thrown: unknown): void {
    if (this.#failure !== undefined || this.#done) return;
    this.#failure = { thrown };
    this.#cut(thrown);
    this.#wake.wake();
  }
  /**
   * One for each chunk that is kept, and one now and then. To be read once, to its end.
   * @throws StatusError `fenced` when the member refuses; why it was cut; what the handler threw.
   */
  async *answers(): AsyncGenerator<SnapshotAnswer, void> {
    const { world, limits } = this.#member;
    for (;;) {
      if (!this.#news && this.#failure === undefined)
        await this.#wake.rest(world.clock, limits.snapshotProgressIntervalMs);
      this.#checkSilence();
      if (this.#failure !== undefined) throw this.#failure.thrown;
      this.#news = false;
      yield { nextChunk: this.#begun ? this.#nextChunk : undefined, done: this.#done };
      if (this.#done) return;
    }
  }

  async #work(before: Promise<void> | undefined): Promise<void> {
    const { handler } = this.#member;
    const { id, from } = this.offer;
    await before;
    this.#stopIfCut();
    const begun = await handler.beginSnapshot(this.offer);
    if (begun === undefined) throw new StatusError('fenced', `Cannot take snapshot "${id}" of "${from}": not wanted`);
    this.#begun = true;
    this.#tell(begun);
    for (;;) {
      this.#stopIfCut();
      const part = await this.#next();
      if (part?.$case === 'chunk') {
        const bytes = this.#bytesOf(part.value);
        // Not as a Buffer, whose `slice` is no copy: whoever keeps one would see later chunks in it.
        const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
        await handler.snapshotChunk(id, this.#nextChunk, plain);
        // A large one lies in a block of a mebibyte: dropped, thousands of them would wait for a collection of garbage
        // that nothing calls for, since next to nothing of it is in V8's own heap.
        giveBack(bytes);
        this.#tell({ nextChunk: this.#nextChunk + 1 });
        continue;
      }
      if (part?.$case !== 'end' || part.value.chunkCount !== this.#nextChunk)
        throw this.#refused(`Cannot take snapshot "${id}" of "${from}": no end after ${this.#nextChunk} chunks`);
      return handler.endSnapshot(id, this.#nextChunk);
    }
  }
  async #next(): Promise<raft.SendSnapshotRequest['part']> {
    this.#waitingSinceMs = this.#member.world.clock.monotonicMs();
    const step = await Promise.race([this.#parts.next(), this.#cutting]);
    this.#waitingSinceMs = undefined;
    if (step.done === true)
      throw new StatusError('cancelled', `Cannot take snapshot "${this.offer.id}": its sender ended the call`);
    return step.value.part;
  }
  #bytesOf({ number, chunk }: raft.SnapshotChunk): Uint8Array {
    const { id, from } = this.offer;
    if (number !== this.#nextChunk || chunk === undefined || chunk.data.length > snapshotChunkMaxBytes)
      throw this.#refused(
        `Cannot take chunk ${number} of ${chunk?.data.length ?? 0} bytes of snapshot "${id}" of "${from}": ` +
          `wanted chunk ${this.#nextChunk} of at most ${snapshotChunkMaxBytes}`,
      );
    try {
      return verifiedBytes(chunk, this.#member.world);
    } catch (thrown) {
      throw this.#refused(toStatusError(thrown).message, 'corrupt');
    }
  }
  #refused(text: string, why: 'malformed' | 'corrupt' = 'malformed'): StatusError {
    const failure = new StatusError(why, text);
    const { refusals, identity } = this.#member;
    refusals.refuse('snapshot', identity.group, this.offer.from, failure);
    return failure;
  }
  #stopIfCut(): void {
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }
  #tell({ nextChunk = this.#nextChunk, done = false }: { readonly nextChunk?: number; readonly done?: boolean }): void {
    this.#nextChunk = nextChunk;
    this.#done = done;
    this.#news = true;
    this.#wake.wake();
  }
  #checkSilence(): void {
    const { world, limits } = this.#member;
    const since = this.#waitingSinceMs;
    if (since === undefined || world.clock.monotonicMs() - since < limits.snapshotSilenceMaxMs) return;
    const { id, from } = this.offer;
    this.cut(new StatusError('stalled', `Cannot take snapshot "${id}": "${from}" was silent`));
  }
}
