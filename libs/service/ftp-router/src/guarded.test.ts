import { afterEach, describe, expect, it } from '@jest/globals';
import { auth, processing } from '@skerry/proto';
import { formatProxyHeader } from '@skerry/protocol-proxy';
import { eventually } from '@skerry/testing';
import { freePort } from '@skerry/testing/node';
import { createServer } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { bench, dial, dropped, received, type Bench, type LineClient } from './fixture.ts';
import { proxyHeaderMaxMs } from './proxy-entry.ts';

let opened: Bench[] = [];
async function open(...args: Parameters<typeof bench>): Promise<Bench> {
  const made = await bench(...args);
  opened.push(made);
  return made;
}
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
});
const events = (one: Bench, name: string): object[] => one.events.filter(({ event }) => event === name);

describe('networks', () => {
  it('a denied one gets 421, another is served', async () => {
    const one = await open({ ftpDeny: '127.0.0.2,192.0.2.0/24' });
    const refused = await one.connect({ localAddress: '127.0.0.2' });
    expect(await refused.ending()).toEqual(['421 Your address is not served here.']);
    expect(events(one, 'session_refused')).toMatchObject([{ client: '127.0.0.2', limit: 'network' }]);
    expect(await (await one.connect()).reply()).toMatch(/^220/);
  });
  it('one that is no network stops the start, in one line', async () => {
    await expect(open({ ftpAllow: '10.0.0.0/40' })).rejects.toMatchObject({
      reason: 'malformed',
      message: expect.stringContaining('--ftp-allow'),
    });
  });
});

