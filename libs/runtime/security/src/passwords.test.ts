import { afterAll, describe, expect, test } from '@jest/globals';
import { randomBytes, scryptSync } from 'node:crypto';
import fc from 'fast-check';
import { createWorkerPool } from '@skerry/runtime-workers';
import {
  decoyHash,
  hashPassword,
  isEncodedPassword,
  needsRehash,
  passwordSizeMaxBytes,
  verifyPassword,
} from './passwords.ts';

const workers = createWorkerPool({ size: 2 });
afterAll(() => workers.close());
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));
const cheap = { costLog2: 10, blockSize: 1, parallelization: 1 };
const hash = (password: string): Promise<string> => hashPassword(workers, random, password, cheap);
const b64 = (bytes: number, value = 1): string => Buffer.alloc(bytes, value).toString('base64').replaceAll('=', '');

describe('a password', () => {
  test('opens its own hash, in the PHC form with the parameters of today', async () => {
    const encoded = await hashPassword(workers, random, 'pencil');
    expect(encoded).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassword(workers, 'pencil', encoded)).toBe(true);
    expect(await verifyPassword(workers, 'pencil ', encoded)).toBe(false);
    expect(needsRehash(encoded)).toBe(false);
  });
  test('opens a hash that another program made', async () => {
    const key = scryptSync('pencil', Buffer.alloc(16, 1), 32, { N: 2 ** 12, r: 8, p: 2 }).toString('base64');
    const encoded = `$scrypt$ln=12,r=8,p=2$${b64(16)}$${key.replaceAll('=', '')}`;
    expect(await verifyPassword(workers, 'pencil', encoded)).toBe(true);
    expect(needsRehash(encoded)).toBe(true);
  });
  test('twice hashed gives two hashes', async () => {
    expect(await hash('pencil')).not.toBe(await hash('pencil'));
  });
  test.each([
    ['é as one code point and as two', 'caf\u00e9', 'cafe\u0301', true],
    ['case', 'Pencil', 'pencil', false],
    ['an astral character', '🔑', '🔑', true],
    ['a zero byte inside', 'a\0b', 'a', false],
  ])('%s', async (_, set, given, opens) => {
    expect(await verifyPassword(workers, given, await hash(set))).toBe(opens);
  });
  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(passwordSizeMaxBytes + 1)],
    ['too long in bytes', 'é'.repeat(passwordSizeMaxBytes / 2 + 1)],
  ])('%s: cannot be set, opens nothing', async (_, password) => {
    await expect(hash(password)).rejects.toMatchObject({ reason: 'malformed' });
    expect(await verifyPassword(workers, password, await hash('pencil'))).toBe(false);
  });
  test('of the largest size is taken', async () => {
    const largest = 'x'.repeat(passwordSizeMaxBytes);
    expect(await verifyPassword(workers, largest, await hash(largest))).toBe(true);
  });
  test('opens no decoy, which is a hash like others', async () => {
    expect(await verifyPassword(workers, 'pencil', decoyHash)).toBe(false);
    expect(needsRehash(decoyHash)).toBe(false);
  });
});

describe('an encoded password', () => {
  test.each([
    ['ours', `$scrypt$ln=15,r=8,p=1$${b64(16)}$${b64(32)}`, true],
    ['largest', `$scrypt$ln=17,r=8,p=4$${b64(64)}$${b64(64)}`, true],
    ['smallest', `$scrypt$ln=10,r=1,p=1$${b64(8)}$${b64(16)}`, true],
    ['10 GB', `$scrypt$ln=23,r=10,p=1$${b64(16)}$${b64(32)}`, false],
    ['each in range, too much memory together', `$scrypt$ln=17,r=16,p=1$${b64(16)}$${b64(32)}`, false],
    ['too cheap', `$scrypt$ln=9,r=8,p=1$${b64(16)}$${b64(32)}`, false],
    ['no parallelization', `$scrypt$ln=15,r=8,p=0$${b64(16)}$${b64(32)}`, false],
    ['too much parallelization', `$scrypt$ln=15,r=8,p=99$${b64(16)}$${b64(32)}`, false],
    ['salt too short', `$scrypt$ln=15,r=8,p=1$${b64(7)}$${b64(32)}`, false],
    ['salt too long', `$scrypt$ln=15,r=8,p=1$${b64(65)}$${b64(32)}`, false],
    ['key too short', `$scrypt$ln=15,r=8,p=1$${b64(16)}$${b64(15)}`, false],
    ['key too long', `$scrypt$ln=15,r=8,p=1$${b64(16)}$${b64(65)}`, false],
    ['another algorithm', `$argon2id$v=19$m=65536,t=3,p=4$${b64(16)}$${b64(32)}`, false],
    ['in clear', 'pencil', false],
    ['a line behind', `$scrypt$ln=15,r=8,p=1$${b64(16)}$${b64(32)}\n`, false],
  ])('%s', async (_, encoded, good) => {
    expect(isEncodedPassword(encoded)).toBe(good);
    if (!good) await expect(verifyPassword(workers, 'pencil', encoded)).rejects.toMatchObject({ reason: 'malformed' });
  });
  test('any text is one or none, without a throw', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof isEncodedPassword(`$scrypt$${text}`) === 'boolean'));
  });
});
