import { describe, expect, test } from '@jest/globals';
import { assert, AssertionError, present, unreachable } from './assert.ts';

describe('assert', () => {
  test('passes what holds, throws for what does not', () => {
    assert(true);
    assert('text');
    expect(() => assert(0, 'count must be > 0: got 0')).toThrow('count must be > 0: got 0');
    expect(() => assert(undefined)).toThrow(AssertionError);
  });
  test('present gives the value, also when it is falsy', () => {
    expect(present(0, 'zero')).toBe(0);
    expect(present('', 'text')).toBe('');
    expect(() => present(undefined, 'leader')).toThrow('absent: leader');
    expect(() => present(null, 'leader')).toThrow(AssertionError);
  });
  test('unreachable names the value that came by', () => {
    expect(() => unreachable({ kind: 'new' } as never)).toThrow('{"kind":"new"}');
  });
});
