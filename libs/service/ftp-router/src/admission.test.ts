import { describe, expect, it } from '@jest/globals';
import { Admission, type Others } from './admission.ts';

const limits = { ftpAllow: [], ftpDeny: [], ftpSessionsMax: 100, ftpSessionsPerAddressMax: 100 };

const nobody: Others = { elsewhere: () => 0, counted: () => undefined };

describe('networks', () => {
  it.each([
    { rule: 'without lists everybody is served', host: '203.0.113.9', limit: undefined },
    { rule: 'an allowed network is', allow: ['203.0.113.0/24'], host: '203.0.113.9', limit: undefined },
    { rule: 'another is not', allow: ['203.0.113.0/24'], host: '203.0.112.9', limit: 'network' },
    { rule: 'nor one of the other family', allow: ['203.0.113.0/24'], host: '2001:db8::1', limit: 'network' },
    { rule: 'a denied network is not', deny: ['2001:db8::/32'], host: '2001:db8:1::1', limit: 'network' },
    { rule: 'all others are', deny: ['2001:db8::/32'], host: '2001:db9::1', limit: undefined },
    {
      rule: 'a denied one is not, also where it is allowed',
      allow: ['10.0.0.0/8'],
      deny: ['10.6.6.6'],
      host: '10.6.6.6',
      limit: 'network',
    },
    { rule: 'IPv4 is meant also when mapped', deny: ['::ffff:10.0.0.0/104'], host: '10.1.1.1', limit: 'network' },
  ])('$rule', ({ allow = [], deny = [], host, limit }) => {
    const admission = new Admission({ ...limits, ftpAllow: allow, ftpDeny: deny }, nobody);
    expect(admission.enter(host)?.limit).toBe(limit);
  });
  it.each(['10.0.0.0/33', 'example.org', '10.0.0', '2001:db8::/129'])(
    '"%s" is none, and told with its setting',
    (text) => {
      expect(() => new Admission({ ...limits, ftpDeny: [text] }, nobody)).toThrow(
        /^Cannot read --ftp-deny: .*10\.0\.0\.0\/8/,
      );
    },
  );
});

describe('numbers', () => {
  it('in all, until one leaves', () => {
    const admission = new Admission({ ...limits, ftpSessionsMax: 2 }, nobody);
    expect(['a', 'b', 'c'].map((host) => admission.enter(host)?.limit)).toEqual([undefined, undefined, 'all']);
    admission.left('a');
    expect(admission.enter('c')).toBeUndefined();
  });
  it('from one address, until one of it leaves', () => {
    const admission = new Admission({ ...limits, ftpSessionsPerAddressMax: 1 }, nobody);
    expect([admission.enter('a')?.limit, admission.enter('a')?.limit]).toEqual([undefined, 'address']);
    expect(admission.enter('b')).toBeUndefined();
    admission.left('a');
    expect(admission.enter('a')).toBeUndefined();
  });
  it('from one address, those at other routers too', () => {
    const told: [string, number][] = [];
    const counted = (host: string, count: number): void => void told.push([host, count]);
    const elsewhere = (host: string): number => (host === 'a' ? 2 : 0);
    const admission = new Admission({ ...limits, ftpSessionsPerAddressMax: 3 }, { elsewhere, counted });
    expect(['a', 'a', 'b', 'b'].map((host) => admission.enter(host)?.limit)).toEqual([
      undefined,
      'address',
      undefined,
      undefined,
    ]);
    admission.left('b');
    expect([told, [...admission.addresses]]).toEqual([
      [
        ['a', 1],
        ['b', 1],
        ['b', 2],
        ['b', 1],
      ],
      [
        ['a', 1],
        ['b', 1],
      ],
    ]);
  });
});
