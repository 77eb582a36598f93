import { describe, expect, it } from '@jest/globals';
import { routing } from '@skerry/proto';
import { eventually } from '@skerry/testing';
import { randomBytes } from 'node:crypto';
import { createServer, connect } from 'node:net';
import { benches, reset, type Bench, type LineClient } from './fixture.ts';

const open = benches();
const lines = (one: Bench): string[] => one.processors.flatMap(({ executed }) => executed.map(({ line }) => line));
const deferred = (): { promise: Promise<void>; resolve: () => void } => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
};

describe('the control connection', () => {
  it('greets without a version and runs a pipeline in order', async () => {
    const one = await open();
    const client = await one.connect();
    expect(await client.reply()).toBe('220 FTP server ready.');
    client.send('USER ada', 'PASS secret', 'NOOP', 'PWD', 'QUIT');
    expect((await client.ending()).map((text) => text.slice(0, 3))).toEqual(['331', '230', '200', '257', '221']);
    expect(lines(one)).toEqual(['USER ada', 'PASS secret', 'NOOP', 'PWD', 'QUIT']);
  });
  it('gives each line an operation id of its own, and the session of the line before', async () => {
    const one = await open();
    const client = await one.login();
    await client.ask('NOOP', 200);
    const executed = one.processors[0]?.executed ?? [];
    expect(new Set(executed.map(({ operationId }) => operationId)).size).toBe(executed.length);
    expect(executed.at(-1)?.session).toMatchObject({ user: 'ada', clientHost: '127.0.0.1', serverPort: one.port });
  });
  it('formats a reply of several lines', async () => {
    const one = await open();
    const client = await one.login();
    expect(await client.ask('FEAT', 211)).toContain('211-Features:\r\n UTF8');
  });
  it('answers a line that is too long or holds NUL once, in its turn', async () => {
    const one = await open();
    const client = await one.login();
    client.send('NOOP', 'x'.repeat(20_000), 'DELE a\0b', 'PWD');
    expect(await client.reply()).toMatch(/^200/);
    expect(await client.reply()).toMatch(/^500/);
    expect(await client.reply()).toMatch(/^501/);
    expect(await client.reply()).toMatch(/^257/);
  });
  it('takes a line byte by byte, and bare LF', async () => {
    const one = await open();
    const client = await one.login();
    for (const byte of 'PWD\nNOOP\r\n') client.socket.write(byte);
    await client.expect(257);
    await client.expect(200);
  });
  it('answers what was said before the client ended its side', async () => {
    const one = await open();
    const client = await one.connect();
    client.socket.end('USER ada\r\nPASS x\r\nPWD\r\n');
    const codes = (await client.ending()).map((reply) => reply.slice(0, 3));
    expect(codes).toEqual(['220', '331', '230', '257']);
  });
  it('never tells a password', async () => {
    const one = await open();
    const client = await one.login();
    await client.ask('PASSWORD hunter2', 502);
    await client.ask('PASS hunter2', 230);
    await eventually(() => one.events.filter(({ event }) => event === 'command').length >= 5);
    expect(JSON.stringify(one.events)).not.toContain('hunter2');
    expect(JSON.stringify(one.events)).not.toContain('secret');
  });
});

