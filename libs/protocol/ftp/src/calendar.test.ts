import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { civilTime, formatTime, parseTime } from './calendar.ts';

describe('times (RFC 3659 §2.3)', () => {
  test.each([
    ['the beginning', 0, '19700101000000'],
    ['a leap day', 951_782_400_000, '20000229000000'],
    ['the day after one', 951_868_800_000, '20000301000000'],
    ['no leap day in 2100', 4_107_542_400_000, '21000301000000'],
    ['the last second of a year', 1_704_067_199_999, '20231231235959'],
  ])('%s', (_rule, timeMs, text) => {
    expect(formatTime(timeMs)).toBe(text);
    expect(parseTime(text)).toBe(Math.floor(timeMs / 1000) * 1000);
  });

  test.each(['', '2024', '20240230000000', '20241301000000', '20240100000000', '20240101240000', '20240101006000'])(
    'no time: %s',
    (text) => {
      expect(parseTime(text)).toBeUndefined();
    },
  );
  test.each(['19691231235959', '20240101000061', '20240101000000.', '20240101000000x', ' 20240101000000'])(
    'no time either: %s',
    (text) => {
      expect(parseTime(text)).toBeUndefined();
    },
  );

  test('parts of a second', () => {
    expect(parseTime('19700101000001.25')).toBe(1250);
  });

  test('what is written is read back, and days follow each other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (second) => {
        expect(parseTime(formatTime(second * 1000))).toBe(second * 1000);
        const [today, tomorrow] = [civilTime(second * 1000), civilTime(second * 1000 + 86_400_000)];
        expect(tomorrow.day === today.day + 1 || tomorrow.day === 1).toBe(true);
      }),
    );
  });
});
