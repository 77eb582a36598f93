import { describe, expect, it } from '@jest/globals';
import { eventually } from '@skerry/testing';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { benches, dial, dropped, received, type Bench, type LineClient } from './fixture.ts';

const open = benches();

describe('TLS', () => {
  async function secured(one: Bench): Promise<LineClient> {
    const client = await one.connect();
    await client.expect(220);
    await client.ask('AUTH TLS', 234);
    await client.startTls();
    await client.ask('USER ada', 331);
    await client.ask('PASS secret', 230);
    await client.ask('TYPE I', 200);
    await client.ask('PBSZ 0', 200);
    await client.ask('PROT P', 200);
    return client;
  }
  function over(socket: Socket, session?: Buffer): TLSSocket {
    const secure = tlsConnect({ socket, rejectUnauthorized: false, ...(session && { session }) });
    secure.on('error', () => undefined);
    return secure;
  }
  it('carries control and data, and says close_notify at the end of data', async () => {
    const one = await open();
    const client = await secured(one);
    const bytes = randomBytes(2_000_000);
    const raw = await client.data();
    await client.ask('STOR file', 150);
    over(raw).end(bytes);
    await client.expect(226);
    expect(one.data.files.get('file')?.equals(bytes)).toBe(true);
    expect(one.processors[0]?.executed.at(-1)?.session.controlTls).toBe(true);
    const down = await client.data();
    await client.ask('RETR file', 150);
    expect((await received(over(down))).equals(bytes)).toBe(true);
    await client.expect(226);
  });
  it.each(['RETR file', 'STOR new', 'LIST'])(
    '%s: a client that begins TLS early finishes its handshake before 150',
    async (command) => {
      const one = await open();
      one.data.files.set('file', Buffer.from('content'));
      const client = await secured(one);
      const order: string[] = [];
      const raw = await client.data();
      const secure = over(raw);
      secure.once('secureConnect', () => order.push('handshake'));
      await eventually(() => raw.bytesWritten > 0);
      const reply = client.ask(command, 150).then(() => order.push('150'));
      // It may take 150 for leave to end: then all that it has to say was said.
      if (command.startsWith('STOR')) secure.end('content');
      else await received(secure);
      await reply;
      await client.expect(226);
      expect(order).toEqual(['handshake', '150']);
      if (command.startsWith('STOR')) expect(one.data.files.get('new')?.toString()).toBe('content');
    },
  );
  it.each(['RETR file', 'STOR new', 'LIST'])(
    '%s: a client that waits for 150 before it begins TLS is not waited for',
    async (command) => {
      const one = await open();
      one.data.files.set('file', Buffer.from('content'));
      const client = await secured(one);
      const raw = await client.data();
      await client.ask(command, 150);
      const secure = over(raw);
      if (command.startsWith('STOR')) secure.end('content');
      else expect((await received(secure)).toString()).toContain(command === 'LIST' ? ' file\r\n' : 'content');
      await client.expect(226);
      if (command.startsWith('STOR')) expect(one.data.files.get('new')?.toString()).toBe('content');
    },
  );
  it.each(['RETR file', 'STOR new'])(
    '%s: an end of the data connection in its handshake is 425 at once',
    async (command) => {
      const one = await open({ ftpDataAcceptMs: 3_600_000 });
      one.data.files.set('file', Buffer.from('content'));
      const client = await secured(one);
      const raw = await client.data();
      await client.ask(command, 150);
      raw.end();
      await client.expect(425);
      expect(one.data.files.has('new')).toBe(false);
    },
  );
  it('an end of the control connection in its handshake ends the session at once', async () => {
    const one = await open();
    const client = await one.connect();
    await client.expect(220);
    await client.ask('AUTH TLS', 234);
    client.socket.end();
    await eventually(() => one.service.load() === 0);
    expect(one.events.find(({ event }) => event === 'session_closed')).toMatchObject({ why: 'tls_failed' });
  });
  /** Sends under TLS, then a bare FIN: no close_notify. */
  async function endsBare(client: LineClient, line: string, content: string): Promise<Socket> {
    const raw = await client.data();
    await client.ask(line, 150);
    const secure = over(raw);
    await new Promise<void>((resolve) => secure.write(content, () => resolve()));
    raw.end();
    return raw;
  }
  it('an upload that ends by FIN without close_notify is a cut; client and log hear why, and of the setting', async () => {
    const one = await open();
    const client = await secured(one);
    await endsBare(client, 'STOR file', 'half');
    expect(await client.expect(426)).toContain('without close_notify, which --tls-close-notify requires');
    expect(one.data.files.size).toBe(0);
    expect(one.data.stages.get('file')?.toString()).toBe('half');
    await eventually(() => one.events.some(({ event }) => event === 'transfer_finished'));
    const why = expect.stringContaining('--tls-close-notify');
    expect(one.events).toContainEqual(expect.objectContaining({ event: 'transfer_finished', outcome: 'cut', why }));
  });
  it('where close_notify is optional, such an end counts as on a plain connection', async () => {
    const one = await open({ tlsCloseNotify: 'optional' });
    const client = await secured(one);
    await endsBare(client, 'STOR file', 'whole');
    await client.expect(226);
    expect(one.data.files.get('file')?.toString()).toBe('whole');
  });
  it('where close_notify is optional, TLS 1.2 keeps clients that never read from resetting what they sent', async () => {
    const one = await open({ tlsCloseNotify: 'optional' });
    const client = await secured(one);
    const raw = await client.data();
    await client.ask('STOR file', 150);
    const secure = over(raw);
    await new Promise((resolve) => secure.once('secureConnect', resolve));
    expect(secure.getProtocol()).toBe('TLSv1.2');
    secure.end();
    await client.expect(226);
  });
  it('where close_notify is optional, an end of a client that is gone publishes nothing all the same', async () => {
    const one = await open({ tlsCloseNotify: 'optional' });
    const client = await secured(one);
    const raw = await client.data();
    await client.ask('STOR file', 150);
    const secure = over(raw);
    await new Promise<void>((resolve) => secure.write('half', () => resolve()));
    raw.end();
    client.socket.destroy();
    await eventually(() => one.service.load() === 0 && one.data.stages.has('file'));
    expect([one.data.files.size, one.data.stages.get('file')?.toString()]).toEqual([0, 'half']);
  });
  it('commands sent in clear behind AUTH TLS are dropped', async () => {
    const one = await open();
    const client = await one.connect();
    await client.expect(220);
    client.socket.write('AUTH TLS\r\nUSER mallory\r\nPASS x\r\nDELE ');
    await client.expect(234);
    await client.startTls();
    await client.ask('NOOP', 200);
    expect(one.processors[0]?.executed.map(({ line }) => line)).toEqual(['AUTH TLS', 'NOOP']);
  });
  it('a data connection resumes the session of the control connection', async () => {
    const one = await open({ tlsSessionReuse: true });
    const client = await one.connect();
    await client.expect(220);
    await client.ask('AUTH TLS', 234);
    const raw = client.socket;
    const control = tlsConnect({ socket: raw, rejectUnauthorized: false });
    const session = new Promise<Buffer>((resolve) => control.once('session', resolve));
    control.write('USER ada\r\nPASS x\r\nTYPE I\r\nPROT P\r\nEPSV\r\n');
    let replies = '';
    control.on('data', (chunk) => (replies += chunk.toString()));
    await eventually(() => replies.includes('229 '));
    one.data.files.set('file', Buffer.from('content'));
    const port = Number(/\|(\d+)\|/.exec(replies)?.[1]);
    control.write('RETR file\r\n');
    const secure = over(dial({ port }), await session);
    expect((await received(secure)).toString()).toBe('content');
    expect(secure.isSessionReused()).toBe(true);
    await eventually(() => replies.includes('226 '));
    replies = '';
    control.write('EPSV\r\nRETR file\r\n');
    await eventually(() => replies.includes('150 '));
    over(dial({ port: Number(/\|(\d+)\|/.exec(replies)?.[1]) }));
    await eventually(() => replies.includes('425 '));
    control.destroy();
  });
  it('a failed handshake ends the session, not the server', async () => {
    const one = await open();
    const client = await one.connect();
    await client.expect(220);
    await client.ask('AUTH TLS', 234);
    client.send('USER ada');
    await dropped(client.socket);
    await eventually(() => one.service.load() === 0);
    await (await one.login()).ask('NOOP', 200);
  });
  it('a data connection that speaks no TLS is 425', async () => {
    const one = await open();
    const client = await secured(one);
    const raw = await client.data();
    await client.ask('STOR file', 150);
    raw.end('in clear');
    await client.expect(425);
    expect(one.data.files.size).toBe(0);
  });
});