describe('behind a proxy', () => {
  const flags = { ftpProxyFrom: '127.0.0.0/30' };
  const from = (host: string, port = 4_711) =>
    ({ kind: 'proxied', source: { host, port }, destination: { host: '198.51.100.1', port: 21 } }) as const;
  async function proxied(one: Bench, host: string, version: 1 | 2 = 2): Promise<LineClient> {
    const client = await one.connect();
    client.socket.write(formatProxyHeader(from(host), version));
    return client;
  }
  async function loggedIn(one: Bench, host: string): Promise<LineClient> {
    const client = await proxied(one, host);
    await client.expect(220);
    await client.ask('USER ada', 331);
    await client.ask('PASS x', 230);
    return client;
  }

  it.each([1, 2] as const)(
    'version %d: the client is who the header names, for processors, lists and limits',
    async (version) => {
      const one = await open({ ...flags, ftpSessionsPerAddressMax: 1 });
      const client = await proxied(one, '203.0.113.7', version);
      await client.expect(220);
      await client.ask('USER ada', 331);
      expect(one.processors[0]?.executed.at(-1)?.session).toMatchObject({
        clientHost: '203.0.113.7',
        clientPort: 4_711,
      });
      const { sessions } = await one.operator.listSessions({});
      expect(sessions.map(({ clientAddress }) => clientAddress)).toEqual(['203.0.113.7:4711']);
      expect((await (await proxied(one, '203.0.113.7')).ending())[0]).toMatch(
        /^421 Too many sessions from your address/,
      );
      expect(await (await proxied(one, '203.0.113.8')).reply()).toMatch(/^220/);
      expect(events(one, 'session_opened')).toMatchObject([
        { client: '203.0.113.7:4711' },
        { client: '203.0.113.8:4711' },
      ]);
    },
  );
  it('networks are looked up for the client, not for the proxy', async () => {
    const one = await open({ ...flags, ftpDeny: '203.0.113.0/24' });
    expect((await (await proxied(one, '203.0.113.7')).ending())[0]).toMatch(/^421 Your address/);
    expect(await (await proxied(one, '198.51.100.7')).reply()).toMatch(/^220/);
  });
  it('a health check of the proxy is served under its own address', async () => {
    const one = await open(flags);
    const client = await one.connect();
    client.socket.write(formatProxyHeader({ kind: 'own' }, 2));
    await client.expect(220);
    const { sessions } = await one.operator.listSessions({});
    expect(sessions[0]?.clientAddress).toMatch(/^127\.0\.0\.1:/);
  });
  it('commands in one segment with the header are not lost', async () => {
    const one = await open(flags);
    const client = await one.connect();
    client.socket.write(Buffer.concat([formatProxyHeader(from('203.0.113.7'), 1), Buffer.from('NOOP\r\nQUIT\r\n')]));
    expect((await client.ending()).map((reply) => reply.slice(0, 3))).toEqual(['220', '200', '221']);
  });
  it('a connection without a header is closed without a word', async () => {
    const one = await open(flags);
    const client = await one.connect();
    client.send('USER ada');
    expect(await client.ending()).toEqual([]);
    expect(events(one, 'proxy_header_refused')).toMatchObject([{ proxy: '127.0.0.1' }]);
    expect(one.service.load()).toBe(0);
  });
  it('one that says nothing is closed in time', async () => {
    const one = await open(flags);
    const beganMs = performance.now();
    expect(await (await one.connect()).ending()).toEqual([]);
    expect(performance.now() - beganMs).toBeLessThan(proxyHeaderMaxMs + 3_000);
  }, 15_000);
  it('a header from whom nobody trusts is 421, and names nobody', async () => {
    const one = await open(flags);
    const client = await one.connect({ localAddress: '127.0.0.9' });
    await client.expect(220);
    client.socket.write(formatProxyHeader(from('203.0.113.7'), 1));
    expect(await client.ending()).toEqual(['421 This is an FTP server.']);
    expect(one.processors[0]?.executed).toEqual([]);
    const other = await one.connect({ localAddress: '127.0.0.9' });
    await other.expect(220);
    other.socket.write(formatProxyHeader(from('203.0.113.7'), 2));
    // Its signature holds NUL and QUIT.
    expect((await other.ending()).at(-1)).toMatch(/^(221|421)/);
  });
  it('a passive data connection through the proxy needs the same client in its header', async () => {
    const one = await open(flags);
    const client = await loggedIn(one, '203.0.113.7');
    one.data.files.set('file', Buffer.from('content'));
    const port = await client.passivePort();
    const foreign = dial({ port });
    foreign.write(formatProxyHeader(from('203.0.113.8'), 2));
    await dropped(foreign);
    expect(events(one, 'data_connection_refused')).toMatchObject([{ from: '203.0.113.8:4711' }]);
    const right = dial({ port });
    right.write(formatProxyHeader(from('203.0.113.7', 5_000), 2));
    await client.ask('RETR file', 150);
    expect((await received(right)).toString()).toBe('content');
    await client.expect(226);
  });
  it('an upload through the proxy loses no byte', async () => {
    const one = await open(flags);
    const client = await loggedIn(one, '203.0.113.7');
    await client.ask('TYPE I', 200);
    const content = Buffer.alloc(3_000_000, 'abc');
    const data = dial({ port: await client.passivePort() });
    await client.ask('STOR file', 150);
    data.end(Buffer.concat([formatProxyHeader(from('203.0.113.7'), 1), content]));
    await client.expect(226);
    expect(one.data.files.get('file')?.equals(content)).toBe(true);
  });
  it('PORT goes to the client only, never to the proxy', async () => {
    const one = await open(flags);
    const client = await loggedIn(one, '203.0.113.7');
    const atProxy = createServer();
    let reached = false;
    atProxy.on('connection', () => (reached = true));
    await new Promise<void>((resolve) => atProxy.listen(0, '127.0.0.1', resolve));
    const { port } = atProxy.address() as { port: number };
    // The fixture's processor checks nothing: the router does.
    await client.ask(`PORT 127,0,0,1,${port >> 8},${port & 255}`, 200);
    await client.ask('LIST', 425);
    expect(reached).toBe(false);
    atProxy.close();
  });
});

