/**
 * A writer for messages with large `bytes` fields: the generated code's own copies such a field up to four times, this
 * one once, when all is gathered.
 *
 * Source: Protocol Buffers encoding (https://protobuf.dev/programming-guides/encoding/).
 * Assumes: the bytes handed over do not change before {@link GatherWriter.gather}.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { noBytes } from './wire.ts';

export { BinaryWriter };

/** Shorter fields are copied at once: below it, a piece of its own costs more than the copy. In bytes. */
export const pieceSizeMinBytes = 2048;

export class GatherWriter extends BinaryWriter {
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  // Places in the inherited writer of the submessages that are open there: its own way, as long as no large field comes.
  readonly #inherited: number[] = [];
  // Of those around a large field: where the length goes, and what was gathered before it.
  readonly #open: { readonly slot: number; readonly before: number }[] = [];

  override bytes(value: Uint8Array): this {
    if (value.length < pieceSizeMinBytes) return super.bytes(value);
    this.uint32(value.length);
    this.#cut();
    this.#add(value);
    return this;
  }
  /** The inherited one makes a BigInt of each. */
  override uint64(value: string | number | bigint): this {
    return typeof value === 'number' && value >= 0 && value <= uint32Max && Number.isInteger(value)
      ? this.uint32(value)
      : super.uint64(value);
  }
  override fork(): this {
    this.#inherited.push(this.#position);
    return super.fork();
  }
  override join(): this {
    if (this.#inherited.pop() !== undefined) return super.join();
    const opened = this.#open.pop();
    if (opened === undefined) throw new Error('join without fork');
    this.#cut();
    super.uint32(this.#pieceBytes - opened.before);
    const length = super.finish();
    this.#pieces[opened.slot] = length;
    this.#pieceBytes += length.length;
    return this;
  }
  override finish(): Uint8Array<ArrayBuffer> {
    return this.gather((size) => new Uint8Array(size));
  }
  /** All that was written, copied once into what `allocate` gives for its size in bytes; the writer is empty afterwards. */
  gather<B extends Uint8Array>(allocate: (sizeBytes: number) => B): B {
    this.#cut();
    const out = allocate(this.#pieceBytes);
    let at = 0;
    for (const piece of this.takePieces()) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }
  /** The same, not copied: large fields are the very memory that was handed over. */
  takePieces(): readonly Uint8Array[] {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    return pieces;
  }
  // The inherited class has no other way to say it; were it named otherwise one day, this would not compile.
  get #position(): number {
    // oxlint-disable-next-line typescript/dot-notation
    return this['pos'];
  }
  // What the inherited writer holds becomes pieces: a new one where the length of a submessage goes.
  #cut(): void {
    const written = super.finish();
    let from = 0;
    for (const fork of this.#inherited) {
      if (fork > from) this.#add(written.subarray(from, fork));
      this.#open.push({ slot: this.#pieces.length, before: this.#pieceBytes });
      this.#pieces.push(noBytes);
      from = fork + lengthRoomBytes;
    }
    this.#inherited.length = 0;
    if (written.length > from) this.#add(from === 0 ? written : written.subarray(from));
  }
  #add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
  }
}

const uint32Max = 2 ** 32 - 1;
/** What the inherited writer leaves free for the length of a submessage that it opens. */
const lengthRoomBytes = 1;
