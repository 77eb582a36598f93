import { describe, expect, it } from '@jest/globals';
import { StatusError } from '@skerry/kernel';
import { eventually } from '@skerry/testing';
import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { benches, dial, dropped, received, reset, type LineClient } from './fixture.ts';

const open = benches();
async function upload(client: LineClient, name: string, bytes: Buffer): Promise<string> {
  const data = await client.data();
  await client.ask(`STOR ${name}`, 150);
  data.end(bytes);
  return client.expect(226);
}
async function download(client: LineClient, command: string): Promise<Buffer> {
  const data = await client.data();
  const bytes = received(data);
  await client.ask(command, 150);
  const got = await bytes;
  await client.expect(226);
  return got;
}

describe('content', () => {
  it.each([0, 1, 65_536, 3_000_001])('of %d bytes goes in and comes back', async (size) => {
    const one = await open();
    const client = await one.login();
    const bytes = randomBytes(size);
    await upload(client, 'file', bytes);
    expect(one.data.files.get('file')?.equals(bytes)).toBe(true);
    expect((await download(client, 'RETR file')).equals(bytes)).toBe(true);
  });
  it('150 of RETR names the size', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('file', Buffer.alloc(4711));
    await client.data();
    expect(await client.ask('RETR file', 150)).toContain('(4711 bytes)');
    await client.expect(226);
  });
  it('TYPE A: LF in the file is CR LF on the wire, both ways', async () => {
    const one = await open();
    const client = await one.login();
    await client.ask('TYPE A', 200);
    await upload(client, 'text', Buffer.from('a\r\nb\r\n'));
    expect(one.data.files.get('text')?.toString()).toBe('a\nb\n');
    expect((await download(client, 'RETR text')).toString()).toBe('a\r\nb\r\n');
  });
  it('lists in three formats', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('a.txt', Buffer.alloc(5)).set('b.bin', Buffer.alloc(7)).set('.hidden', Buffer.alloc(1));
    expect((await download(client, 'NLST *.txt')).toString()).toBe('a.txt\r\n');
    const long = (await download(client, 'LIST')).toString();
    expect(long).toMatch(/^-rw-r--r--.* 5 .* a\.txt\r\n-rw-r--r--.* 7 .* b\.bin\r\n$/);
    const machine = (await download(client, 'MLSD')).toString();
    expect(machine).toMatch(/type=file;size=5;.* a\.txt\r\n[^]* \.hidden\r\n$/);
  });
  it('MLSD tells the rights that the processor found', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('a.txt', Buffer.alloc(5));
    expect((await download(client, 'MLSD')).toString()).toContain(';perm=r;');
  });
  it('an empty listing is an empty data connection', async () => {
    const one = await open();
    const client = await one.login();
    expect((await download(client, 'LIST')).length).toBe(0);
  });
});

