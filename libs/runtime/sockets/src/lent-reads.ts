/** Memory of a socket's reads, one read behind the other in lent blocks, so that a chunk is a view and never a copy. */
import { type Block, takeBlock } from '@skerry/runtime-world';
import type { OwnMemory } from './own-memory.ts';

/** First memory, in bytes: a small file needs no more, and what ends here takes no block. */
const firstSizeBytes = 16 * 1024;
/** Of a block: what a chunk between nodes may have at most. */
const usedBytesMax = 1024 * 1024;
/** With less room than this the next read begins a new block: small reads cost more than the waste. */
const roomMinBytes = 64 * 1024;

/** `end`: nothing more is read. */
export function lentReads(onChunk: (chunk: Uint8Array) => boolean): OwnMemory & { readonly end: () => void } {
  let memory: Uint8Array = Buffer.allocUnsafeSlow(firstSizeBytes);
  let block: Block | undefined;
  let used = 0;
  return {
    buffer: () => {
      if (memory.length - used < Math.min(roomMinBytes, memory.length / 2)) {
        block?.end();
        block = takeBlock();
        memory = block.bytes.subarray(0, usedBytesMax);
        used = 0;
      }
      return memory.subarray(used);
    },
    callback: (size) => {
      const chunk = block?.lend(used, used + size) ?? memory.subarray(used, used + size);
      used += size;
      return onChunk(chunk);
    },
    // The block that no more is read into: kept by nobody but us.
    end: () => block?.end(),
  };
}