describe('limits', () => {
  it('one session too many gets 421', async () => {
    const one = await open({ ftpSessionsMax: 1 });
    const first = await one.login();
    expect(await (await one.connect()).ending()).toEqual(['421 Too many sessions; try again later.']);
    await first.ask('QUIT', 221);
    await eventually(() => one.service.load() === 0);
    expect(await (await one.connect()).reply()).toMatch(/^220/);
  });
  it('sessions are counted for each address', async () => {
    const one = await open({ ftpSessionsPerAddressMax: 1 });
    await one.login();
    expect((await (await one.connect()).ending())[0]).toMatch(/^421/);
    expect(await (await one.connect({ localAddress: '127.0.0.2' })).reply()).toMatch(/^220/);
  });
  it('no login in time is 421', async () => {
    const one = await open({ ftpLoginTimeoutMs: 100 });
    const client = await one.connect();
    expect(await client.ending()).toEqual(['220 FTP server ready.', '421 No login in time.']);
  });
  it('idle for too long is 421', async () => {
    const one = await open({ ftpIdleTimeoutMs: 300 });
    const client = await one.login();
    expect(await client.ending()).toEqual(['421 Idle for too long.']);
  });
  it('the idle time rests while a transfer runs', async () => {
    const one = await open({ ftpIdleTimeoutMs: 500 });
    const client = await one.login();
    const data = await client.data();
    client.send('STOR slow');
    await client.expect(150);
    const end = performance.now() + 900;
    await eventually(() => data.write('x') && performance.now() > end, { intervalMs: 20 });
    data.end();
    await client.expect(226);
  });
  it('too many commands ahead of their replies end the session with 421', async () => {
    const one = await open({ ftpCommandQueueMax: 3 });
    const client = await one.login();
    const block = deferred();
    const [processor] = one.processors;
    if (processor !== undefined) processor.before = () => block.promise;
    client.send('NOOP', 'NOOP', 'NOOP', 'NOOP', 'NOOP', 'NOOP');
    expect((await client.ending())[0]).toMatch(/^421 More than 3 commands/);
    block.resolve();
  });
  it('too many malformed lines end the session with 421', async () => {
    const one = await open({ ftpMalformedLinesMax: 2 });
    const client = await one.login();
    client.send('a\0', 'b\0', 'c\0', 'NOOP');
    expect((await client.ending()).at(-1)).toBe('421 Too many malformed lines.');
  });
});

describe('processors', () => {
  it('when one dies in mid-command the next gets the same operation id', async () => {
    const { StatusError } = await import('@skerry/kernel');
    const one = await open({}, { processorCount: 2 });
    const client = await one.login();
    const [first, second] = one.processors;
    if (first !== undefined)
      first.before = () => {
        throw new StatusError('connection_lost', 'dead');
      };
    await client.ask('PWD', 257);
    expect(second?.executed[0]?.line).toBe('PWD');
    expect(second?.executed[0]?.operationId).toBe(first?.executed.at(-1)?.operationId);
    expect(second?.executed[0]?.session.user).toBe('ada');
  });
  it('with none left a command gets 451, the session lives on', async () => {
    const { StatusError } = await import('@skerry/kernel');
    const one = await open({ ftpCommandDeadlineMs: 200 });
    const client = await one.login();
    const [processor] = one.processors;
    if (processor === undefined) throw new Error('no processor');
    processor.before = () => {
      throw new StatusError('connection_lost', 'dead');
    };
    await client.ask('PWD', 451);
    expect(new Set(processor.executed.slice(3).map(({ operationId }) => operationId)).size).toBe(1);
    expect(processor.executed.length).toBeGreaterThan(4);
    processor.before = () => undefined;
    await client.ask('PWD', 257);
  });
  it('before login the session ends with 421', async () => {
    const { StatusError } = await import('@skerry/kernel');
    const one = await open({ ftpCommandDeadlineMs: 150 });
    const [processor] = one.processors;
    if (processor !== undefined)
      processor.before = () => {
        throw new StatusError('connection_lost', 'dead');
      };
    const client = await one.connect();
    await client.expect(220);
    client.send('USER ada');
    expect((await client.ending())[0]).toMatch(/^421/);
  });
});

