/** Blocks in memory: for tests, the simulator and browsers. */
import type { BlockReader, BlockWriter } from './block-store.ts';

const noBytes = new Uint8Array(0);

export class MemoryBlocks implements BlockWriter {
  readonly #runs = new Map<number, Uint8Array[]>();

  put(run: number, block: number, value: Uint8Array): void {
    let blocks = this.#runs.get(run);
    if (blocks === undefined) this.#runs.set(run, (blocks = []));
    blocks[block] = value;
  }
  get(run: number, block: number): Uint8Array | undefined {
    return this.#runs.get(run)?.[block];
  }
  remove(run: number): void {
    this.#runs.delete(run);
  }
  reader(): MemoryBlockReader {
    return new MemoryBlockReader(this);
  }
}

export class MemoryBlockReader implements BlockReader {
  readonly #blocks: MemoryBlocks;
  bytes: Uint8Array = noBytes;
  view: DataView = new DataView(noBytes.buffer);
  size = 0;

  constructor(blocks: MemoryBlocks) {
    this.#blocks = blocks;
  }
  load(run: number, block: number): boolean {
    const value = this.#blocks.get(run, block);
    if (value === undefined) return false;
    // A copy, as from any store: whoever keeps what was overwritten is found out.
    this.bytes = value.slice();
    this.view = new DataView(this.bytes.buffer);
    this.size = value.length;
    return true;
  }
}
