/** The other end of a push: a blob that comes from the node that takes the upload. */
import { BlobId, isHexId, StatusError, toStatusError } from '@skerry/kernel';
import { isDead } from '@skerry/domain-file-tree';
import type { copies } from '@skerry/proto';
import type { BlobWriter } from '@skerry/runtime-blobs';
import { type CallContext, type ChunkChecksums, verifiedBytes } from '@skerry/runtime-rpc';
import { untilAborted } from '../cuttable.ts';
import type { Shelf } from './shelf.ts';

type Answer = Pick<copies.PushResponse, 'length' | 'published'>;
export type ReceiverParts = {
  readonly shelf: Shelf;
  readonly checksums: ChunkChecksums;
  received(bytes: number): void;
};

/** @throws StatusError `malformed`. */
export function blobIdOf(text: string): BlobId {
  if (!isHexId(text)) throw new StatusError('malformed', 'Cannot read blob id: it must be 32 hexadecimal digits');
  return BlobId(text);
}

export async function* receive(
  parts: ReceiverParts,
  requests: AsyncIterable<copies.PushRequest>,
  context: CallContext,
): AsyncGenerator<Answer, void, undefined> {
  const { shelf } = parts;
  const iterator = requests[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true || first.value.part?.$case !== 'start')
    throw new StatusError('malformed', 'Cannot take copy: the stream begins without its start');
  const blob = blobIdOf(first.value.part.value.blob);
  const claim = await shelf.claim(blob);
  try {
    if (isDead(shelf.state, blob)) throw new StatusError('blob_dead', `Cannot take blob ${blob}: it was removed`);
    const held = await shelf.held(blob);
    if (held?.kind === 'published' || held?.kind === 'small') {
      yield { length: held.lengthBytes, published: true };
      return;
    }
    const writer = await shelf.open(blob, held);
    const rest = { [Symbol.asyncIterator]: () => iterator };
    yield* new Receiving(parts, writer).run(rest, [claim.signal, context.signal]);
  } finally {
    claim.release();
  }
}

/** One stream: content is taken while answers wait to be read. */
class Receiving {
  readonly #parts: ReceiverParts;
  readonly #writer: BlobWriter;
  #answer: Answer | undefined;
  #published = false;
  #done = false;
  #failure: StatusError | undefined;
  #syncing: Promise<void> | undefined;
  #syncAgain = false;
  #wake = (): void => undefined;

  constructor(parts: ReceiverParts, writer: BlobWriter) {
    this.#parts = parts;
    this.#writer = writer;
  }

  async *run(
    requests: AsyncIterable<copies.PushRequest>,
    signals: readonly AbortSignal[],
  ): AsyncGenerator<Answer, void, undefined> {
    const stop = new AbortController();
    const taking = this.#take(untilAborted(requests, stop.signal, ...signals)).then(
      () => this.#end(undefined),
      (thrown: unknown) => this.#end(toStatusError(thrown)),
    );
    try {
      yield { length: this.#writer.durableLength, published: false };
      while (true) {
        const answer = this.#answer;
        this.#answer = undefined;
        if (answer !== undefined) yield answer;
        else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#done) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      stop.abort(new StatusError('cancelled', 'The stream of a copy was left'));
      await taking;
      await this.#syncing;
      if (!this.#published) await this.#parts.shelf.leave(this.#writer);
      else this.#parts.shelf.dropIfDead(this.#writer.id);
    }
  }
  #end(failure: StatusError | undefined): void {
    this.#failure ??= failure;
    this.#done = true;
    this.#wake();
  }
  #tell(answer: Answer): void {
    this.#answer = answer;
    this.#wake();
  }

  async #take(requests: AsyncIterable<copies.PushRequest>): Promise<void> {
    for await (const { part } of requests) {
      if (this.#failure !== undefined) throw this.#failure;
      switch (part?.$case) {
        case 'chunk': {
          const bytes = verifiedBytes(part.value, this.#parts.checksums);
          this.#parts.received(bytes.length);
          await this.#writer.write(bytes);
          break;
        }
        case 'sync':
          this.#sync();
          break;
        case 'publish':
          return this.#publish(part.value.length);
        case 'start':
        case undefined:
          throw new StatusError('malformed', `Cannot go on with copy: got ${part?.$case ?? 'nothing'}`);
      }
    }
  }
  /** Beside the taking: content flows on while the disk syncs. */
  #sync(): void {
    this.#syncAgain = true;
    this.#syncing ??= this.#syncAll();
  }
  async #syncAll(): Promise<void> {
    try {
      while (this.#syncAgain) {
        this.#syncAgain = false;
        this.#tell({ length: await this.#writer.sync(), published: false });
      }
    } catch (thrown) {
      this.#end(toStatusError(thrown));
    } finally {
      // In the same turn as the last look whether to go on: what is asked for next begins anew.
      this.#syncing = undefined;
    }
  }
  async #publish(length: number): Promise<void> {
    await this.#syncing;
    const { id, length: came } = this.#writer;
    if (came !== length)
      throw new StatusError('corrupt', `Cannot publish blob ${id}: ${length} bytes were announced, ${came} came`);
    await this.#writer.publish();
    this.#published = true;
    this.#tell({ length, published: true });
  }
}
