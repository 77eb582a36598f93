/** Seeded random bytes at every door of a running system: it answers, or closes, and goes on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { Prng } from '@skerry/kernel';
import { anonymousBytes, metric } from './metrics-fixture.ts';
import { removeFolder, System, temporaryFolder, until } from './system.ts';
import { codeOf, dial, WireClient, type Peer } from './wire-client.ts';

const seed = Number(process.env['SKERRY_SEED'] ?? 20_261_121);
/** Growth that the allocator may keep after all of it, in bytes: a leak of 1 KB for each line would be ten times that. */
const growthMaxBytes = 64 * 1024 * 1024;
const linesPerSession = 400;
const sessionsOfGarbage = 12;

const folder = temporaryFolder('garbage');
let system: System;
let prng: Prng;
beforeAll(async () => {
  process.stderr.write(`garbage of SKERRY_SEED=${seed}\n`);
  prng = new Prng(seed);
  system = await System.start(['up', '--ftp-port', '0', '--passive-ports', '0-0'], join(folder, 'data'), {
    // Many malformed lines are the point here; the limit has a test of its own below.
    SKERRY_FTP_MALFORMED_LINES_MAX: '100000',
  });
}, 60_000);
afterAll(async () => {
  await system.stop();
  removeFolder(folder);
});

const bytes = (count: number): Buffer => Buffer.from(Uint8Array.from({ length: count }, () => prng.below(256)));
const pick = <T>(some: readonly T[]): T => some[prng.below(some.length)] as T;
/** What telnet knows and FTP does not want (RFC 854): IAC WILL, IAC DO, IAC IP, IAC SB … IAC SE, IAC alone. */
const telnet = [[255, 251, 1], [255, 253, 3], [255, 244, 255, 242], [255, 250, 24, 1, 255, 240], [255]];
const verbs = ['USER', 'PASS', 'STOR', 'RETR', 'CWD', 'MKD', 'PORT', 'EPRT', 'REST', 'OPTS', 'SITE', 'MLST', 'XYZZY'];
/** None can be right: too long, or no UTF-8, so that by no chance a name is made of them. */
const wrongLines: readonly (() => Buffer)[] = [
  () => bytes(prng.below(600)),
  () => Buffer.concat([Buffer.from(`${pick(verbs)} `), bytes(prng.below(300)), Buffer.from([0xff])]),
  () => Buffer.from([...pick(telnet), ...Buffer.from(`${pick(verbs)} `), ...pick(telnet), 0xc0]),
  () => Buffer.from(`${pick(verbs)} a\0b${'\0'.repeat(prng.below(40))}`),
  () => Buffer.concat([Buffer.from('MKD /'), Buffer.from([0xc3, 0x28, 0xa0, 0xff, 0xfe, prng.below(128) + 128])]),
  () => Buffer.from(`${pick(verbs)} ${'x'.repeat(600 + prng.below(20_000))}`),
  () => Buffer.from(`${'%s%n../'.repeat(prng.below(400))}`),
];
const wrongLine = (): Buffer => Buffer.concat([pick(wrongLines)(), Buffer.from('\r\n')]);

/** Codes of all replies to so many lines of garbage; the connection may end before the last. */
async function babble(client: WireClient, lines: number): Promise<readonly number[]> {
  const codes: number[] = [];
  const reading = (async () => {
    for (let reply = await client.reply(); reply !== undefined; reply = await client.reply()) {
      codes.push(codeOf(reply));
      if (codes.at(-1) === 221) return;
    }
  })();
  for (let i = 0; i < lines && !client.closed; i++) await client.write(wrongLine());
  await client.write('\r\nQUIT\r\n');
  await reading;
  client.destroy();
  return codes;
}
async function served(): Promise<void> {
  const client = await WireClient.login(system.ftp);
  expect(await client.store('/kept', Buffer.from('kept'))).toEqual([150, 226]);
  expect(await client.names('/')).toEqual(['kept']);
  await client.ask('QUIT', 221);
  client.destroy();
}
const peerOf = (endpoint: string): Peer => {
  const { hostname, port } = new URL(endpoint.includes('://') ? endpoint : `http://${endpoint}`);
  return { host: hostname, port: Number(port) };
};
/** Sends it and waits until the door has closed the connection, or ends it: what is asked for is that nothing breaks. */
async function throwAt(peer: Peer, content: Uint8Array): Promise<void> {
  const socket = await dial(peer);
  socket.resume();
  const closed = once(socket, 'close');
  socket.end(content);
  await closed;
}

