import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { broadcastSteps, formatIpv4, parseIpv4, prefixOf, sweepAddresses } from './subnet.ts';

const lan = { address: '10.1.2.3', netmask: '255.255.255.0' };

describe('IPv4', () => {
  test('an address comes back as it was', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        expect(parseIpv4(formatIpv4(value))).toBe(value);
      }),
    );
  });
  test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', '::1', 'a.b.c.d'])('%j is none', (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });
  const masks: readonly [mask: string, prefix: number | undefined][] = [
    ['255.255.255.255', 32],
    ['255.255.255.0', 24],
    ['255.255.252.0', 22],
    ['0.0.0.0', 0],
    ['255.0.255.0', undefined],
    ['nonsense', undefined],
  ];
  test.each(masks)('mask %s', (mask, prefix) => {
    expect(prefixOf(mask)).toBe(prefix);
  });
});

describe('broadcast', () => {
  test('first the limited one and the interface’s own, then wider masks down to /16, none twice', () => {
    const steps = [...broadcastSteps([lan])];
    expect(steps[0]).toEqual(['255.255.255.255', '10.1.2.255']);
    expect(steps.slice(1, 3)).toEqual([['10.1.3.255'], ['10.1.7.255']]);
    expect(steps.at(-1)).toEqual(['10.1.255.255']);
    expect(new Set(steps.flat()).size).toBe(steps.flat().length);
  });
  test('a mask that hides a bit which is set anyway is no new step', () => {
    const steps = [...broadcastSteps([{ address: '10.1.255.1', netmask: '255.255.255.0' }])];
    expect(steps).toEqual([['255.255.255.255', '10.1.255.255']]);
  });
  test('without interfaces only the limited one', () => {
    expect([...broadcastSteps([])]).toEqual([['255.255.255.255']]);
  });
});

describe('sweep', () => {
  test('all hosts of the subnet, nearest first, without ourselves, network and broadcast', () => {
    const hosts = [...sweepAddresses([{ address: '10.0.0.2', netmask: '255.255.255.248' }])];
    expect(hosts).toEqual(['10.0.0.3', '10.0.0.1', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
  });
  test('of a wide subnet only the /22 around us', () => {
    const hosts = [...sweepAddresses([{ address: '10.1.2.3', netmask: '255.0.0.0' }])];
    expect(hosts).toHaveLength(1_021);
    expect(hosts.every((host) => /^10\.1\.[0-3]\./.test(host))).toBe(true);
  });
  test('two interfaces in one subnet are swept once, and neither asks itself', () => {
    const hosts = [...sweepAddresses([lan, { ...lan, address: '10.1.2.9' }])];
    expect(hosts).toHaveLength(252);
    expect(hosts.includes('10.1.2.9')).toBe(false);
  });
});
