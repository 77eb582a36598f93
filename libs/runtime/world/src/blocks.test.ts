import { describe, expect, test } from '@jest/globals';
import { blocksKept, blocksKeptMax, giveBack, takeBlock } from './blocks.ts';

describe('a block of memory', () => {
  test('is used again when it has ended and all that was lent came back, in any parts', () => {
    const block = takeBlock();
    const [one, two] = [block.lend(0, 100), block.lend(100, 300)];
    giveBack(one);
    block.end();
    giveBack(two.subarray(0, 150));
    expect(takeBlock().bytes).not.toBe(block.bytes);
    giveBack(two.subarray(150));
    expect(takeBlock().bytes).toBe(block.bytes);
  });
  test('that still lends is not used again', () => {
    const block = takeBlock();
    giveBack(block.lend(0, 10));
    expect(takeBlock().bytes).not.toBe(block.bytes);
  });
  test('of which more came back than was lent is a bug', () => {
    const view = takeBlock().lend(0, 10);
    giveBack(view);
    expect(() => giveBack(view)).toThrow('more of a block came back than was lent');
  });
  test('other memory is nothing to it', () => expect(() => giveBack(new Uint8Array(5))).not.toThrow());
  test('few are kept', () => {
    const blocks = Array.from({ length: blocksKeptMax + 3 }, () => takeBlock());
    for (const block of blocks) block.end();
    expect(blocksKept()).toBe(blocksKeptMax);
  });
});
