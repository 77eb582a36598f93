import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { blocksKept, giveBack, isLent, takeBlock } from '@skerry/runtime-world';
import { eventually } from '@skerry/testing';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as netConnect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { EndWatch } from './end-watch.ts';
import { connectStream, listenStream, nextTurn, tlsContext, type TlsContext } from './index.ts';
import type { StreamListener, StreamSocket } from './types.ts';

const opened: { listeners: StreamListener[]; sockets: { destroy(): unknown }[] } = { listeners: [], sockets: [] };
let pems: { certificate: string; privateKey: string };
let context: TlsContext;

beforeAll(() => {
  const directory = mkdtempSync(join(tmpdir(), 'sockets-'));
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'].concat([
      '-subj',
      '/CN=test',
      '-keyout',
      key,
      '-out',
      certificate,
    ]),
    { stdio: 'ignore' },
  );
  pems = { certificate: readFileSync(certificate, 'utf8'), privateKey: readFileSync(key, 'utf8') };
  context = tlsContext({ ...pems, ticketKeys: new Uint8Array(48).fill(7) });
  rmSync(directory, { recursive: true });
});
afterEach(async () => {
  for (const socket of opened.sockets.splice(0)) socket.destroy();
  for (const listener of opened.listeners.splice(0)) await listener.close();
});

/** A server's socket and a client's, connected. */
async function pair(): Promise<{ server: StreamSocket; client: Socket }> {
  let accepted: (socket: StreamSocket) => void = () => undefined;
  const incoming = new Promise<StreamSocket>((resolve) => (accepted = resolve));
  const listener = await listenStream({ host: '127.0.0.1', port: 0 }, (socket) => accepted(socket));
  const client = netConnect({ port: listener.address.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  const server = await incoming;
  opened.listeners.push(listener);
  opened.sockets.push(server, client);
  return { server, client };
}
/** What a client says first. */
async function clientHello(): Promise<Uint8Array> {
  const { server, client } = await pair();
  tlsConnect({ socket: client, rejectUnauthorized: false }).on('error', () => undefined);
  return (await server.read()) ?? new Uint8Array(0);
}
/** Under a client's TLS: what it writes may be held back, to be sent in one piece; and it can stop to read. */
class HeldWrites extends Duplex {
  holding = false;
  deaf = false;
  readonly #raw: Socket;
  #held: Uint8Array[] = [];
  constructor(raw: Socket) {
    super();
    this.#raw = raw;
    raw.on('data', (chunk) => this.push(chunk));
  }
  held(): Buffer {
    return Buffer.concat(this.#held.splice(0));
  }
  override _read(): void {
    if (!this.deaf) this.#raw.resume();
  }
  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    if (this.holding) this.#held.push(chunk);
    else this.#raw.write(chunk);
    done();
  }
}
async function readAll(socket: StreamSocket): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let part = await socket.read(); part !== undefined; part = await socket.read()) parts.push(part);
  return Buffer.concat(parts);
}
async function gathered(client: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of client) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
/** The client's FIN is on the server's side of the loopback, and the server's event loop has had its chance to see it. */
async function ended(client: Socket): Promise<void> {
  await new Promise<void>((resolve) => client.end(() => resolve()));
  for (let turn = 0; turn < 5; turn++) await nextTurn();
}
const modes = [
  { name: 'ordinary reads', prepare: (_socket: StreamSocket): void => undefined },
  { name: 'large reads', prepare: (socket: StreamSocket): void => socket.useLargeReads() },
];

