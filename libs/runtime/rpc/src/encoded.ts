/** A message as it goes on the wire: in pieces, of which the large ones are the sender's own memory. */
import { GatherWriter, pieceSizeMinBytes } from '@skerry/proto';
import { giveBack } from '@skerry/runtime-world';
import { prefixSizeBytes } from './message-memory.ts';
import type { Codec, Message } from './method.ts';

export class Encoded {
  readonly length: number;
  readonly pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    let sizeBytes = 0;
    for (const { length } of pieces) sizeBytes += length;
    this.length = sizeBytes;
  }
  /**
   * A copy in one piece; what was lent of it is given back, so that this is for once.
   * @param prefixed with the prefix that gRPC has before a message, which says that it is not compressed
   */
  toBuffer(prefixed = false): Buffer {
    let at = prefixed ? prefixSizeBytes : 0;
    const out = Buffer.allocUnsafe(at + this.length);
    if (prefixed) {
      out[0] = 0;
      out.writeUInt32BE(this.length, 1);
    }
    for (const piece of this.pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    this.sent();
    return out;
  }
  /** Nobody needs the pieces any more. */
  sent(): void {
    // A shorter one is the writer's own. To ask for the memory beneath a small array moves its bytes out of V8's heap,
    // which took a fiftieth of a leader's time.
    for (const piece of this.pieces) if (piece.length >= pieceSizeMinBytes) giveBack(piece);
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
