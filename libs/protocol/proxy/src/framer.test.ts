import { describe, expect, test } from '@jest/globals';
import { concatBytes, parseAddress, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { addressText } from './address-text.ts';
import {
  formatProxyHeader,
  ProxyFramer,
  proxyHeaderSizeMaxBytes,
  type ProxyHeader,
  type ProxyProgress,
} from './index.ts';

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const signature = '0d0a0d0a000d0a515549540a';
const one = (bytes: Uint8Array): ProxyProgress => new ProxyFramer().push(bytes);
const client = (host: string, port: number, to: string, toPort: number): ProxyHeader => ({
  kind: 'proxied',
  source: { host, port },
  destination: { host: to, port: toPort },
});

describe('version 1', () => {
  const good: readonly [rule: string, line: string, header: ProxyHeader][] = [
    [
      'IPv4, the example of §2.1',
      'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
      client('255.255.255.255', 65_535, '255.255.255.255', 65_535),
    ],
    ['IPv6', 'PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::1 1 2\r\n', client('2001:db8::1', 1, '::1', 2)],
    [
      'the longest TCP6 of §2.1',
      `PROXY TCP6 ${Array(8).fill('ffff').join(':')} ${Array(8).fill('ffff').join(':')} 65535 65535\r\n`,
      client(Array(8).fill('ffff').join(':'), 65_535, Array(8).fill('ffff').join(':'), 65_535),
    ],
    [
      'IPv4 mapped into IPv6 is IPv4',
      'PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 3 4\r\n',
      client('10.0.0.1', 3, '10.0.0.2', 4),
    ],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n', { kind: 'own' }],
    ['UNKNOWN, whatever follows', 'PROXY UNKNOWN ffff:f...f:ffff some words 1\r\n', { kind: 'own' }],
  ];
  test.each(good)('%s', (_, line, header) => {
    expect(one(utf8(`${line}USER ada`))).toEqual({ kind: 'header', header, rest: utf8('USER ada') });
  });
  const bad: readonly [rule: string, line: string][] = [
    ['another protocol', 'USER ada\r\n'],
    ['lower case', 'proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['no blank', 'PROXYTCP4 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['two blanks', 'PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n'],
    ['an address too few', 'PROXY TCP4 1.1.1.1 1 2\r\n'],
    ['a word too many', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n'],
    ['a name for an address', 'PROXY TCP4 localhost 2.2.2.2 1 2\r\n'],
    ['a leading zero', 'PROXY TCP4 010.1.1.1 2.2.2.2 1 2\r\n'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
    ['IPv6 as TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
    ['IPv4 as TCP6', 'PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['a port over 65535', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n'],
    ['a port with a sign', 'PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n'],
    ['UDP', 'PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['LF alone', `PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n${'x'.repeat(100)}`],
    ['CR alone', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rUSER'],
    ['over 107 bytes', `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`],
  ];
  test.each(bad)('refuses %s', (_, line) => {
    expect(one(utf8(line)).kind).toBe('malformed');
  });
});

describe('version 2', () => {
  const good: readonly [rule: string, bytes: string, header: ProxyHeader][] = [
    ['IPv4', `${signature} 21 11 000c 0a000001 0a000002 04d2 0015`, client('10.0.0.1', 1_234, '10.0.0.2', 21)],
    [
      'IPv6',
      `${signature} 21 21 0024 20010db8000000000000000000000001 00000000000000000000000000000001 0001 0002`,
      client('2001:db8::1', 1, '::1', 2),
    ],
    [
      'IPv4 mapped into IPv6 is IPv4',
      `${signature} 21 21 0024 00000000000000000000ffff0a000001 00000000000000000000ffff0a000002 0001 0002`,
      client('10.0.0.1', 1, '10.0.0.2', 2),
    ],
    [
      'TLVs, which are skipped',
      `${signature} 21 11 0010 0a000001 0a000002 04d2 0015 04000100`,
      client('10.0.0.1', 1_234, '10.0.0.2', 21),
    ],
    ['LOCAL', `${signature} 20 00 0000`, { kind: 'own' }],
    ['LOCAL with addresses, which are skipped', `${signature} 20 11 000c 0a000001 0a000002 04d2 0015`, { kind: 'own' }],
    ['a family that is not known to the proxy', `${signature} 21 00 0000`, { kind: 'own' }],
  ];
  test.each(good)('%s', (_, bytes, header) => {
    expect(one(concatBytes([hex(bytes), utf8('x')]))).toEqual({ kind: 'header', header, rest: utf8('x') });
  });
  const bad: readonly [rule: string, bytes: string][] = [
    ['a signature of another kind', '0d0a0d0a000d0a515549540b 21 11 000c'],
    ['version 1 in binary', `${signature} 11 11 000c 0a000001 0a000002 04d2 0015`],
    ['a command that is none', `${signature} 22 11 000c 0a000001 0a000002 04d2 0015`],
    ['UDP', `${signature} 21 12 000c 0a000001 0a000002 04d2 0015`],
    ['a Unix socket', `${signature} 21 31 00d8 ${'00'.repeat(216)}`],
    ['addresses that are cut off', `${signature} 21 11 000b 0a000001 0a000002 04d2 00`],
    ['IPv6 with the length of IPv4', `${signature} 21 21 000c 0a000001 0a000002 04d2 0015`],
    ['a header that is too long, before it has come', `${signature} 21 11 ffff`],
  ];
  test.each(bad)('refuses %s', (_, bytes) => {
    expect(one(hex(bytes)).kind).toBe('malformed');
  });
});

const address4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => addressText(bytes));
const address6 = fc
  .array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 })
  .filter((bytes) => parseAddress(addressText(bytes))?.length === 16)
  .map((bytes) => addressText(bytes));
const port = fc.nat(65_535);
const headers: fc.Arbitrary<ProxyHeader> = fc.oneof(
  fc.constant<ProxyHeader>({ kind: 'own' }),
  ...[address4, address6].map((host) => fc.tuple(host, port, host, port).map((parts) => client(...parts))),
);

describe('any header', () => {
  test('comes back as it was sent, from any segmentation, with what follows it', () => {
    fc.assert(
      fc.property(
        headers,
        fc.constantFrom(1 as const, 2 as const),
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (header, version, tlvs, rest, sizes) => {
          const bytes = concatBytes([formatProxyHeader(header, version, version === 2 ? tlvs : undefined), rest]);
          const framer = new ProxyFramer();
          let [at, step] = [0, 0];
          let progress: ProxyProgress = { kind: 'more' };
          while (progress.kind === 'more' && at < bytes.length) {
            const size = sizes[step % sizes.length] ?? 1;
            progress = framer.push(bytes.subarray(at, at + size));
            at += size;
            step += 1;
          }
          expect(progress).toMatchObject({ kind: 'header', header });
          const after = progress.kind === 'header' ? progress.rest : [];
          expect([...after, ...bytes.subarray(at)]).toEqual([...rest]);
        },
      ),
    );
  });
  test('an address keeps its meaning as text', () => {
    fc.assert(
      fc.property(fc.oneof(address4, address6), (text) => {
        expect(addressText(parseAddress(text) ?? [])).toBe(text);
      }),
    );
  });
});

describe('any bytes', () => {
  test('never throw, and are never waited for beyond the longest header', () => {
    const likely = fc.tuple(fc.constantFrom('', 'PROXY ', 'PROXY TCP4 '), fc.uint8Array({ maxLength: 300 }));
    const binary = fc.tuple(fc.constant(hex(signature)), fc.uint8Array({ maxLength: 300 }));
    const some = fc.oneof(
      likely.map(([text, bytes]) => concatBytes([utf8(text), bytes])),
      binary.map((parts) => concatBytes(parts)),
    );
    fc.assert(
      fc.property(some, (bytes) => {
        const framer = new ProxyFramer();
        const first = framer.push(bytes);
        if (first.kind !== 'more') return;
        expect(framer.push(new Uint8Array(proxyHeaderSizeMaxBytes)).kind).not.toBe('more');
      }),
    );
  });
});
