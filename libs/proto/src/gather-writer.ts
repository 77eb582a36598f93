/**
 * A writer for messages with large `bytes` fields: the generated code's own copies such a field up to four times, this
 * one once, when all is gathered.
 *
 * Source: Protocol Buffers encoding (https://protobuf.dev/programming-guides/encoding/).
 * Assumes: the bytes handed over do not change before {@link GatherWriter.gather}.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';

export { BinaryWriter };

/** Shorter fields are copied at once: below it, a piece of its own costs more than the copy. In bytes. */
export const pieceSizeMinBytes = 2048;

export class GatherWriter extends BinaryWriter {
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  // Where the length of each open submessage goes, and what was gathered before it.
  readonly #open: { readonly slot: number; readonly before: number }[] = [];

  override bytes(value: Uint8Array): this {
    if (value.length < pieceSizeMinBytes) return super.bytes(value);
    this.uint32(value.length);
    this.#cut();
    this.#add(value);
    return this;
  }
  override fork(): this {
    this.#cut();
    this.#open.push({ slot: this.#pieces.length, before: this.#pieceBytes });
    this.#pieces.push(new Uint8Array(0));
    return this;
  }
  override join(): this {
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
  // What the inherited writer holds becomes a piece.
  #cut(): void {
    const written = super.finish();
    if (written.length > 0) this.#add(written);
  }
  #add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
  }
}
