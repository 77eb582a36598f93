import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inBlock, parseAddress, parseBlock } from './cidr.ts';

const rows: readonly [rule: string, block: string, address: string, inside: boolean][] = [
  ['an address is a block of itself', '10.1.2.3', '10.1.2.3', true],
  ['and of nothing else', '10.1.2.3', '10.1.2.4', false],
  ['a prefix on a byte', '10.0.0.0/8', '10.255.0.1', true],
  ['outside of it', '10.0.0.0/8', '11.0.0.1', false],
  ['a prefix within a byte', '192.168.4.0/22', '192.168.7.255', true],
  ['one past it', '192.168.4.0/22', '192.168.8.0', false],
  ['everything', '0.0.0.0/0', '203.0.113.9', true],
  ['IPv6', '2001:db8::/32', '2001:db8:1::7', true],
  ['IPv6 outside', '2001:db8::/32', '2001:db9::', false],
  ['an IPv4-mapped client is its IPv4 address', '10.0.0.0/8', '::ffff:10.1.1.1', true],
  ['an IPv4-mapped block too', '::ffff:10.0.0.0/104', '10.9.9.9', true],
  ['the families do not mix', '0.0.0.0/0', '::1', false],
  ['a zone names an interface', 'fe80::/10', 'fe80::1%eth0', true],
  ['what is no address is nowhere', '0.0.0.0/0', 'localhost', false],
];
describe('block', () => {
  test.each(rows)('%s', (_, block, address, inside) => {
    expect(inBlock(parseBlock(block), address)).toBe(inside);
  });
  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '1::2::3',
    ':::',
    'a',
  ])('%j is no network', (text) => {
    expect(() => parseBlock(text)).toThrow('Cannot read network');
  });
  test('an IPv4 address is its four numbers, and any text gives bytes or nothing', () => {
    fc.assert(fc.property(fc.ipV4(), (text) => expect(parseAddress(text)).toEqual(text.split('.').map(Number))));
    fc.assert(fc.property(fc.ipV6(), (text) => expect([4, 16]).toContain(parseAddress(text)?.length)));
    fc.assert(fc.property(fc.string(), (text) => expect([undefined, 4, 16]).toContain(parseAddress(text)?.length)));
  });
});
