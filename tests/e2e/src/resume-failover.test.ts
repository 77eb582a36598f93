/**
 * An upload whose data leader dies in the middle: the client goes on behind the last byte that a majority has, at the next
 * leader, and until the end everyone sees the old file (ftp.md, "Atomic and resumable").
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from './cluster-fixture.ts';
import { RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword, removeFolder, run, temporaryFolder, until } from './system.ts';
import { sha256 } from './tree.ts';

jest.setTimeout(120_000);
const data = temporaryFolder('resume-failover');
let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(data, 'data=3,routing=2,processing=2');
}, 120_000);
/** All nodes run again, also when a test failed. */
let mendNode = (): Promise<void> => Promise.resolve();
afterEach(async () => {
  await mendNode();
  mendNode = () => Promise.resolve();
});
afterAll(async () => {
  await cluster.stop();
  removeFolder(data);
}, 60_000);

const old = randomBytes(700_001);
const whole = randomBytes(26_000_000);
/** A stage's length is logged after each 8 MiB; what came since may be lost with the leader. */
const stepBytes = 8 * 1024 * 1024;
/** Of the upload when the leader dies: two steps, and a part of the third. */
const cutAt = 20_000_000;
/** More of it, while a step is waited for. */
const trickleBytes = 20_000;

const login = (router: string): Promise<RawFtp> => RawFtp.login({ ftp: cluster.ftpOf(router) }, 'admin', adminPassword);
/** A client that connects again and asks again while it is refused for now. */
async function mended<T>(router: string, deed: (ftp: RawFtp) => Promise<T | undefined>): Promise<T> {
  let found: T | undefined;
  await until(
    `a client of ${router} is served`,
    async () => {
      try {
        const ftp = await login(router);
        found = await deed(ftp);
        ftp.socket.destroy();
      } catch {
        // Refused, or cut off: again.
      }
      return found !== undefined;
    },
    60_000,
  );
  return found as T;
}
const sizeAt = (router: string, path: string): Promise<number> =>
  mended(router, async (ftp) => {
    const { code, lines } = await ftp.ask(`SIZE ${path}`);
    return code === 213 ? Number(lines[0]?.slice(4)) : undefined;
  });
const hashAt = (router: string, path: string): Promise<string> =>
  mended(router, async (ftp) => {
    const { bytes, ended } = await ftp.download(`RETR ${path}`);
    return ended.code === 226 ? sha256(bytes) : undefined;
  });
const upload = (router: string, bytes: Uint8Array, ...lines: readonly string[]): Promise<number> =>
  mended(router, async (ftp) => {
    for (const line of lines.slice(0, -1)) expect((await ftp.ask(line)).code).toBe(350);
    const { code } = await ftp.upload(lines.at(-1) ?? '', bytes);
    return code >= 400 && code < 500 ? undefined : code;
  });

/** As the leader has it. */
const applied = async (): Promise<number> =>
  (await cluster.members('data')).find(({ leader }) => leader === true)?.applied ?? 0;
/** Begins an upload, and sends it slowly until two of its steps are in the log. */
async function begin(router: string, path: string): Promise<{ ftp: RawFtp; socket: Socket; sent: number }> {
  const ftp = await login(router);
  const socket = await ftp.data();
  socket.on('error', () => undefined);
  const before = await applied();
  expect((await ftp.ask(`STOR ${path}`)).code).toBe(150);
  for (let at = 0; at < cutAt; at += 500_000) {
    socket.write(whole.subarray(at, at + 500_000));
    await pause(50);
  }
  // The record that opens the stage, and those that lengthen it; one that is due is made when more comes.
  let sent = cutAt;
  await until('two steps are logged', async () => {
    if (sent < whole.length - trickleBytes) socket.write(whole.subarray(sent, (sent += trickleBytes)));
    return (await applied()) >= before + 3;
  });
  return { ftp, socket, sent };
}
async function equal(): Promise<void> {
  await until(
    'the copies are complete',
    async () => {
      const members = await cluster.members('data');
      return members.every(({ copies }) => copies?.compared === true && copies.missing === 0 && copies.pushing === 0);
    },
    60_000,
  );
  await until('all members agree', () => cluster.agree('data'), 60_000);
  expect((await cluster.command('raft', 'digest', '--group', 'data', '--content')).stdout).toContain(
    '3 members are equal',
  );
}

