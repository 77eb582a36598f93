import { expect, test } from '@jest/globals';
import { toHex } from '@skerry/kernel';
import { appendKeyComponent, keyComponents } from './partition-key.ts';
import { Sink } from './sink.ts';

test('a key of several components is as Cassandra has it', () => {
  const sink = new Sink();
  appendKeyComponent(sink, { bytes: Uint8Array.of(1, 2, 3), from: 1, size: 2 });
  appendKeyComponent(sink, { bytes: new Uint8Array(0), from: 0, size: 0 });
  const key = sink.bytes.slice(0, sink.length);
  expect(toHex(key)).toBe('0002020300000000');
  expect(keyComponents(key, 0, key.length, 2)).toEqual(Int32Array.of(2, 2, 7, 0));
  expect(keyComponents(key, 0, key.length, 3)).toBeUndefined();
  expect(keyComponents(key, 0, key.length - 1, 2)).toBeUndefined();
  expect(keyComponents(key, 0, key.length, 1)).toEqual(Int32Array.of(0, 8));
});
