import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  fromUtf8,
  fromUtf8Part,
  prefixEnd,
  toHex,
  toHexPart,
  utf8,
} from './bytes.ts';

const small = fc.uint8Array({ maxLength: 6 });

describe('utf8', () => {
  test('round trip of every well-formed text, a byte order mark too', () => {
    expect(fromUtf8(utf8('\ufeffmark'))).toBe('\ufeffmark');
    // Short ones and parts are read another way.
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', maxLength: 80 }), (before, text) => {
        const [head, bytes] = [utf8(before), concatBytes([utf8(before), utf8(text)])];
        expect(fromUtf8Part(bytes, head.length, bytes.length)).toBe(text);
        expect(toHexPart(bytes, head.length, bytes.length)).toBe(toHex(utf8(text)));
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(fromUtf8(utf8(text))).toBe(text)));
  });
  const broken = ['ff', 'c0af', 'eda080', 'f4908080', 'e282', '80'];
  for (const hex of broken)
    test(`${hex} is no UTF-8`, () => expect(fromUtf8(fromHex(hex) ?? new Uint8Array(0))).toBeUndefined());
});

describe('hexadecimal', () => {
  test('round trip', () =>
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
      }),
    ));
  test('is the digits of each byte, however many there are', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(toHex(bytes)).toBe(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
      }),
    ));
  for (const text of ['0', 'xy', '0x', ' 00', '0g', '-1'])
    test(`"${text}" is no hexadecimal`, () => expect(fromHex(text)).toBeUndefined());
});

describe('order of bytes', () => {
  const rows = [
    ['', '00', -1],
    ['61', '6100', -1],
    ['7f', '80', -1],
    ['ff', '00ff', 1],
    ['0102', '0102', 0],
  ] as const;
  for (const [a, b, sign] of rows)
    test(`${a || 'nothing'} against ${b} is ${sign}`, () => {
      const order = compareBytes(fromHex(a) ?? new Uint8Array(0), fromHex(b) ?? new Uint8Array(0));
      expect(Math.sign(order)).toBe(sign);
    });
  test('is the order of the hexadecimal texts', () =>
    fc.assert(
      fc.property(small, small, (a, b) => {
        const [x, y] = [toHex(a), toHex(b)];
        expect(Math.sign(compareBytes(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
        expect(equalBytes(a, b)).toBe(x === y);
      }),
    ));
});

describe('concatBytes', () => {
  test('one behind the other, in memory of its own', () =>
    fc.assert(
      fc.property(fc.array(small), (parts) => {
        const whole = concatBytes(parts);
        expect(toHex(whole)).toBe(parts.map(toHex).join(''));
        for (const part of parts) part.fill(0);
        expect(whole.buffer === parts[0]?.buffer).toBe(false);
      }),
    ));
});

describe('prefixEnd', () => {
  const rows = [
    ['61', '62'],
    ['61ff', '62'],
    ['00ffff', '01'],
  ] as const;
  for (const [prefix, end] of rows)
    test(`of ${prefix} is ${end}`, () =>
      expect(toHex(prefixEnd(fromHex(prefix) ?? new Uint8Array(0)) ?? new Uint8Array(0))).toBe(end));
  test('there is none behind all 0xff, nor behind nothing', () => {
    expect(prefixEnd(Uint8Array.of(255, 255))).toBeUndefined();
    expect(prefixEnd(new Uint8Array(0))).toBeUndefined();
  });
  test('a key is below the end exactly when it starts with the prefix, or is smaller than it', () =>
    fc.assert(
      fc.property(small, small, (prefix, key) => {
        const end = prefixEnd(prefix);
        const starts = toHex(key).startsWith(toHex(prefix));
        const below = end === undefined || compareBytes(key, end) < 0;
        expect(compareBytes(key, prefix) >= 0 && below).toBe(
          starts || (end === undefined && compareBytes(key, prefix) >= 0),
        );
      }),
    ));
});
