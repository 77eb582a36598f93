import { describe, expect, it } from '@jest/globals';
import { readSettings } from '@skerry/runtime-config';
import { doorHost, parsePortRange, passiveShortage, settings } from './settings.ts';

describe('the range of passive ports', () => {
  it.each([
    ['30000-30099', { first: 30_000, last: 30_099 }],
    ['5-5', { first: 5, last: 5 }],
    ['0-0', { first: 0, last: 0 }],
    ['0-5', undefined],
    ['6-5', undefined],
    ['1-65536', undefined],
  ])('%s', (text, range) => {
    expect(parsePortRange(text)).toEqual(range);
  });
});

describe('passive ports that may run out', () => {
  it.each([
    { rule: 'fewer than the sessions of one address', ports: '7000-7009', all: 100, address: 11, told: true },
    { rule: 'fewer than all sessions', ports: '7000-7009', all: 11, address: 100, told: true },
    { rule: 'as many as the sessions of one address', ports: '7000-7009', all: 100, address: 10, told: false },
    { rule: 'as many as all sessions', ports: '7000-7009', all: 10, address: 100, told: false },
    { rule: 'any port', ports: '0-0', all: 100, address: 100, told: false },
  ])('$rule: told $told', ({ ports, all, address, told }) => {
    const limits = { ftpSessionsMax: all, ftpSessionsPerAddressMax: address };
    const line = passiveShortage({ passivePorts: ports, ...limits });
    expect(line !== undefined).toBe(told);
  });
  it('are told with both numbers and what to do', () => {
    const line = passiveShortage({ passivePorts: '7000-7009', ftpSessionsMax: 50, ftpSessionsPerAddressMax: 20 });
    expect(line).toBe(
      'passive ports 7000-7009 are 10, but one client address may have 20 sessions: ' +
        'while 10 of them wait for a data connection, the next PASV gets 425; widen --passive-ports',
    );
  });
});

describe('the address of the door', () => {
  const host = '10.0.0.1';
  it.each([
    { rule: 'what was asked for', flags: { ftpHost: '10.0.0.2' }, node: { host }, expected: '10.0.0.2' },
    { rule: "else the node's", flags: {}, node: { host }, expected: '10.0.0.1' },
    { rule: 'else loopback', flags: {}, node: {}, expected: '127.0.0.1' },
  ])('is $rule', ({ flags, node, expected }) => {
    expect(doorHost({ ...readSettings(settings, { flags }), ...node })).toBe(expected);
  });
});
