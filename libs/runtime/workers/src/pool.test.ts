import { afterEach, describe, expect, test } from '@jest/globals';
import { scryptSync } from 'node:crypto';
import { StatusError, utf8 } from '@skerry/kernel';
import { Pool, type WorkerPoolOptions } from './pool.ts';
import { workerSource } from './scrypt-worker.ts';
import { scryptMemoryMaxBytes } from './tasks.ts';

// A worker that does what the password says.
const obedientSource = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ id, input }) => {
  const order = Buffer.from(input.password).toString();
  if (order === 'throw') throw new Error('boom');
  if (order === 'exit') process.exit(3);
  if (order === 'fail') return parentPort.postMessage({ id, failure: 'no' });
  if (order === 'hang') return;
  parentPort.postMessage({ id, output: new Uint8Array([1]) });
});
`;

let pool: Pool;
afterEach(() => pool.close());
const open = (options: WorkerPoolOptions = {}, source = workerSource): Pool =>
  (pool = new Pool({ size: 2, ...options }, source));
const scrypt = (password: string, cost = 16, lengthBytes = 64): Promise<Uint8Array> =>
  pool.run('scrypt', {
    password: utf8(password),
    salt: utf8('salt'),
    cost,
    blockSize: 8,
    parallelization: 1,
    lengthBytes,
  });
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe('scrypt', () => {
  test('RFC 7914 §12, second vector', async () => {
    open();
    const input = { cost: 1024, blockSize: 8, parallelization: 16, lengthBytes: 64 };
    const key = await pool.run('scrypt', { password: utf8('password'), salt: utf8('NaCl'), ...input });
    expect(Buffer.from(key).toString('hex')).toMatch(
      /^fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162/,
    );
  });
  test('the caller keeps its bytes, also when they are a piece of a larger buffer', async () => {
    open();
    const buffer = Buffer.from('..pencil..');
    const input = { salt: utf8('salt'), cost: 16, blockSize: 8, parallelization: 1, lengthBytes: 32 };
    const key = await pool.run('scrypt', { password: buffer.subarray(2, 8), ...input });
    expect(buffer.toString()).toBe('..pencil..');
    expect(Buffer.from(key).equals(scryptSync('pencil', 'salt', 32, { N: 16, r: 8, p: 1 }))).toBe(true);
  });
  test('parameters that the algorithm has not are refused, and the thread goes on', async () => {
    open({ size: 1 });
    await expect(scrypt('pencil', 17)).rejects.toMatchObject({ reason: 'unexpected' });
    expect(await scrypt('pencil')).toHaveLength(64);
    expect(pool.threadCount).toBe(1);
  });
  test.each([2 ** 30, Number.NaN, Number.POSITIVE_INFINITY])('cost %d is too large', async (cost) => {
    open();
    await expect(scrypt('pencil', cost)).rejects.toMatchObject({ reason: 'too_large' });
    expect(scryptMemoryMaxBytes).toBeGreaterThan(128 * 32_768 * 8);
    expect(pool.threadCount).toBe(0);
  });
});

describe('threads', () => {
  test('none before there is work, no more than the size, each task its own answer', async () => {
    open({ size: 2 });
    expect(pool.threadCount).toBe(0);
    const words = Array.from({ length: 20 }, (_, i) => `word ${i}`);
    const keys = await Promise.all(words.map((word) => scrypt(word)));
    expect(pool.threadCount).toBe(2);
    keys.forEach((key, i) =>
      expect(Buffer.from(key).equals(scryptSync(words[i] ?? '', 'salt', 64, { N: 16, r: 8, p: 1 }))).toBe(true),
    );
  });
  test('an idle one ends', async () => {
    open({ idleMaxMs: 1 });
    await scrypt('pencil');
    await until(() => pool.threadCount === 0);
    expect(await scrypt('pencil')).toHaveLength(64);
  });
  test.each(['throw', 'exit'])(
    'one that dies (%s) rejects its own task; the waiting ones go to another',
    async (order) => {
      open({ size: 1 }, obedientSource);
      const [died, next] = await Promise.allSettled([scrypt(order), scrypt('work')]);
      expect(died).toMatchObject({ status: 'rejected', reason: { reason: 'unexpected' } });
      expect(next).toMatchObject({ status: 'fulfilled' });
      expect(await scrypt('work')).toHaveLength(1);
      expect(pool.threadCount).toBe(1);
    },
  );
  test('a task that fails leaves its thread alive', async () => {
    open({ size: 1 }, obedientSource);
    await expect(scrypt('fail')).rejects.toThrow(/failed: no/);
    expect(pool.threadCount).toBe(1);
  });
});

describe('limits', () => {
  test('a full queue answers overloaded', async () => {
    open({ size: 1, queueMax: 2 }, obedientSource);
    const stuck = [scrypt('hang'), scrypt('hang'), scrypt('hang')];
    await expect(scrypt('hang')).rejects.toMatchObject({ reason: 'overloaded', code: 'resource_exhausted' });
    const settled = Promise.allSettled(stuck);
    await pool.close();
    for (const result of await settled) expect(result).toMatchObject({ reason: { reason: 'shutting_down' } });
  });
  test('closed: nothing is taken', async () => {
    open();
    await pool.close();
    await expect(scrypt('pencil')).rejects.toBeInstanceOf(StatusError);
    expect(pool.threadCount).toBe(0);
  });
});