it('a block that was taken for a small file comes back when its connection ends, none is left to the garbage', async () => {
  for (const size of [4_096, 12_000]) {
    // So that one is there to be missed.
    takeBlock().end();
    const before = blocksKept();
    const { server, client } = await pair();
    server.useLargeReads();
    client.end(randomBytes(size));
    await readAll(server);
    await server.end();
    await server.whenClosed;
    expect(blocksKept()).toBe(before);
  }
});
describe.each(modes)('a plain connection with $name', ({ prepare }) => {
  it('gives every byte in order, then the end', async () => {
    const { server, client } = await pair();
    prepare(server);
    const sent = randomBytes(5_000_000);
    client.end(sent);
    expect(sent.equals(await readAll(server))).toBe(true);
    expect(await server.read()).toBeUndefined();
  });
  it('gives memory that is never written again', async () => {
    const { server, client } = await pair();
    prepare(server);
    const sent = randomBytes(3_000_000);
    client.end(sent);
    const views: Uint8Array[] = [];
    const copies: Buffer[] = [];
    for (let part = await server.read(); part !== undefined; part = await server.read()) {
      views.push(part);
      copies.push(Buffer.from(part));
    }
    expect(Buffer.concat(views).equals(Buffer.concat(copies))).toBe(true);
    expect(Buffer.concat(views).equals(sent)).toBe(true);
  });
  it('slows the sender while nobody reads', async () => {
    const { server, client } = await pair();
    prepare(server);
    client.write(Buffer.from('x'));
    await server.read();
    const block = Buffer.alloc(1 << 20);
    let written = 0;
    while (written < 64 && client.write(block)) written += 1;
    for (let turn = 0; turn < 200; turn++) await nextTurn();
    expect(client.bytesWritten - client.writableLength).toBeLessThan(40 << 20);
    for (let i = 0; i < 32; i++) client.write(block);
    for (let turn = 0; turn < 500; turn++) await nextTurn();
    expect(client.writableLength).toBeGreaterThan(0);
  });
  it('throws connection_lost when the peer resets', async () => {
    const { server, client } = await pair();
    prepare(server);
    const reading = server.read();
    client.resetAndDestroy();
    await expect(reading).rejects.toMatchObject({ reason: 'connection_lost' });
    await server.whenClosed;
    expect(server.closed).toBe(true);
  });
  it('throws connection_lost at a read that waits while it is destroyed here', async () => {
    const { server } = await pair();
    prepare(server);
    const reading = server.read();
    server.destroy();
    await expect(reading).rejects.toMatchObject({ reason: 'connection_lost' });
  });
  it('an end without bytes before it is told, also when nobody read until then', async () => {
    const { server, client } = await pair();
    prepare(server);
    await ended(client);
    expect(await server.read()).toBeUndefined();
  });
  it('answers after the peer has ended its side', async () => {
    const { server, client } = await pair();
    prepare(server);
    client.end('ask');
    expect((await readAll(server)).toString()).toBe('ask');
    server.write(Buffer.from('answer'));
    const answer = gathered(client);
    await server.end();
    expect((await answer).toString()).toBe('answer');
    await server.whenClosed;
  });
});

describe('writing', () => {
  it('says when to wait and when to go on', async () => {
    const { server, client } = await pair();
    const block = new Uint8Array(1 << 20);
    let count = 0;
    while (server.write(block)) count += 1;
    expect(count).toBeGreaterThan(0);
    let drained = false;
    const waiting = server.drained().then(() => (drained = true));
    await nextTurn();
    expect(drained).toBe(false);
    client.resume();
    await waiting;
    expect(drained).toBe(true);
  });
  it('an end whose last bytes could not be sent is connection_lost', async () => {
    const { server, client } = await pair();
    const block = new Uint8Array(1 << 20);
    while (server.write(block));
    const ending = server.end();
    client.resetAndDestroy();
    await expect(ending).rejects.toMatchObject({ reason: 'connection_lost' });
  });
  it('a peer that is gone ends the wait with connection_lost', async () => {
    const { server, client } = await pair();
    const block = new Uint8Array(1 << 20);
    while (server.write(block));
    const waiting = server.drained();
    client.resetAndDestroy();
    await expect(waiting).rejects.toMatchObject({ reason: 'connection_lost' });
    await expect(server.flushed()).rejects.toMatchObject({ reason: 'connection_lost' });
    expect(server.write(block)).toBe(false);
  });
});