describe('the data connection', () => {
  it('not asked for: 425', async () => {
    const one = await open();
    const client = await one.login();
    await client.ask('RETR file', 425);
  });
  it('is good for one transfer', async () => {
    const one = await open();
    const client = await one.login();
    await upload(client, 'file', Buffer.from('x'));
    await client.ask('RETR file', 425);
  });
  it('the failure of RETR comes before any 150', async () => {
    const one = await open();
    const client = await one.login();
    await client.data();
    await client.ask('RETR missing', 550);
  });
  it('not accepted in time: 425', async () => {
    const one = await open({ ftpDataAcceptMs: 60 });
    const client = await one.login();
    await client.passivePort();
    await client.ask('STOR file', 150);
    await client.expect(425);
    expect(one.data.files.size).toBe(0);
  });
  it('from a foreign address is refused, the right one is still awaited', async () => {
    const one = await open({ ftpHost: '0.0.0.0' });
    const client = await one.login();
    const port = await client.passivePort();
    const foreign = dial({ port, localAddress: '127.0.0.2' });
    await dropped(foreign);
    await client.ask('STOR file', 150);
    const own = dial({ port });
    own.end('mine');
    await client.expect(226);
    expect(one.data.files.get('file')?.toString()).toBe('mine');
    expect(one.events.some(({ event }) => event === 'data_connection_refused')).toBe(true);
  });
  it('a second one to the same port is refused', async () => {
    const one = await open();
    const client = await one.login();
    const port = await client.passivePort();
    const own = dial({ port });
    await new Promise<void>((resolve) => own.once('connect', resolve));
    const second = dial({ port });
    await dropped(second);
    await client.ask('STOR file', 150);
    own.end('first');
    await client.expect(226);
  });
  it('the unused listener closes at the next PASV', async () => {
    const one = await open();
    const client = await one.login();
    const first = await client.passivePort();
    const second = await client.passivePort();
    expect(second).not.toBe(first);
    const late = dial({ port: first });
    const failure = await new Promise<{ code?: string }>((resolve) => late.once('error', resolve));
    expect(failure.code).toBe('ECONNREFUSED');
    await client.ask('QUIT', 221);
    await eventually(() => one.service.status().passiveListeners === 0);
  });
  it('one port serves clients from two addresses, and has no room for a third that shares one', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    const one = await open({ passivePorts: `${port}-${port}` });
    const [a, b, c] = [await one.login(), await one.login({ localAddress: '127.0.0.2' }), await one.login()];
    expect(await a.passivePort()).toBe(port);
    expect(await b.passivePort()).toBe(port);
    await c.ask('EPSV', 425);
    for (const [client, localAddress] of [[b, '127.0.0.2'] as const, [a, '127.0.0.1'] as const]) {
      await client.ask(`STOR from-${localAddress}`, 150);
      dial({ port, localAddress }).end(localAddress);
      await client.expect(226);
      expect(one.data.files.get(`from-${localAddress}`)?.toString()).toBe(localAddress);
    }
    expect(await c.passivePort()).toBe(port);
  });
  it('PASV tells the address that is set, else the one that the client came to', async () => {
    const one = await open({ passiveHost: '203.0.113.9' });
    expect(await (await one.login()).ask('PASV', 227)).toContain('(203,0,113,9,');
    const two = await open({ ftpHost: '0.0.0.0' });
    expect(await (await two.login()).ask('PASV', 227)).toContain('(127,0,0,1,');
  });
  it('EPSV for the other family is 522', async () => {
    const one = await open();
    expect(await (await one.login()).ask('EPSV 2', 522)).toContain('(1)');
  });
  it('active: we connect when the transfer begins, to the client alone', async () => {
    const one = await open();
    const client = await one.login();
    const listener = createServer();
    const arrived = new Promise<Socket>((resolve) => listener.once('connection', resolve));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as { port: number };
    await client.ask(`PORT 127,0,0,1,${port >> 8},${port & 255}`, 200);
    client.send('STOR file');
    (await arrived).end('active');
    await client.expect(150);
    await client.expect(226);
    expect(one.data.files.get('file')?.toString()).toBe('active');
    listener.close();
    await client.ask(`PORT 127,0,0,9,${port >> 8},${port & 255}`, 200);
    await client.ask('STOR file', 425);
    await client.ask(`PORT 127,0,0,1,${port >> 8},${port & 255}`, 200);
    await client.ask('STOR file', 150);
    await client.expect(425);
  });
  it('RETR: a client that closes early gets 426 quickly', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('big', Buffer.alloc(50 << 20));
    const data = await client.data();
    await client.ask('RETR big', 150);
    await new Promise<void>((resolve) => data.once('data', () => resolve()));
    data.destroy();
    await client.expect(426);
    await client.ask('NOOP', 200);
  });
  it.each(['RETR big', 'STOR new'])('%s: a client that moves no byte for too long gets 426', async (command) => {
    const one = await open({ ftpDataStallMs: 150 });
    const client = await one.login();
    one.data.files.set('big', Buffer.alloc(50 << 20));
    const data = await client.data();
    data.pause();
    await client.ask(command, 150);
    await client.expect(426);
    expect(one.data.files.has('new')).toBe(false);
  });
  it('a damaged file is 551 after 150, and the data connection is cut', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('bad', Buffer.alloc(200_000));
    let chunks = 0;
    one.data.before = () => {
      chunks += 1;
      if (chunks === 2) throw new StatusError('corrupt', 'damaged');
    };
    const data = await client.data();
    const bytes = received(data);
    await client.ask('RETR bad', 150);
    await client.expect(551);
    expect((await bytes).length).toBeLessThan(200_000);
  });
  it('a full disk during STOR is 452, also while the client goes on sending', async () => {
    const one = await open();
    const client = await one.login();
    one.data.before = (message) => {
      if (message === 'chunk') throw new StatusError('disk_full', 'full');
    };
    const data = await client.data();
    await client.ask('STOR file', 150);
    data.write(Buffer.alloc(20 << 20));
    await client.expect(452);
    await client.ask('NOOP', 200);
  });
});

