import { describe, expect, test } from '@jest/globals';
import { Arrivals } from './arrivals.ts';

const mebibyte = 2 ** 20;
const filled = (size: number, byte: number): Uint8Array => new Uint8Array(size).fill(byte);

describe('what has arrived', () => {
  test('small chunks come together, in order', () => {
    const arrivals = new Arrivals(() => undefined);
    expect(arrivals.take()).toBeUndefined();
    for (const byte of [1, 2, 3]) arrivals.add(filled(2, byte));
    expect([arrivals.bytes, arrivals.take(), arrivals.bytes, arrivals.take()]).toEqual([
      6,
      new Uint8Array([1, 1, 2, 2, 3, 3]),
      0,
      undefined,
    ]);
  });
  test('chunks that stand together are one view, whatever their size', () => {
    const arrivals = new Arrivals(() => undefined);
    const block = filled(mebibyte, 7);
    arrivals.add(block.subarray(0, mebibyte / 2));
    arrivals.add(block.subarray(mebibyte / 2));
    const read = arrivals.take();
    expect([read?.buffer === block.buffer, read?.length]).toEqual([true, mebibyte]);
  });
  test('large chunks that do not are not copied', () => {
    const arrivals = new Arrivals(() => undefined);
    const [first, second] = [filled(mebibyte / 2, 1), filled(10, 2)];
    for (const chunk of [first, second]) arrivals.add(chunk);
    expect([arrivals.take() === first, arrivals.take() === second]).toEqual([true, true]);
  });
  test('two mebibytes are enough; below one there is room again, which is told once', () => {
    let rooms = 0;
    const arrivals = new Arrivals(() => (rooms += 1));
    for (let i = 0; i < 4; i++) {
      expect(arrivals.hasRoom()).toBe(true);
      arrivals.add(filled(mebibyte / 2, i));
    }
    expect(arrivals.hasRoom()).toBe(false);
    for (const wanted of [0, 0, 1, 1]) {
      arrivals.take();
      expect(rooms).toBe(wanted);
    }
  });
  test('what is taken away leaves room', () => {
    const arrivals = new Arrivals(() => undefined);
    arrivals.add(filled(2 * mebibyte, 1));
    expect([arrivals.hasRoom(), arrivals.takeAll().length, arrivals.hasRoom(), arrivals.take()]).toEqual([
      false,
      1,
      true,
      undefined,
    ]);
  });
});