describe('random bytes', () => {
  it.each(['in clear', 'under TLS'] as const)(
    'at the control port, %s, are answered with errors only',
    async (how) => {
      const before = anonymousBytes(system);
      const codes: number[] = [];
      for (let i = 0; i < sessionsOfGarbage; i++) {
        const client = await WireClient.connect(system.ftp);
        await client.expect(220);
        if (how === 'under TLS') await client.startTls();
        if (i % 2 === 0) await client.logIn();
        codes.push(...(await babble(client, linesPerSession)));
      }
      expect(codes.length).toBeGreaterThan(1_000);
      // Any name may be that of a user: it is asked for a password. The last of each session is QUIT's.
      const good = codes.filter((code) => code < 400);
      expect([...new Set(good)].toSorted()).toEqual([221, 331]);
      expect(good.filter((code) => code === 221)).toHaveLength(sessionsOfGarbage);
      await served();
      expect(anonymousBytes(system) - before).toBeLessThan(growthMaxBytes);
    },
    60_000,
  );

  it('a line without an end is answered 500 once, however long, and the session goes on', async () => {
    const client = await WireClient.login(system.ftp);
    const before = anonymousBytes(system);
    for (let i = 0; i < 16; i++) await client.write(Buffer.alloc(65_536, 0x41));
    await client.write('\r\nNOOP\r\n');
    await client.expect(500);
    await client.expect(200);
    expect(anonymousBytes(system) - before).toBeLessThan(growthMaxBytes);
    client.destroy();
  }, 30_000);

  it('too many malformed lines end the session with 421', async () => {
    const strict = await System.embedded(join(folder, 'strict'));
    const client = await WireClient.connect(strict.ftp);
    await client.write('NO\0OP\r\n'.repeat(50));
    const codes = await client.codesToTheEnd();
    expect(codes[0]).toBe(220);
    expect(codes.at(-1)).toBe(421);
    expect(codes.slice(1, -1).every((code) => code === 500 || code === 501)).toBe(true);
    expect(codes.length).toBeLessThan(30);
    expect(await strict.stop()).toBe(0);
  }, 30_000);

  it('instead of a TLS handshake, on control and data connections, end that connection only', async () => {
    const client = await WireClient.connect(system.ftp);
    await client.expect(220);
    await client.ask('AUTH TLS', 234);
    await client.write(bytes(4_000));
    await once(client.socket, 'close');
    const secure = await WireClient.connect(system.ftp);
    await secure.expect(220);
    await secure.startTls();
    await secure.logIn();
    await secure.ask('PBSZ 0', 200);
    await secure.ask('PROT P', 200);
    const data = await secure.data();
    await secure.ask('STOR /never', 150);
    data.end(bytes(100_000));
    expect([425, 426, 522]).toContain(codeOf(await secure.reply()));
    await secure.ask('NOOP', 200);
    secure.destroy();
    await served();
  }, 30_000);

  it('at a passive port that no transfer wants, or before its command, make no file', async () => {
    const client = await WireClient.login(system.ftp);
    const early = await client.data();
    early.end(bytes(50_000));
    await client.ask('ABOR', 226);
    const unwanted = await client.data();
    unwanted.write(bytes(50_000));
    await client.ask('NOOP', 200);
    client.destroy();
    await served();
  }, 30_000);

  it('at the doors for operators, metrics and the search close that connection only', async () => {
    const doors = [system.ready.endpoints['grpc'], system.ready.endpoints['metrics']].map((each) => peerOf(each ?? ''));
    const node = await System.start(
      ['node', 'discovery', '--id', 'discovery_9', '--discovery-bind', '127.0.0.1', '--discovery-port', '0'],
      join(folder, 'node'),
    );
    doors.push(peerOf(node.ready.endpoints['grpc'] ?? ''), peerOf(node.ready.endpoints['metrics'] ?? ''));
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const http = Buffer.from('GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n');
    for (const door of doors)
      for (let i = 0; i < 10; i++) {
        await throwAt(door, bytes(prng.below(5_000)));
        await throwAt(door, Buffer.concat([pick([preface, http]), bytes(prng.below(5_000))]));
      }
    const status = (await (await fetch(`${node.ready.endpoints['metrics']}/status`)).json()) as {
      service: { search: string };
    };
    const search = peerOf(status.service.search);
    const socket = createSocket('udp4');
    for (let i = 0; i < 500; i++)
      await new Promise((resolve) => socket.send(bytes(prng.below(2_000)), search.port, search.host, resolve));
    socket.close();
    for (const each of [system, node]) {
      const { ok } = await fetch(`${each.ready.endpoints['metrics']}/readyz`);
      expect(ok).toBe(true);
    }
    expect(await node.stop()).toBe(0);
    await served();
  }, 60_000);

  it('leave no session behind, and the system drains as ever', async () => {
    await until('no session is left', async () => (await metric(system, 'skerry_ftp_sessions')) === 0);
    expect(await system.stop()).toBe(0);
  }, 30_000);
});
