/**
 * Large blocks of memory for bulk content, lent as views and used again when all of a block's views came back.
 *
 * Why: a fresh mebibyte for each mebibyte that passes makes V8 collect its whole heap some twenty times for a gibibyte
 * (memory outside its heap counts), and the kernel clear as many pages. Whoever does not give a view back does no harm:
 * its block is garbage when the last view is. Whoever does must be its last holder.
 */
import { assert } from '@skerry/kernel';

/** Of a block: a mebibyte, and room for the checksums between its frames on disk. */
export const blockSizeBytes = 1024 * 1024 + 4096;
/** Blocks kept for the next who wants one: a few transfers' worth. More are left to the garbage collector. */
export const blocksKeptMax = 16;

export class Block {
  readonly bytes: Uint8Array;
  #lentBytes = 0;
  #ended = false;
  #message = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  /** A view that its holder may give back once. */
  lend(from: number, to: number): Uint8Array {
    assert(!this.#ended, 'a block that was ended lends no more');
    this.#lentBytes += to - from;
    return this.bytes.subarray(from, to);
  }
  /** What was lent has one more holder, who gives it back as well. */
  lendAgain(sizeBytes: number): void {
    assert(this.#lentBytes >= sizeBytes, 'what is lent again must be lent');
    this.#lentBytes += sizeBytes;
  }
  /** The first so many bytes are one message, of which its holder may only want a part: see {@link narrowTo}. */
  lendMessage(sizeBytes: number): void {
    assert(!this.#ended && this.#lentBytes === 0, 'a message has its block alone');
    this.#lentBytes = sizeBytes;
    this.#ended = true;
    this.#message = true;
  }
  narrow(sizeBytes: number): void {
    if (!this.#message) return;
    this.#message = false;
    this.back(this.#lentBytes - sizeBytes);
  }
  /** Nothing more of it will be lent. */
  end(): void {
    this.#ended = true;
    this.#keep();
  }
  back(sizeBytes: number): void {
    this.#lentBytes -= sizeBytes;
    assert(this.#lentBytes >= 0, 'more of a block came back than was lent');
    this.#keep();
  }
  #keep(): void {
    if (!this.#ended || this.#lentBytes > 0) return;
    owners.delete(this.bytes.buffer);
    if (free.length < blocksKeptMax) free.push(this.bytes);
  }
}

const free: Uint8Array[] = [];
const owners = new WeakMap<ArrayBufferLike, Block>();

/** A block of {@link blockSizeBytes}, its content whatever it was before. */
export function takeBlock(): Block {
  const block = new Block(free.pop() ?? new Uint8Array(blockSizeBytes));
  owners.set(block.bytes.buffer, block);
  return block;
}
/**
 * The view, or as much of what was lent as it covers, is not used any more by anybody. No effect on other memory. Parts
 * may come back one by one, each byte once.
 */
export function giveBack(view: Uint8Array): void {
  if (view.length > 0) owners.get(view.buffer)?.back(view.length);
}
/** One more holder of the view: it is given back once more. No effect on other memory. */
export function lendAgain(view: Uint8Array): void {
  if (view.length > 0) owners.get(view.buffer)?.lendAgain(view.length);
}
/** Of the message that a block was lent for, the view alone is used any more. No effect on other memory. */
export const narrowTo = (view: Uint8Array): void => owners.get(view.buffer)?.narrow(view.length);
/** Whether the view is of a block and will be missed if it is copied and dropped. */
export const isLent = (view: Uint8Array): boolean => owners.has(view.buffer);
/** Blocks that wait to be used again. */
export const blocksKept = (): number => free.length;
