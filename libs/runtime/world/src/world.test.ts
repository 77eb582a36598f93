import { describe, expect, test } from '@jest/globals';
import { StatusError } from '@skerry/kernel';
import fc from 'fast-check';
import { formatAddress, parseAddress, parseDiskPath, pause, type Clock } from './index.ts';

describe('addresses', () => {
  const rows = [
    ['127.0.0.1:2121', { host: '127.0.0.1', port: 2_121 }],
    ['data_1:7400', { host: 'data_1', port: 7_400 }],
    ['[::1]:21', { host: '::1', port: 21 }],
    ['a:0', { host: 'a', port: 0 }],
    ['a:65535', { host: 'a', port: 65_535 }],
  ] as const;
  for (const [text, address] of rows)
    test(`${text} is read and written`, () => {
      expect(parseAddress(text)).toEqual(address);
      expect(formatAddress(address)).toBe(text);
    });
  for (const text of ['', 'a', ':21', 'a:', 'a:b', 'a:65536', 'a:-1', '::1:21', '[::1]', 'a b:1', '[x]:1', 'a:1 '])
    test(`"${text}" is no address`, () => expect(parseAddress(text)).toBeUndefined());
});

describe('disk paths', () => {
  test('names from the root down; the root has none', () => {
    expect(parseDiskPath('wal/data/1.log')).toEqual(['wal', 'data', '1.log']);
    expect(parseDiskPath('a..b')).toEqual(['a..b']);
    expect([parseDiskPath(''), parseDiskPath('.')]).toEqual([[], []]);
  });
  test('whatever is accepted stays below the root', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '.', '..', '/', '\\', '\0', ''), { maxLength: 8 }), (pieces) => {
        const path = pieces.join('');
        try {
          for (const name of parseDiskPath(path)) expect(name).toMatch(/^(?!\.{1,2}$)[^/\\\0]+$/);
        } catch (thrown) {
          expect(thrown instanceof StatusError && thrown.reason).toBe('path_invalid');
        }
      }),
    ));
});

describe('pause', () => {
  /** A clock whose timers fire when told. */
  function handClock() {
    const timers = new Set<() => void>();
    const clock: Clock = {
      monotonicMs: () => 0,
      wallMs: () => 0,
      setTimer: (_, callback) => {
        timers.add(callback);
        return { cancel: () => void timers.delete(callback) };
      },
    };
    return { clock, timers };
  }
  test('ends with its timer', async () => {
    const { clock, timers } = handClock();
    const paused = pause(clock, 5);
    for (const fire of timers) fire();
    await paused;
    expect(timers.size).toBe(0);
  });
  test('ends with its signal, and leaves no timer behind', async () => {
    const { clock, timers } = handClock();
    const controller = new AbortController();
    const paused = pause(clock, 5, controller.signal);
    expect(timers.size).toBe(1);
    controller.abort();
    await paused;
    expect(timers.size).toBe(0);
    await pause(clock, 5, controller.signal);
    expect(timers.size).toBe(0);
  });
});
