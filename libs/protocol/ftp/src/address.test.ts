import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalHost,
  familyOf,
  formatExtendedPassiveReply,
  formatPassiveReply,
  parseExtendedPort,
  parsePort,
  sameHost,
} from './address.ts';

describe('PORT', () => {
  test('six numbers', () => {
    expect(parsePort('127,0,0,1,4,1')).toEqual({ ok: true, value: { host: '127.0.0.1', port: 1025 } });
  });
  test.each(['', '1,2,3,4,5', '1,2,3,4,5,6,7', '256,0,0,1,4,1', '1,2,3,4,5,x', '1,2,3,4,5,-6', '1,2,3,4,,6'])(
    'refused: %s',
    (text) => {
      expect(parsePort(text).ok).toBe(false);
    },
  );
  test('what 227 says, PORT would take', () => {
    const part = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.tuple(part, part, part, part), fc.integer({ min: 1, max: 65_535 }), (parts, port) => {
        const host = parts.join('.');
        const { code, lines } = formatPassiveReply(host, port);
        const inside = /\((.*)\)/.exec(lines[0] ?? '')?.[1] ?? '';
        expect([code, parsePort(inside)]).toEqual([227, { ok: true, value: { host, port } }]);
      }),
    );
  });
  test('227 cannot name an IPv6 address', () => {
    expect(() => formatPassiveReply('::1', 5000)).toThrow('IPv4');
    expect(formatPassiveReply('::ffff:10.0.0.7', 256).lines[0]).toContain('(10,0,0,7,1,0)');
  });
});

describe('EPRT (RFC 2428)', () => {
  test.each([
    ['IPv4', '|1|132.235.1.2|6275|', { host: '132.235.1.2', port: 6275, family: 1 }],
    ['IPv6', '|2|1080::8:800:200C:417A|5282|', { host: '1080::8:800:200C:417A', port: 5282, family: 2 }],
    ['another delimiter', '!1!10.0.0.1!2000!', { host: '10.0.0.1', port: 2000, family: 1 }],
  ])('%s', (_rule, text, value) => {
    expect(parseExtendedPort(text)).toEqual({ ok: true, value });
  });
  test.each([
    ['another family', '|3|x|1|', 'family'],
    ['no end', '|1|10.0.0.1|2000', 'malformed'],
    ['more behind it', '|1|10.0.0.1|2000|x', 'malformed'],
    ['a port too high', '|1|10.0.0.1|65536|', 'malformed'],
    ['a name', '|1|localhost|2000|', 'malformed'],
    ['the wrong family', '|2|10.0.0.1|2000|', 'malformed'],
    ['nothing', '', 'malformed'],
  ])('refused: %s', (_rule, text, error) => {
    expect(parseExtendedPort(text)).toEqual({ ok: false, error });
  });
  test('no text throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('|', '1', '2', ':', '.', 'f', '%') }), (text) => {
        canonicalHost(text);
        return typeof parseExtendedPort(text).ok === 'boolean';
      }),
    );
  });
});

test('229', () => {
  expect(formatExtendedPassiveReply(6446)).toEqual({ code: 229, lines: ['Entering Extended Passive Mode (|||6446|)'] });
});

test.each([
  ['127.0.0.1', '::ffff:127.0.0.1', true],
  ['127.0.0.1', '::ffff:7f00:1', true],
  ['::1', '0:0:0:0:0:0:0:1', true],
  ['fe80::1%eth0', 'fe80::1', true],
  ['::1', '::2', false],
  ['127.0.0.1', '127.0.0.2', false],
  ['x', 'x', false],
  ['1::2::3', '1::2::3', false],
  ['1:2:3:4:5:6:7', '1:2:3:4:5:6:7', false],
])('%s and %s are one host: %s', (a, b, same) => {
  expect(sameHost(a, b)).toBe(same);
});

test('family', () => {
  expect([familyOf('::1'), familyOf('::ffff:1.2.3.4'), familyOf('1.2.3.4')]).toEqual([2, 1, 1]);
});