describe.each([
  ['killed', 'kill', 'start'],
  ['stopped in its tracks', 'pause', 'resume'],
] as const)('the data leader is %s in the middle of an upload', (_, hurt, mend) => {
  it.each([
    [
      'STOR with REST',
      old,
      (path: string, at: number) => upload('routing_2', whole.subarray(at), `REST ${at}`, `STOR ${path}`),
    ],
    ['APPE', undefined, (path: string, at: number) => upload('routing_2', whole.subarray(at), `APPE ${path}`)],
  ])('the client is told, and %s goes on with what a majority has', async (how, version, goOn) => {
    const path = `/${hurt}-${how.slice(0, 4)}`;
    if (version !== undefined) expect(await upload('routing_1', version, `STOR ${path}`)).toBe(226);
    const { ftp, socket, sent } = await begin('routing_1', path);
    const leader = await cluster.leader('data');
    mendNode = () => cluster.order(mend, leader);
    await cluster.order(hurt, leader);
    // More comes than anybody takes.
    socket.end(whole.subarray(sent));
    const { code } = await ftp.reply();
    expect([421, 425, 426, 450, 451]).toContain(code);
    ftp.socket.destroy();

    const at = await sizeAt('routing_2', path);
    expect(at).toBeGreaterThanOrEqual(2 * stepBytes);
    expect(at).toBeLessThanOrEqual(whole.length);
    expect(await cluster.leader('data', leader)).not.toBe('');
    // Until it is whole, nobody sees anything of it, wherever he asks.
    for (const router of ['routing_1', 'routing_2'])
      if (version === undefined)
        expect(await mended(router, async (each) => (await each.ask(`MLST ${path}`)).code)).toBe(550);
      else expect(await hashAt(router, path)).toBe(sha256(version));

    expect(await goOn(path, at)).toBe(226);
    for (const router of ['routing_1', 'routing_2']) expect(await hashAt(router, path)).toBe(sha256(whole));
    await mendNode();
    await equal();
    expect(await hashAt('routing_1', path)).toBe(sha256(whole));
    expect(await sizeAt('routing_1', path)).toBe(whole.length);
  });
});

it('curl -C - goes on by itself after the leader was killed', async () => {
  const local = join(data, 'local');
  writeFileSync(local, whole);
  const url = (router: string): string => {
    const { host, port } = cluster.ftpOf(router);
    return `ftp://admin:${encodeURIComponent(adminPassword)}@${host}:${port}/by-curl`;
  };
  const before = await applied();
  const child = spawn('curl', ['-sS', '--limit-rate', '6M', '-T', local, url('routing_1')], { stdio: 'ignore' });
  const ended = once(child, 'close') as Promise<[number]>;
  await until('a step is logged', async () => (await applied()) >= before + 2);
  const leader = await cluster.leader('data');
  mendNode = () => cluster.order('start', leader);
  await cluster.order('kill', leader);
  const [code] = await ended;
  expect(code).not.toBe(0);
  expect(await sizeAt('routing_2', '/by-curl')).toBeGreaterThanOrEqual(stepBytes);
  const again = ['-sS', '--max-time', '60', '--retry', '5', '-C', '-', '-T', local, url('routing_2')];
  expect(await run('curl', again, { timeoutMs: 90_000 })).toMatchObject({ code: 0 });
  expect(await hashAt('routing_1', '/by-curl')).toBe(sha256(whole));
  await mendNode();
  await equal();
});