describe('ABOR', () => {
  it('while an upload stalls: 426 then 226 at once, what came is kept as a stage', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    data.write('half');
    await eventually(async () => (await one.operator.listSessions({})).sessions[0]?.transferredBytes === 4);
    client.send('ABOR');
    await client.expect(426);
    await client.expect(226);
    await eventually(() => one.data.ended.length === 1);
    expect(one.data.stages.get('file')?.toString()).toBe('half');
    expect(one.data.files.size).toBe(0);
    await client.ask('NOOP', 200);
  });
  it('during RETR: 426 then 226, the session goes on', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('big', Buffer.alloc(50 << 20));
    const data = await client.data();
    data.pause();
    await client.ask('RETR big', 150);
    client.send('ABOR');
    await client.expect(426);
    await client.expect(226);
    await client.ask('PWD', 257);
  });
  it('while the data connection is awaited', async () => {
    const one = await open();
    const client = await one.login();
    await client.passivePort();
    await client.ask('STOR file', 150);
    client.send('ABOR');
    await client.expect(426);
    await client.expect(226);
    await client.ask('NOOP', 200);
  });
  it('passes commands that were sent ahead; with telnet signals before it', async () => {
    const one = await open();
    const client = await one.login();
    await client.data();
    await client.ask('STOR file', 150);
    client.send('PWD');
    client.socket.write(Buffer.from([0xff, 0xf4, 0xf2]));
    client.send('ABOR');
    await client.expect(426);
    await client.expect(226);
    await client.expect(257);
  });
  it('without a transfer: 226', async () => {
    const one = await open();
    await (await one.login()).ask('ABOR', 226);
  });
  it('STAT and NOOP are answered while a transfer runs, others wait', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    data.write('1234567');
    await eventually(async () => (await one.operator.listSessions({})).sessions[0]?.transferredBytes === 7);
    expect(await client.ask('STAT', 211)).toBe('211 transferring true 7');
    await client.ask('NOOP', 200);
    client.send('PWD');
    data.end();
    await client.expect(226);
    await client.expect(257);
  });
  it('QUIT lets the transfer end', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    client.send('QUIT');
    data.end('whole');
    expect((await client.ending()).map((reply) => reply.slice(0, 3))).toEqual(['226', '221']);
    expect(one.data.files.get('file')?.toString()).toBe('whole');
  });
  it('who waits for 221 before it ends its upload gets it, and the file is whole', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    data.write('who');
    await client.ask('QUIT', 221);
    data.end('le');
    expect((await client.ending()).map((reply) => reply.slice(0, 3))).toEqual(['226']);
    expect(one.data.files.get('file')?.toString()).toBe('whole');
  });
  it('and also when it has closed its control connection by then', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    data.write('whole');
    await client.ask('QUIT', 221);
    client.destroy();
    data.end();
    await eventually(() => one.data.ended.length === 1);
    expect(one.data.files.get('file')?.toString()).toBe('whole');
  });
});

describe('the end of an upload', () => {
  /** Both ends die as the kernel ends a killed process: FIN on control and data. */
  it('a client that is killed publishes nothing, what came is a stage', async () => {
    const one = await open();
    for (let round = 0; round < 30; round++) {
      const client = await one.login();
      const data = await client.data();
      await client.ask(`STOR file${round}`, 150);
      data.write(Buffer.alloc(round * 10_000, 1));
      client.socket.end();
      data.resume().end();
      await eventually(() => one.data.ended.length === round + 1);
      // Our half ends too: what a client leaves behind must not stay open.
      await eventually(() => data.closed);
      client.destroy();
    }
    expect(one.data.files.size).toBe(0);
    expect(one.data.stages.get('file29')?.length).toBe(290_000);
  });
  it('a data connection that is reset publishes nothing: 426', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    data.write('half');
    await eventually(async () => (await one.operator.listSessions({})).sessions[0]?.transferredBytes === 4);
    reset(data);
    await client.expect(426);
    expect(one.data.files.size).toBe(0);
    expect(one.data.stages.get('file')?.toString()).toBe('half');
  });
  it('a control connection that breaks while the bytes become durable publishes nothing', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    one.data.before = async (message) => {
      if (message !== 'finish') return;
      client.destroy();
      await eventually(() => client.socket.closed);
    };
    // More than goes in one message with its commit.
    data.end(Buffer.alloc(100_000, 1));
    await eventually(() => one.data.ended.length === 1);
    expect(one.data.ended[0]?.outcome).toBe('staged');
    expect(one.data.files.size).toBe(0);
  });
  it('QUIT and the end of the control connection behind a whole upload publish it', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR file', 150);
    client.socket.end('QUIT\r\n');
    await eventually(async () => (await one.operator.listSessions({})).sessions.length === 1);
    data.end('whole');
    await eventually(() => one.data.ended.length === 1);
    expect(one.data.files.get('file')?.toString()).toBe('whole');
  });
});
