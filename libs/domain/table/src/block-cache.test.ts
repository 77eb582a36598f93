import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32c, StatusError } from '@skerry/kernel';
import { BlockCodec } from './block.ts';
import { BlockCache } from './block-cache.ts';
import { MemoryBlocks } from './memory-blocks.ts';
import { LoadedBlock, type RunFigures } from './run.ts';
import { blockSizeMaxBytes } from './run-format.ts';

const figures = (number: number): RunFigures => ({
  number,
  table: 7,
  blockCount: 100,
  sizeBytes: 0,
  partitionCount: 0,
  newestHi: 0,
  newestLo: 0,
  oldestHi: 0,
  oldestLo: 0,
  deadFrom: 0,
});
/** Of run 1 and 2, each block with bytes of its own; every fifth is longer than is kept. */
function stored(): { readonly blocks: MemoryBlocks; readonly codec: BlockCodec } {
  const blocks = new MemoryBlocks();
  const codec = new BlockCodec(crc32c);
  for (const run of [1, 2])
    for (let block = 0; block < 40; block++) {
      const bytes = new Uint8Array(block % 5 === 4 ? blockSizeMaxBytes + 1 : 300).fill(40 * run + block);
      codec.seal(run, block, bytes, new DataView(bytes.buffer), bytes.length);
      blocks.put(run, block, bytes);
    }
  return { blocks, codec };
}

describe('a cache of blocks', () => {
  test('shows each reader the block that it asked for, whatever others ask for meanwhile', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.constantFrom(1, 2), fc.nat(39)), { minLength: 20, maxLength: 300 }),
        (asked) => {
          const { blocks, codec } = stored();
          const cache = new BlockCache(4 * blockSizeMaxBytes);
          const readers = [0, 1, 2].map(() => new LoadedBlock(codec, blocks.reader(), cache));
          const shown: (number | undefined)[] = [];
          for (const [who, run, block] of asked) {
            readers[who]?.load(figures(run), block);
            shown[who] = 40 * run + block;
            for (const [i, reader] of readers.entries())
              if (shown[i] !== undefined) {
                expect(reader.view.getUint8(reader.size - 1)).toBe(shown[i]);
                expect(reader.bytes[100]).toBe(shown[i]);
              }
          }
        },
      ),
      { numRuns: 50 },
    ));
  test('a block that is kept is not read again, one that is too long is', () => {
    const { blocks, codec } = stored();
    const cache = new BlockCache();
    for (const block of [3, 4]) new LoadedBlock(codec, blocks.reader(), cache).load(figures(1), block);
    blocks.remove(1);
    const reader = new LoadedBlock(codec, blocks.reader(), cache);
    reader.load(figures(1), 3);
    expect(reader.view.getUint8(200)).toBe(43);
    expect(() => reader.load(figures(1), 4)).toThrow(StatusError);
  });
  test('what is damaged is not kept, and its reader reads on', () => {
    const { blocks, codec } = stored();
    const cache = new BlockCache();
    const damaged = new Uint8Array(300).fill(1);
    blocks.put(1, 7, damaged);
    const reader = new LoadedBlock(codec, blocks.reader(), cache);
    reader.load(figures(1), 6);
    for (let i = 0; i < 2; i++) expect(() => reader.load(figures(1), 7)).toThrow('is damaged');
    reader.load(figures(1), 6);
    expect(reader.view.getUint8(200)).toBe(46);
  });
  test('of the blocks of one set the one goes that was not asked for again', () => {
    const cache = new BlockCache(4 * blockSizeMaxBytes);
    const bytes = new Uint8Array(10);
    for (const block of [0, 1, 2, 3]) cache.keep(1, block, bytes, 10);
    for (const block of [0, 2, 3]) expect(cache.find(1, block)).toBeDefined();
    cache.keep(1, 4, bytes, 10);
    expect([0, 1, 2, 3, 4].map((block) => cache.find(1, block) !== undefined)).toEqual([true, false, true, true, true]);
  });
});
