import { describe, expect, test } from '@jest/globals';
import { utf8 } from '@skerry/kernel';
import { hashToken, tokenHalves, tokenValue } from './token.ts';

const token = (key: Uint8Array): bigint => {
  hashToken(key, 0, key.length);
  return tokenValue(tokenHalves.hi, tokenHalves.lo);
};

describe('token', () => {
  // Source: the Python driver's unit tests of Murmur3Token, made with Cassandra.
  test.each<[string, Uint8Array, bigint]>([
    ['a short tail', utf8('123'), -7468325962851647638n],
    [
      'three blocks and a tail of signed bytes',
      new Uint8Array(50).map((_, i) => [0, 255, 16, 250, 153][i % 5] ?? 0),
      5837342703291459765n,
    ],
    ['eight bytes with their sign', new Uint8Array(8).fill(0xfe), -8927430733708461935n],
    ['eight bytes without', new Uint8Array(8).fill(0x10), 1446172840243228796n],
    ['a block and a tail', utf8('9223372036854775807'), 7162290910810015547n],
  ])('%s', (_name, key, expected) => expect(token(key)).toBe(expected));

  test('of a part of a buffer is the same', () => {
    const key = utf8('..123..');
    hashToken(key, 2, 3);
    expect(tokenValue(tokenHalves.hi, tokenHalves.lo)).toBe(-7468325962851647638n);
  });
});
