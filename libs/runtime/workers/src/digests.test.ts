import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { toHex, utf8 } from '@skerry/kernel';
import { digestInLineMaxBytes, DigestThread, type DigestName } from './digests.ts';

let thread: DigestThread;
afterEach(() => thread.close());
const open = (options: ConstructorParameters<typeof DigestThread>[0] = {}): DigestThread =>
  (thread = new DigestThread(options));

async function digest(name: DigestName, bytes: Uint8Array, pieceBytes: number): Promise<string> {
  const running = thread.open(name);
  for (let at = 0; at < bytes.length; at += pieceBytes) await running.update(bytes.subarray(at, at + pieceBytes));
  return toHex(await running.finish());
}
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe('the digest of "123456789"', () => {
  test.each([
    ['crc32', 'cbf43926'],
    ['md5', '25f9e794323b453885f5181f1b624d0b'],
    ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ] as const)('%s', async (name, wanted) => {
    open();
    expect(await digest(name, utf8('123456789'), 4)).toBe(wanted);
    expect(thread.started).toBe(false);
  });
});

describe('content of several pieces', () => {
  const bytes = new Uint8Array(randomBytes(300_001));
  test.each(['crc32', 'md5', 'sha1', 'sha256', 'sha512'] as const)('%s, several at once', async (name) => {
    open();
    const wanted =
      name === 'crc32' ? crc32(bytes).toString(16).padStart(8, '0') : createHash(name).update(bytes).digest('hex');
    const found = await Promise.all([1_000, 70_000, 300_001].map((pieceBytes) => digest(name, bytes, pieceBytes)));
    expect(found).toEqual([wanted, wanted, wanted]);
    expect(thread.started).toBe(true);
  });
  test('the caller keeps its bytes', async () => {
    open();
    const own = bytes.slice();
    await digest('md5', own, 200_000);
    expect(toHex(own)).toBe(toHex(bytes));
  });
});

const large = new Uint8Array(digestInLineMaxBytes + 1);
test('an idle thread ends; one that works does not', async () => {
  open({ idleMaxMs: 1 });
  const running = thread.open('md5');
  await running.update(large);
  await new Promise((resolve) => setImmediate(resolve));
  expect(thread.started).toBe(true);
  await running.finish();
  await until(() => !thread.started);
});
test('one that is abandoned lets the thread go, and wakes who waits', async () => {
  open({ idleMaxMs: 1, source: 'require("node:worker_threads").parentPort.on("message", () => undefined)' });
  const running = thread.open('md5');
  const waiting = running.update(large);
  running.abandon();
  await expect(waiting).rejects.toMatchObject({ reason: 'cancelled' });
  running.abandon();
  await until(() => !thread.started);
});
test('a thread that dies fails what it had; the next has another', async () => {
  const source = 'require("node:worker_threads").parentPort.on("message", () => process.exit(3))';
  open({ source });
  await expect(thread.open('md5').update(large)).rejects.toMatchObject({ reason: 'unexpected' });
  expect(thread.started).toBe(false);
});
test('closed: what runs ends, nothing is taken', async () => {
  open();
  const [outcome] = await Promise.allSettled([thread.open('md5').update(large), thread.close()]);
  expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'shutting_down' } });
  await expect(thread.open('md5').update(large)).rejects.toMatchObject({ reason: 'shutting_down' });
});
