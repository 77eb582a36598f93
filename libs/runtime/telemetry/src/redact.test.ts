import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StatusError } from '@skerry/kernel';
import {
  causeDepthMax,
  describeError,
  fieldDepthMax,
  fieldEntriesMax,
  fieldTextLengthMax,
  isSecretKey,
  redact,
  redacted,
  redactField,
} from './redact.ts';

describe('a key is secret', () => {
  test.each([
    'password',
    'PASSWORD',
    'adminPassword',
    'admin_password',
    'admin-password',
    'passwordHash',
    'passwd',
    'pass',
    'token',
    'serviceToken',
    'x-service-token',
    'grant',
    'ticket',
    'sealedTicket',
    'hash',
    'sealingKey',
    'SEALING_KEY',
    'sealingkey',
    'privateKey',
    'private-key',
    'privatekey',
    'authorization',
    'Authorization',
    'clientSecret',
    'cookie',
    'credentials',
    'apiKey',
    'userPassword1',
    'newpassword',
  ])('%s', (key) => expect(isSecretKey(key)).toBe(true));
});
describe('a key is none', () => {
  test.each([
    'path',
    'user',
    'key',
    'publicKey',
    'compass',
    'passive',
    'tokenId',
    'ticketCount',
    'passwordMaxBytes',
    'infoHash',
    'hashName',
    'bypass',
    'author',
    'secretary',
    'grantedBytes',
    '',
    '__proto__',
    'constructor',
  ])('%s', (key) => expect(isSecretKey(key)).toBe(false));
});

describe('a value is written', () => {
  test.each([
    ['text', 'a', 'a'],
    ['bytes as their count', new Uint8Array(3), '[3 bytes]'],
    ['a big integer', 12n, '12'],
    ['no number', Number.NaN, 'NaN'],
    ['null', null, null],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['no date', new Date(Number.NaN), '[no date]'],
    ['a function', () => 1, '[function]'],
    ['a set', new Set([1]), [1]],
    [
      'a map, by its keys',
      new Map([
        ['password', 'x'],
        ['user', 'y'],
      ]),
      { password: redacted, user: 'y' },
    ],
    ['nested', { a: [{ b: { token: 'x', c: 1 } }] }, { a: [{ b: { token: redacted, c: 1 } }] }],
    ['an object under a secret key not at all', { credentials: { user: 'a' } }, { credentials: redacted }],
    ['bytes under a secret key not at all', { sealingKey: new Uint8Array(32) }, { sealingKey: redacted }],
    ['how many tokens there are', { tokens: 3, token: undefined }, { tokens: 3, token: undefined }],
    ['a URL without its password', 'see ftp://ann:pencil@host/x', `see ftp://ann:${redacted}@host/x`],
    ['a URL without user', 'http://host:80/a@b', 'http://host:80/a@b'],
    ['PEM without its key', 'a -----BEGIN EC PRIVATE KEY-----\nMII\n-----END EC PRIVATE KEY----- b', `a ${redacted} b`],
    ['PEM that was cut', '-----BEGIN PRIVATE KEY-----\nMII', redacted],
  ])('%s', (_, value, written) => expect(redact(value)).toEqual(written));

  test('whose getter throws', () => {
    const value = {
      get a() {
        throw new Error('no');
      },
    };
    expect(redact({ value })).toEqual({ value: { unreadable: 'no' } });
  });
  test('that holds itself', () => {
    const ring: { next?: unknown } = {};
    ring.next = { ring };
    expect(redact(ring)).toEqual({ next: { ring: '[circular]' } });
  });
  test('twice when it stands twice', () => {
    const shared = { a: 1 };
    expect(redact([shared, shared])).toEqual([{ a: 1 }, { a: 1 }]);
  });
  test('to a depth, an entry count and a length', () => {
    let deep: unknown = 'bottom';
    for (let i = 0; i < 50; i++) deep = { deep };
    expect(JSON.stringify(redact(deep)).match(/deep/g)).toHaveLength(fieldDepthMax);
    expect(redact(Array.from({ length: 1000 }, () => 1))).toHaveLength(fieldEntriesMax + 1);
    expect(String(redact('x'.repeat(100_000))).length).toBeLessThan(fieldTextLengthMax + 50);
  });
  test('whatever it is: never a throw, always JSON, never a secret', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true }), (value) => {
        const text = JSON.stringify(redact({ value, below: { password: 'pencil', value } })) ?? '';
        expect(text.includes('pencil')).toBe(false);
      }),
    );
  });
});

describe('an error is written', () => {
  test('with reason, code and chain of causes; the stack only where the fault is ours', () => {
    const root = Object.assign(new Error('open failed'), { code: 'ENOENT' });
    const middle = new StatusError('disk_failed', 'cannot read', { cause: root });
    const described = describeError(new StatusError('quota', 'full', { cause: middle })) as Record<string, unknown>;
    expect(described).toMatchObject({
      name: 'StatusError',
      reason: 'quota',
      code: 'resource_exhausted',
      message: 'full',
      cause: { reason: 'disk_failed', cause: { name: 'Error', code: 'ENOENT', message: 'open failed' } },
    });
    expect(described['stack']).toBeUndefined();
    expect(JSON.stringify(described)).toMatch(/"stack":"Error: open failed/);
  });
  test('also below other fields, and when it is none', () => {
    expect(redactField('why', [new StatusError('quota', 'full')])).toMatchObject([{ reason: 'quota' }]);
    expect(describeError('text')).toBe('text');
    expect(describeError({ token: 'x' })).toEqual({ token: redacted });
  });
  test('that causes itself, to a depth', () => {
    const error = new Error('loop');
    error.cause = error;
    expect(JSON.stringify(describeError(error)).match(/"message":"loop"/g)).toHaveLength(causeDepthMax + 1);
  });
});