describe('other protocols', () => {
  it.each(['GET / HTTP/1.1', 'POST / HTTP/1.1', 'EHLO mail.example', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2'])(
    '"%s" ends the connection, and nothing behind it runs',
    async (line) => {
      const one = await open();
      const client = await one.connect();
      client.send(line, 'USER ada', 'PASS secret', 'DELE file');
      expect(await client.ending()).toEqual(['220 FTP server ready.', '421 This is an FTP server.']);
      expect(one.processors[0]?.executed).toEqual([]);
    },
  );
  it('their words are unknown commands after the login', async () => {
    const one = await open();
    await (await one.login()).ask('GET file', 502);
  });
});

describe('commands for each second', () => {
  it('beyond the first flock wait for their time', async () => {
    const one = await open({ ftpCommandsPerSecond: 10 });
    const client = await one.connect();
    await client.expect(220);
    const beganMs = performance.now();
    client.send(...Array.from({ length: 15 }, () => 'NOOP'));
    for (let i = 0; i < 10; i++) await client.expect(200);
    expect(performance.now() - beganMs).toBeLessThan(450);
    for (let i = 0; i < 5; i++) await client.expect(200);
    expect(performance.now() - beganMs).toBeGreaterThan(450);
  });
  it('a flood ends with 421, and others are served meanwhile', async () => {
    const one = await open({ ftpCommandsPerSecond: 10, ftpCommandQueueMax: 50 });
    const client = await one.connect();
    const other = await one.login();
    client.send(...Array.from({ length: 200 }, () => 'NOOP'));
    expect((await client.ending()).at(-1)).toMatch(/^421 More than 50 commands/);
    expect(one.processors[0]?.executed.filter(({ line }) => line === 'NOOP').length).toBeLessThan(20);
    await other.ask('NOOP', 200);
  });
});

describe('implicit TLS', () => {
  async function secured(one: Bench): Promise<LineClient> {
    const port = Number(/:(\d+)$/.exec(one.service.endpoints.ftps ?? '')?.[1]);
    const client = await one.connect({ port });
    await client.startTls();
    return client;
  }
  it('is there before the greeting, and protects data from the start', async () => {
    const one = await open({ ftpsPort: await freePort() });
    const client = await secured(one);
    await client.expect(220);
    await client.ask('USER ada', 331);
    await client.ask('PASS x', 230);
    expect(one.processors[0]?.executed[0]?.session).toMatchObject({
      controlTls: true,
      dataTls: true,
      protectionBuffer: true,
    });
    one.data.files.set('file', Buffer.from('content'));
    const raw = await client.data();
    const secure = tlsConnect({ socket: raw, rejectUnauthorized: false });
    await client.ask('RETR file', 150);
    expect((await received(secure)).toString()).toBe('content');
    await client.expect(226);
  });
  it('what is no handshake is closed', async () => {
    const one = await open({ ftpsPort: await freePort() });
    const port = Number(/:(\d+)$/.exec(one.service.endpoints.ftps ?? '')?.[1]);
    const client = await one.connect({ port });
    client.send('USER ada');
    expect(await client.ending()).toEqual([]);
    await eventually(() => one.service.load() === 0);
  });
  it('needs TLS', async () => {
    await expect(open({ ftpsPort: 990, ftpTls: 'off' })).rejects.toMatchObject({ reason: 'malformed' });
  });
});

describe('what processors are told of TLS', () => {
  const { UNSPECIFIED, LOGIN, DATA } = processing.TlsRequirement;
  it.each([
    { ftpTls: 'off', told: { tlsAvailable: false, tlsRequired: UNSPECIFIED } },
    { ftpTls: 'optional', told: { tlsAvailable: true, tlsRequired: UNSPECIFIED } },
    { ftpTls: 'login', told: { tlsAvailable: true, tlsRequired: LOGIN } },
    { ftpTls: 'required', told: { tlsAvailable: true, tlsRequired: DATA } },
  ])('$ftpTls', async ({ ftpTls, told }) => {
    const one = await open({ ftpTls });
    await (await one.login()).ask('NOOP', 200);
    expect(one.processors[0]?.executed.at(-1)?.session).toMatchObject(told);
  });
});

describe('transfer rates', () => {
  const grantOf = (one: Bench, over: Partial<auth.Grant>): Uint8Array => {
    const grant = auth.Grant.fromPartial({ sessionId: 'f'.repeat(32), user: 'ada', ...over });
    return one.environment.sealer.seal('grant', auth.Grant.encode(grant).finish());
  };
  async function timed(work: () => Promise<unknown>): Promise<number> {
    const beganMs = performance.now();
    await work();
    return performance.now() - beganMs;
  }
  async function up(client: LineClient, size: number): Promise<void> {
    const data = await client.data();
    await client.ask('STOR up', 150);
    data.end(Buffer.alloc(size));
    await client.expect(226);
  }
  async function down(client: LineClient): Promise<number[]> {
    const data = await client.data();
    const arrivals: number[] = [];
    data.on('data', () => arrivals.push(performance.now()));
    await client.ask('RETR down', 150);
    await received(data);
    await client.expect(226);
    return arrivals;
  }
  it('a user is slowed down in each direction, smoothly, and NOOP is answered meanwhile', async () => {
    const one = await open({ ftpRateUp: 400_000, ftpRateDown: 400_000 });
    const client = await one.login();
    expect(await timed(() => up(client, 200_000))).toBeGreaterThan(380);
    one.data.files.set('down', Buffer.alloc(200_000));
    const other = await one.login();
    let arrivals: number[] = [];
    const ms = await timed(async () => {
      const transfer = down(client);
      expect(await timed(() => other.ask('NOOP', 200))).toBeLessThan(200);
      arrivals = await transfer;
    });
    expect(ms).toBeGreaterThan(380);
    expect(ms).toBeLessThan(1_500);
    const gaps = arrivals.slice(1).map((at, i) => at - (arrivals[i] ?? at));
    expect(arrivals.length).toBeGreaterThan(6);
    expect(Math.max(...gaps)).toBeLessThan(250);
  });
  it("a user's own rate goes before the setting", async () => {
    const one = await open({ ftpRateUp: 1_000 });
    const [processor] = one.processors;
    const grant = grantOf(one, { rateUpBytesPerSecond: 100_000_000 });
    if (processor !== undefined) processor.grant = grant;
    const client = await one.login();
    expect(await timed(() => up(client, 200_000))).toBeLessThan(1_000);
  });
  it('transfers of one user share the rate; those of another do not', async () => {
    const one = await open();
    const [processor] = one.processors;
    const as = async (user: string): Promise<LineClient> => {
      if (processor !== undefined) processor.grant = grantOf(one, { user, rateUpBytesPerSecond: 500_000 });
      return one.login();
    };
    const [first, second, other] = [await as('ada'), await as('ada'), await as('bob')];
    const [both, alone] = await Promise.all([
      timed(() => Promise.all([up(first, 200_000), up(second, 200_000)])),
      timed(() => up(other, 200_000)),
    ]);
    expect(both).toBeGreaterThan(680);
    expect(alone).toBeLessThan(both - 150);
  });
  it('all users together keep to the rate of all', async () => {
    const one = await open({ ftpRateUpAll: 500_000 });
    const clients = [await one.login(), await one.login(), await one.login()];
    expect(await timed(() => Promise.all(clients.map((client) => up(client, 100_000))))).toBeGreaterThan(480);
  });
  it('ABOR is answered at once, however slow the rate', async () => {
    const one = await open({ ftpRateDown: 1_000 });
    one.data.files.set('down', Buffer.alloc(1_000_000));
    const client = await one.login();
    const data = await client.data();
    await client.ask('RETR down', 150);
    await new Promise<void>((resolve) => data.once('data', () => resolve()));
    expect(await timed(() => client.ask('ABOR', 426))).toBeLessThan(500);
    await client.expect(226);
    await client.ask('NOOP', 200);
  });
  it('a slow rate is no stall', async () => {
    const one = await open({ ftpRateUp: 20_000, ftpDataStallMs: 100 });
    const client = await one.login();
    await up(client, 12_000);
    expect(one.data.files.get('up')?.length).toBe(12_000);
  });
  it('a grant that auth did not make is refused', async () => {
    const one = await open();
    const [processor] = one.processors;
    if (processor !== undefined) processor.grant = new Uint8Array(64);
    const client = await one.login();
    await client.passivePort();
    await client.ask('RETR down', 451);
  });
});

describe('logins in use', () => {
  it('are told to auth only, by user', async () => {
    const one = await open();
    const [processor] = one.processors;
    const grant = auth.Grant.encode(auth.Grant.fromPartial({ sessionId: 'e'.repeat(32), user: 'ada' })).finish();
    if (processor !== undefined) processor.grant = one.environment.sealer.seal('grant', grant);
    const client = await one.login();
    const before = await one.connect();
    await before.expect(220);
    await before.ask('USER ada', 331);
    const asAuth = one.caller('auth');
    expect(await asAuth.listLogins({ user: 'ada' })).toEqual({ loginIds: ['e'.repeat(32)] });
    expect(await asAuth.listLogins({ user: 'bob' })).toEqual({ loginIds: [] });
    await expect(one.operator.listLogins({ user: 'ada' })).rejects.toMatchObject({ reason: 'access_denied' });
    await client.ask('QUIT', 221);
    await eventually(async () => (await asAuth.listLogins({ user: 'ada' })).loginIds.length === 0);
  });
});
