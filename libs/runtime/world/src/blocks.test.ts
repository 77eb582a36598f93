import { describe, expect, test } from '@jest/globals';
import { blocksKept, blocksKeptMax, giveBack, lendAgain, narrowTo, takeBlock } from './blocks.ts';

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
  test('lent to several is used again when all gave it back', () => {
    const block = takeBlock();
    const view = block.lend(0, 100);
    block.end();
    lendAgain(view);
    giveBack(view);
    expect(takeBlock().bytes).not.toBe(block.bytes);
    giveBack(view);
    expect(takeBlock().bytes).toBe(block.bytes);
  });
  test('with a message of which only a part is used comes back with that part', () => {
    const block = takeBlock();
    block.lendMessage(100);
    const part = block.bytes.subarray(10, 90);
    narrowTo(part);
    narrowTo(part);
    expect(takeBlock().bytes).not.toBe(block.bytes);
    giveBack(part);
    expect(takeBlock().bytes).toBe(block.bytes);
  });
  test('other memory is nothing to it', () => {
    const other = new Uint8Array(5);
    for (const call of [giveBack, lendAgain, narrowTo]) expect(() => call(other)).not.toThrow();
    const block = takeBlock();
    const view = block.lend(0, 10);
    narrowTo(view.subarray(0, 4));
    giveBack(view);
    block.end();
    expect(takeBlock().bytes).toBe(block.bytes);
  });
  test('few are kept', () => {
    const blocks = Array.from({ length: blocksKeptMax + 3 }, () => takeBlock());
    for (const block of blocks) block.end();
    expect(blocksKept()).toBe(blocksKeptMax);
  });
});