describe('idleness', () => {
  it('is told again and again while nothing moves', async () => {
    const { server } = await pair();
    let count = 0;
    await new Promise<void>((resolve) => {
      server.watchIdle(10, () => {
        count += 1;
        if (count === 3) resolve();
      });
    });
    expect(count).toBe(3);
  });
  it('is told when nothing moves after reads became large', async () => {
    const { server, client } = await pair();
    server.useLargeReads();
    let idle = (): void => undefined;
    server.watchIdle(20, () => idle());
    const sent = randomBytes(4_000_000);
    client.write(sent);
    let [count, large] = [0, 0];
    while (count < sent.length) {
      const chunk = (await server.read()) ?? new Uint8Array(0);
      count += chunk.length;
      if (chunk.buffer.byteLength >= 1 << 20) large += 1;
    }
    expect(large).toBeGreaterThan(0);
    await new Promise<void>((resolve) => (idle = resolve));
  });
  it('is not told while a slow reader takes a part of a large write now and then', async () => {
    const { server, client } = await pair();
    server.write(new Uint8Array(32 << 20));
    let idle = 0;
    server.watchIdle(400, () => (idle += 1));
    client.pause();
    // The idle ticks of a connection where nothing moves tell the time: a part in each quarter of what is idle.
    const still = await pair();
    await new Promise<void>((resolve) => {
      let ticks = 0;
      still.server.watchIdle(100, () => {
        client.read(1 << 20);
        ticks += 1;
        if (ticks === 9) resolve();
      });
    });
    expect(idle).toBe(0);
  });
});

describe('listening and connecting', () => {
  it('a port in use is port_in_use', async () => {
    const listener = await listenStream({ host: '127.0.0.1', port: 0 }, () => undefined);
    opened.listeners.push(listener);
    const second = listenStream({ host: '127.0.0.1', port: listener.address.port }, () => undefined);
    await expect(second).rejects.toMatchObject({ reason: 'port_in_use' });
  });
  it('the port of a closed listener is free at once', async () => {
    const first = await listenStream({ host: '127.0.0.1', port: 0 }, () => undefined);
    await first.close();
    const second = await listenStream({ host: '127.0.0.1', port: first.address.port }, () => undefined);
    opened.listeners.push(second);
    expect(second.address.port).toBe(first.address.port);
  });
  it('connects both ways, from the address that was asked for', async () => {
    let accepted: (socket: StreamSocket) => void = () => undefined;
    const incoming = new Promise<StreamSocket>((resolve) => (accepted = resolve));
    const listener = await listenStream({ host: '127.0.0.1', port: 0 }, (socket) => accepted(socket));
    opened.listeners.push(listener);
    const out = await connectStream({ ...listener.address, localHost: '127.0.0.3' });
    const into = await incoming;
    opened.sockets.push(out, into);
    expect(into.remote).toEqual(out.local);
    expect(into.remote.host).toBe('127.0.0.3');
    out.write(Buffer.from('hello'));
    expect(Buffer.from((await into.read()) ?? []).toString()).toBe('hello');
  });
  it('nobody there is connection_lost', async () => {
    const listener = await listenStream({ host: '127.0.0.1', port: 0 }, () => undefined);
    await listener.close();
    await expect(connectStream(listener.address)).rejects.toMatchObject({ reason: 'connection_lost' });
  });
});

