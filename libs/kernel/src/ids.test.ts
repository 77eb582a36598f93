import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AssertionError } from './assert.ts';
import {
  BlobId,
  Epoch,
  idFromBytes,
  idToBytes,
  isHexId,
  isNodeId,
  LogIndex,
  NodeId,
  OperationId,
  randomId,
  Term,
  toUuid,
} from './ids.ts';
import { Prng } from './prng.ts';

describe('ids', () => {
  for (const text of ['data_1', 'a', 'site-a_data_12', '0', 'x'.repeat(63)])
    test(`node id: ${text}`, () => {
      expect(isNodeId(text)).toBe(true);
      expect(String(NodeId(text))).toBe(text);
    });
  for (const text of ['', '_a', '-a', 'A', 'a b', 'a/b', 'a.b', '..', 'x'.repeat(64), 'a\n'])
    test(`no node id: ${JSON.stringify(text)}`, () => {
      expect(isNodeId(text)).toBe(false);
      expect(() => NodeId(text)).toThrow(AssertionError);
    });
  test('terms and indexes are integers from 0', () => {
    expect(Number(Term(0))).toBe(0);
    expect(Number(LogIndex(2 ** 53 - 1))).toBe(2 ** 53 - 1);
    for (const bad of [-1, 1.5, NaN, 2 ** 53]) {
      expect(() => Term(bad)).toThrow(AssertionError);
      expect(() => LogIndex(bad)).toThrow(AssertionError);
    }
  });
  test('16 bytes and 32 digits are the same id', () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = idFromBytes(bytes);
        expect(isHexId(text)).toBe(true);
        for (const brand of [Epoch, OperationId, BlobId]) expect(idToBytes(brand(text))).toEqual(bytes);
      }),
    ));
  test('what is no id is our bug', () => {
    expect(() => OperationId('00')).toThrow(AssertionError);
    expect(() => BlobId('G'.repeat(32))).toThrow(AssertionError);
    expect(() => idFromBytes(new Uint8Array(15))).toThrow(AssertionError);
  });
  test('a random id is a UUID of version 4 (RFC 9562)', () => {
    const prng = new Prng(1);
    for (let i = 0; i < 100; i++)
      expect(toUuid(randomId((count) => prng.bytes(count)))).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
  });
});
