/** A message as it goes on the wire: in pieces, of which the large ones are the sender's own memory. */
import { GatherWriter } from '@skerry/proto';
import { giveBack } from '@skerry/runtime-world';
import type { Codec, Message } from './method.ts';

export class Encoded {
  readonly length: number;
  readonly pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.length = pieces.reduce((sum, { length }) => sum + length, 0);
  }
  /** A copy in one piece; what was lent of it is given back, so that this is for once. */
  toBuffer(): Buffer {
    const out = Buffer.allocUnsafe(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    this.sent();
    return out;
  }
  /** Nobody needs the pieces any more. */
  sent(): void {
    for (const piece of this.pieces) giveBack(piece);
  }
}

/** Encodes the messages of one stream; bulk is not copied. */
export function bulkEncoder(codec: Codec): (message: Message) => Encoded {
  const writer = new GatherWriter();
  return (message) => {
    codec.encode(message, writer);
    return new Encoded(writer.takePieces());
  };
}
