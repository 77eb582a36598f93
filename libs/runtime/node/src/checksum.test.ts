import { describe, expect, test } from '@jest/globals';
import { crc32, crc32c, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { checksumIsNative, nodeChecksum, nodeCrc32, nodeRandom } from './index.ts';

describe('checksum', () => {
  test('is native on this machine', () => expect(checksumIsNative).toBe(true));
  test('the check value of CRC-32C', () => expect(nodeChecksum(utf8('123456789'))).toBe(0xe3069283));
  test('the check value of CRC-32', () => expect(nodeCrc32(utf8('123456789'))).toBe(0xcbf43926));
  test("equals the kernel's, at once and in pieces", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_000 }), fc.nat(1_000), (bytes, at) => {
        for (const [ours, plain] of [
          [nodeChecksum, crc32c],
          [nodeCrc32, crc32],
        ] as const) {
          const whole = plain(bytes);
          expect(ours(bytes)).toBe(whole);
          expect(ours(bytes.subarray(at), ours(bytes.subarray(0, at)))).toBe(whole);
        }
      }),
    ));
});

describe('random', () => {
  test('fills more than one system call can', () => {
    const bytes = nodeRandom(200_000);
    expect(bytes).toHaveLength(200_000);
    for (const at of [0, 65_536, 131_072, 199_936]) expect(bytes.subarray(at, at + 64).some((b) => b !== 0)).toBe(true);
  });
  test('differs each time', () => expect(nodeRandom(16)).not.toEqual(nodeRandom(16)));
});