describe('operators', () => {
  it('see sessions, secrets left out', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR big', 150);
    data.write('12345');
    const session = await eventually(async () => {
      const { sessions } = await one.operator.listSessions({});
      return sessions.find(({ transferredBytes }) => transferredBytes === 5);
    });
    expect(session).toMatchObject({ user: 'ada', command: 'STOR big', transferring: true, workingDirectory: '/' });
    expect(session?.clientAddress).toMatch(/^127\.0\.0\.1:\d+$/);
  });
  it('end a session with 421, its upload is not published', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR big', 150);
    data.write('half');
    const { sessions } = await one.operator.listSessions({});
    const sessionId = sessions[0]?.sessionId ?? '';
    expect(await one.operator.kickSession({ sessionId })).toMatchObject({ found: true, ended: 1 });
    expect((await client.ending())[0]).toBe('421 This session was ended by the operator.');
    await eventually(() => one.data.ended.length === 1);
    expect(one.data.files.size).toBe(0);
    await eventually(async () => !(await one.operator.kickSession({ sessionId })).found);
  });
  it('cannot be imitated by another role', async () => {
    const one = await open();
    const target = { nodeId: one.environment.identity.nodeId, address: '' };
    const other = one.environment.rpc.client(routing.RoutingServiceDefinition, target);
    await expect(other.listSessions({})).rejects.toMatchObject({ reason: 'access_denied' });
  });
});

describe('stopping', () => {
  it('idle sessions get 421, new ones are refused', async () => {
    const one = await open();
    const client = await one.login();
    await one.service.stop(5_000);
    expect(await client.ending()).toEqual(['421 The server shuts down.']);
    await expect(one.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(one.service.load()).toBe(0);
  });
  it('a running upload ends first', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR late', 150);
    const stopped = one.service.stop(5_000);
    data.end('all of it');
    await client.expect(226);
    expect(await client.ending()).toEqual(['421 The server shuts down.']);
    await stopped;
    expect(one.data.files.get('late')?.toString()).toBe('all of it');
  });
  it('what does not end within the grace is cut, and not published', async () => {
    const one = await open();
    const client = await one.login();
    const data = await client.data();
    await client.ask('STOR never', 150);
    data.write('half');
    await one.service.stop(50);
    await eventually(() => one.data.ended.length === 1);
    expect(one.data.files.has('never')).toBe(false);
  });
});

describe('random bytes', () => {
  it('are answered or cut, and the router serves the next client', async () => {
    const one = await open();
    for (let round = 0; round < 20; round++) {
      const client = await one.connect();
      client.socket.end(randomBytes(3_000));
      await client.ending();
    }
    const next: LineClient = await one.login();
    await next.ask('NOOP', 200);
    expect(one.events.some(({ event }) => event === 'fatal' || event === 'session_failed')).toBe(false);
  });
  it('a connection that is reset at once leaves nothing behind', async () => {
    const one = await open();
    for (let round = 0; round < 20; round++) {
      const socket = connect(one.port, '127.0.0.1', () => reset(socket));
      socket.on('error', () => undefined);
    }
    await eventually(() => one.events.filter(({ event }) => event === 'session_closed').length === 20);
    await eventually(() => one.service.load() === 0);
    expect(one.events.some(({ event }) => event === 'fatal' || event === 'session_failed')).toBe(false);
  });
});

describe('start', () => {
  it('a port in use is one clear line', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(open({ ftpPort: port })).rejects.toMatchObject({
      reason: 'port_in_use',
      message: `Cannot listen on 127.0.0.1:${port}: the port is in use`,
    });
    taken.close();
  });
  it('a range of ports that is none is refused', async () => {
    await expect(open({ passivePorts: '30-20' })).rejects.toMatchObject({ reason: 'malformed' });
  });
  it('fewer passive ports than sessions are told as a warning', async () => {
    const one = await open({ passivePorts: '30100-30101' });
    const warnings = one.events.filter(({ event }) => event === 'passive_range_small');
    expect(warnings).toEqual([expect.objectContaining({ level: 'warn', message: expect.stringContaining('are 2,') })]);
    const other = await open({ passivePorts: '30100-30101', ftpSessionsMax: 2 });
    expect(other.events.some(({ event }) => event === 'passive_range_small')).toBe(false);
  });
  it('half of a certificate is refused', async () => {
    await expect(open({ tlsCert: 'cert.pem' })).rejects.toMatchObject({ reason: 'malformed' });
  });
});