describe('TLS in mid-connection', () => {
  type Ending = 'close_notify' | 'bare FIN';
  async function upgraded(strictEnd: boolean): Promise<{ server: StreamSocket; client: Socket; raw: Socket }> {
    const { server, client: raw } = await pair();
    const upgrade = server.upgradeToTls(context, { discardBuffered: true, deadlineMs: 5_000, strictEnd });
    const client = tlsConnect({ socket: raw, rejectUnauthorized: false });
    client.on('error', () => undefined);
    await upgrade;
    return { server, client, raw };
  }
  it.each([false, true])('carries bytes both ways (strict end: %s)', async (strictEnd) => {
    const { server, client } = await upgraded(strictEnd);
    expect(server.secure).toBe(true);
    const sent = randomBytes(3_000_000);
    client.write(sent);
    let got = Buffer.alloc(0);
    while (got.length < sent.length) got = Buffer.concat([got, (await server.read()) ?? Buffer.alloc(0)]);
    expect(got.equals(sent)).toBe(true);
    const answer = gathered(client);
    server.write(sent);
    await server.end();
    expect((await answer).equals(sent)).toBe(true);
  });
  it('an upload is read into lent blocks, nothing of it is written again, and all of them come back', async () => {
    const { server, client } = await upgraded(true);
    const before = blocksKept();
    const sent = randomBytes(9_000_000);
    client.end(sent);
    const views: Uint8Array[] = [];
    const copies: Buffer[] = [];
    for (let part = await server.read(); part !== undefined; part = await server.read()) {
      views.push(part);
      copies.push(Buffer.from(part));
      // A slow reader, so that the sender is slowed and TLS leaves ciphertext to be taken later.
      if (views.length % 8 === 0) for (let turn = 0; turn < 5; turn++) await nextTurn();
    }
    expect(Buffer.concat(views).equals(sent)).toBe(true);
    expect(Buffer.concat(copies).equals(sent)).toBe(true);
    const lent = views.filter(isLent).reduce((sum, { length }) => sum + length, 0);
    expect(lent).toBeGreaterThan(sent.length - 64 * 1024);
    await server.end();
    await server.whenClosed;
    for (const view of views) giveBack(view);
    expect(blocksKept()).toBeGreaterThan(before + 4);
  });
  it.each([
    { strictEnd: true, ending: 'close_notify' as Ending, outcome: 'end' },
    { strictEnd: true, ending: 'bare FIN' as Ending, outcome: 'connection_lost' },
    { strictEnd: false, ending: 'close_notify' as Ending, outcome: 'end' },
    { strictEnd: false, ending: 'bare FIN' as Ending, outcome: 'end' },
  ])('strict end $strictEnd, $ending: $outcome', async ({ strictEnd, ending, outcome }) => {
    const { server, client, raw } = await upgraded(strictEnd);
    const sent = randomBytes(2_000_000);
    await new Promise<void>((resolve) => client.write(sent, () => resolve()));
    if (ending === 'close_notify') client.end();
    else raw.end();
    const parts: Uint8Array[] = [];
    const reading = (async () => {
      for (let part = await server.read(); part !== undefined; part = await server.read()) parts.push(part);
      return 'end';
    })();
    const got = await reading.catch((error: { reason: string }) => error.reason);
    expect(got).toBe(outcome);
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
  });
  it.each([false, true])('an end of ours in the handshake is a cut at once (strict end: %s)', async (strictEnd) => {
    const { server, client } = await pair();
    const upgrade = server.upgradeToTls(context, { discardBuffered: false, deadlineMs: 3_600_000, strictEnd });
    upgrade.catch(() => undefined);
    const gone = new Promise((resolve) => client.once('end', resolve));
    client.on('error', () => undefined).resume();
    await expect(server.end()).rejects.toMatchObject({ reason: 'connection_lost' });
    expect(server.closed).toBe(true);
    await expect(upgrade).rejects.toMatchObject({ reason: 'connection_lost' });
    await gone;
  });
  type BareEnding = readonly [how: string, end: (raw: Socket) => void, outcome: string];
  const bareEndings: readonly BareEnding[] = [
    ['a FIN between records is an end', (raw) => raw.end(), 'end'],
    ['a FIN within a record is a cut', (raw) => raw.end(Uint8Array.of(23, 3, 3, 0, 40, 1)), 'connection_lost'],
    ['a reset is a cut', (raw) => raw.resetAndDestroy(), 'connection_lost'],
  ];
  it.each(bareEndings)('where a bare end counts, %s', async (_, end, outcome) => {
    const { server, client: raw } = await pair();
    const more = { discardBuffered: true, deadlineMs: 5_000, strictEnd: true, bareEndCounts: true };
    const upgrade = server.upgradeToTls(context, more);
    // Over a stream of its own: a socket that TLS took cannot be reset.
    const client = tlsConnect({ socket: new HeldWrites(raw), rejectUnauthorized: false });
    client.on('error', () => undefined);
    await upgrade;
    const sent = randomBytes(300_000);
    const reading = readAll(server).then(
      (bytes) => (bytes.equals(sent) ? 'end' : `end after ${bytes.length}`),
      (error: { reason: string }) => error.reason,
    );
    await new Promise<void>((resolve) => client.write(sent, () => resolve()));
    end(raw);
    expect(await reading).toBe(outcome);
  });
  it('drops what arrived before the upgrade', async () => {
    const { server, client: raw } = await pair();
    const first = server.read();
    raw.write('AUTH TLS\r\n');
    await first;
    raw.write('injected');
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    const upgrade = server.upgradeToTls(context, { discardBuffered: true, deadlineMs: 5_000 });
    const client = tlsConnect({ socket: raw, rejectUnauthorized: false });
    client.on('error', () => undefined);
    await upgrade;
    client.write('true');
    expect(Buffer.from((await server.read()) ?? []).toString()).toBe('true');
  });
  it('a read that waits gets the first decrypted bytes', async () => {
    const { server, client: raw } = await pair();
    const reading = server.read();
    const upgrade = server.upgradeToTls(context, { discardBuffered: true, deadlineMs: 5_000 });
    const client = tlsConnect({ socket: raw, rejectUnauthorized: false });
    client.on('error', () => undefined);
    client.write('secret');
    await upgrade;
    expect(Buffer.from((await reading) ?? []).toString()).toBe('secret');
  });
  it('a peer that speaks no TLS is cut', async () => {
    const { server, client } = await pair();
    const upgrade = server.upgradeToTls(context, { discardBuffered: true, deadlineMs: 5_000 });
    client.write('USER ada\r\n');
    await expect(upgrade).rejects.toMatchObject({ reason: 'connection_lost' });
    expect(server.closed).toBe(true);
  });
  it('a peer that says nothing is cut at the deadline', async () => {
    const { server } = await pair();
    const upgrade = server.upgradeToTls(context, { discardBuffered: true, deadlineMs: 20 });
    await expect(upgrade).rejects.toMatchObject({ reason: 'deadline' });
    expect(server.closed).toBe(true);
  });
  describe.each([false, true])(
    'a peer that ends before its handshake is through is cut at once (strict end: %s)',
    (strictEnd) => {
      /** What the upgrade gives when it may take as long as it likes. */
      const outcome = async (server: StreamSocket, discardBuffered: boolean): Promise<string> => {
        const upgrade = server.upgradeToTls(context, { deadlineMs: 60_000, strictEnd, discardBuffered });
        return upgrade.then(
          () => 'secure',
          (error: { reason: string }) => error.reason,
        );
      };
      const rows = [true, false].flatMap((discardBuffered) =>
        ['nothing', 'ClientHello'].map((said) => ({ discardBuffered, said })),
      );
      it.each(rows)(
        'said before: $said, dropped what came early: $discardBuffered',
        async ({ discardBuffered, said }) => {
          const { server, client } = await pair();
          const upgrade = outcome(server, discardBuffered);
          if (said !== 'nothing') client.write(await clientHello());
          client.end();
          expect(await upgrade).toBe('connection_lost');
          expect(server.closed).toBe(true);
        },
      );
      it.each(rows)(
        'also before the upgrade; said: $said, dropped: $discardBuffered',
        async ({ discardBuffered, said }) => {
          const { server, client } = await pair();
          if (said !== 'nothing') client.write(await clientHello());
          await ended(client);
          await server.hasArrivals();
          expect(await outcome(server, discardBuffered)).toBe('connection_lost');
          expect(server.closed).toBe(true);
        },
      );
      it('also while a read waits', async () => {
        const { server, client } = await pair();
        const reading = server.read();
        const upgrade = outcome(server, true);
        client.end();
        expect(await upgrade).toBe('connection_lost');
        await expect(reading).rejects.toMatchObject({ reason: 'connection_lost' });
      });
      it('also when a read has seen the end already', async () => {
        const { server, client } = await pair();
        client.end();
        expect(await server.read()).toBeUndefined();
        expect(await outcome(server, true)).toBe('connection_lost');
      });
      it('and by close_notify instead of its Finished', async () => {
        const { server, client: raw } = await pair();
        const upgrade = outcome(server, false);
        const client = tlsConnect({ socket: raw, rejectUnauthorized: false });
        client.on('error', () => undefined);
        client.end();
        expect(await upgrade).toBe('connection_lost');
      });
    },
  );
  it.each([false, true])(
    'an end without bytes before it is told, also when nobody read until then (strict end: %s)',
    async (strictEnd) => {
      const { server, client } = await upgraded(strictEnd);
      await ended(client);
      expect(await server.read()).toBeUndefined();
    },
  );
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: a server that answers and ends right after the handshake says close_notify',
    async (version) => {
      const { server, client: raw } = await pair();
      const upgrade = server.upgradeToTls(context, { discardBuffered: false, deadlineMs: 5_000 });
      // As OpenSSL's clients see it: only close_notify is an end, a FIN without it is none.
      const under = new EndWatch(raw, () => void nextTurn().then(() => client.destroy(new Error('a bare FIN'))));
      const client = tlsConnect({ socket: under, rejectUnauthorized: false, minVersion: version, maxVersion: version });
      const spoken = new Promise((resolve) => client.once('secureConnect', () => resolve(client.getProtocol())));
      const answer = gathered(client);
      await upgrade;
      // Not alone: an end without bytes before it waits for the handshake's last messages by itself.
      server.write(Buffer.from('answer'));
      await server.end();
      expect(await spoken).toBe(version);
      expect((await answer).toString()).toBe('answer');
    },
  );
  const closings = ['before our tickets', 'with our tickets unread'] as const;
  const contents = [
    { strictEnd: false, said: '' },
    { strictEnd: true, said: '' },
    { strictEnd: true, said: 'content' },
  ];
  it.each(closings.flatMap((closed) => contents.map((row) => ({ ...row, closed }))))(
    'TLS 1.3: close_notify and a connection closed $closed are an end (strict end: $strictEnd, "$said")',
    async ({ strictEnd, said, closed }) => {
      for (let round = 0; round < 10; round++) {
        const { server, client: raw } = await pair();
        const upgrade = server.upgradeToTls(context, { discardBuffered: false, deadlineMs: 5_000, strictEnd });
        const under = new HeldWrites(raw);
        const client = tlsConnect({ socket: under, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
        client.on('error', () => undefined);
        if (closed === 'before our tickets') {
          await eventually(() => raw.bytesWritten > 0);
          under.holding = true;
          client.once('secureConnect', () => client.end(said));
        } else {
          client.once('secureConnect', () => {
            under.deaf = true;
            raw.pause();
          });
          await upgrade;
          for (let turn = 0; turn < 5; turn++) await nextTurn();
          under.holding = true;
          client.end(said);
        }
        await new Promise<void>((resolve) => client.once('finish', () => resolve()));
        raw.write(under.held());
        raw.destroy();
        await upgrade;
        for (let turn = 0; turn < 5; turn++) await nextTurn();
        expect((await readAll(server)).toString()).toBe(said);
        // Only then our side meets the closed connection, which spoils nothing any more.
        if (strictEnd) await server.end();
      }
    },
  );
  it.each([false, true])(
    'a ClientHello that came before the upgrade is not lost (strict end: %s)',
    async (strictEnd) => {
      const { server, client: raw } = await pair();
      const client = tlsConnect({ socket: raw, rejectUnauthorized: false });
      client.on('error', () => undefined);
      client.write('early');
      await eventually(() => server.hasArrivals());
      await server.upgradeToTls(context, { discardBuffered: false, deadlineMs: 5_000, strictEnd });
      expect(Buffer.from((await server.read()) ?? []).toString()).toBe('early');
    },
  );
  it('a broken record after the handshake cuts the connection, not the process', async () => {
    const { server, raw } = await upgraded(false);
    const reading = server.read();
    raw.write(Buffer.from('170303001000000000000000000000000000000000', 'hex'));
    await expect(reading).rejects.toMatchObject({ reason: 'connection_lost' });
  });
  it('the second connection resumes the session of the first, also with another context of the same keys', async () => {
    const { server, client: raw } = await pair();
    const upgrade = server.upgradeToTls(context, { discardBuffered: true, deadlineMs: 5_000 });
    const client = tlsConnect({ socket: raw, rejectUnauthorized: false });
    client.on('error', () => undefined);
    const session = new Promise<Buffer>((resolve) => client.once('session', resolve));
    await upgrade;
    expect(server.sessionReused).toBe(false);
    client.resume();
    const other = tlsContext({ ...pems, ticketKeys: new Uint8Array(48).fill(7) });
    const second = await pair();
    const secondUpgrade = second.server.upgradeToTls(other, { discardBuffered: true, deadlineMs: 5_000 });
    tlsConnect({ socket: second.client, session: await session, rejectUnauthorized: false }).on(
      'error',
      () => undefined,
    );
    await secondUpgrade;
    expect(second.server.sessionReused).toBe(true);
  });
  it('PEM texts that are none are refused in one line', () => {
    const make = (): TlsContext => tlsContext({ certificate: 'x', privateKey: 'y', ticketKeys: new Uint8Array(48) });
    expect(make).toThrow('Cannot use TLS certificate and key');
  });
});

describe('behind a proxy', () => {
  const rest = (chunk: Uint8Array | undefined, header: string): Uint8Array =>
    (chunk ?? new Uint8Array(0)).subarray(header.length);
  const header = 'HEADER\r\n';
  const remote = { host: '203.0.113.7', port: 4_711 };

  it('the peer is who the proxy spoke for, and no byte behind the header is lost', async () => {
    const { server, client } = await pair();
    const sent = randomBytes(3_000_000);
    client.end(Buffer.concat([Buffer.from(header), sent]));
    server.introduce(remote, rest(await server.read(), header));
    expect(server.remote).toEqual(remote);
    expect(sent.equals(await readAll(server))).toBe(true);
  });
  it('no byte is lost with large reads either', async () => {
    const { server, client } = await pair();
    const sent = randomBytes(3_000_000);
    client.end(Buffer.concat([Buffer.from(header), sent]));
    server.introduce(remote, rest(await server.read(), header));
    server.useLargeReads();
    expect(sent.equals(await readAll(server))).toBe(true);
  });
  it('what came with the header and its end is still read', async () => {
    const { server, client } = await pair();
    client.write(`${header}tail`);
    const chunk = await server.read();
    await ended(client);
    server.introduce(remote, rest(chunk, header));
    expect((await readAll(server)).toString()).toBe('tail');
  });
  it('TLS begins with what came behind the header', async () => {
    const { server, client } = await pair();
    const hello = await clientHello();
    client.write(Buffer.concat([Buffer.from(header), hello.subarray(0, 40)]));
    const chunk = await server.read();
    client.write(hello.subarray(40));
    server.introduce(remote, rest(chunk, header));
    const answer = new Promise<Buffer>((resolve) => client.once('data', resolve));
    void server.upgradeToTls(context, { deadlineMs: 5_000, discardBuffered: false }).catch(() => undefined);
    // A ServerHello: handshake record of TLS (RFC 8446 §5.1).
    expect((await answer)[0]).toBe(0x16);
  });
});
