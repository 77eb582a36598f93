/**
 * Blocks that were read and checked, for who reads them next: no look into the store, no checksum. Runs never change and
 * their numbers are never used again, so that nothing in it is ever wrong; what is of runs that are gone is replaced in time.
 *
 * Sets of four, of which the one goes that was not asked for since it was last passed over. Source: F. J. Corbató, "A Paging
 * Experiment with the Multics System", 1968.
 */
import { blockSizeMaxBytes } from './run-format.ts';

/** Bytes of blocks that are kept. Larger data are in the memory of the operating system, where LMDB finds them. */
export const blockCacheDefaultBytes = 32 * 1024 * 1024;
/** Longer blocks, those of one long row, are not kept. */
const keptSizeMaxBytes = blockSizeMaxBytes;
const ways = 4;

export class CachedBlock {
  readonly bytes = new Uint8Array(keptSizeMaxBytes);
  readonly view: DataView = new DataView(this.bytes.buffer);
  size = 0;
  /** How many read it now: its bytes stay as long as there are any. */
  readers = 0;
  /** Asked for since it was last passed over. */
  isWanted = false;
}

export class BlockCache {
  readonly #mask: number;
  /** Run (0: empty) and block at each place. */
  readonly #runs: Int32Array;
  readonly #numbers: Int32Array;
  readonly #blocks: (CachedBlock | undefined)[] = [];
  /** Of each set, the way at which the next search for room begins. */
  readonly #hands: Uint8Array;

  constructor(sizeBytes = blockCacheDefaultBytes) {
    let sets = 1;
    while (2 * sets * ways * keptSizeMaxBytes <= sizeBytes) sets *= 2;
    this.#mask = sets - 1;
    this.#runs = new Int32Array(sets * ways);
    this.#numbers = new Int32Array(sets * ways);
    this.#hands = new Uint8Array(sets);
  }
  /** Neighbours are in different sets. */
  #setOf(run: number, block: number): number {
    return (block + Math.imul(run, 0x9e3779b1)) & this.#mask;
  }
  find(run: number, block: number): CachedBlock | undefined {
    const first = this.#setOf(run, block) * ways;
    const runs = this.#runs;
    for (let at = first; at < first + ways; at++) {
      if (runs[at] !== (run | 0) || this.#numbers[at] !== block) continue;
      const found = this.#blocks[at];
      if (found !== undefined) found.isWanted = true;
      return found;
    }
    return undefined;
  }
  /** Keeps a copy of bytes[0, size), which were checked. Undefined: it is too long. */
  keep(run: number, block: number, bytes: Uint8Array, size: number): CachedBlock | undefined {
    if (size > keptSizeMaxBytes) return undefined;
    const at = this.#room(this.#setOf(run, block));
    const before = this.#blocks[at];
    // Who reads what was there keeps it; others find it no more.
    const kept = before === undefined || before.readers > 0 ? new CachedBlock() : before;
    kept.bytes.set(bytes.subarray(0, size));
    kept.size = size;
    kept.isWanted = false;
    this.#blocks[at] = kept;
    this.#runs[at] = run;
    this.#numbers[at] = block;
    return kept;
  }
  #room(set: number): number {
    let way = this.#hands[set] as number;
    // Once around all are passed over, and the first of them is no more wanted.
    for (;;) {
      const at = set * ways + way;
      way = (way + 1) % ways;
      const block = this.#blocks[at];
      if (block?.isWanted !== true) {
        this.#hands[set] = way;
        return at;
      }
      block.isWanted = false;
    }
  }
}
