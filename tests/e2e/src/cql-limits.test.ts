/** What one client may take, and what compression no driver here speaks. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import type cassandra from 'cassandra-driver';
import { newClient, simpleKeyspace, startNode, type CqlNode } from './cql/cql-node.ts';
import { errorOpcode, frame, opcodes, query, queryBody, RawConnection, startup } from './cql/raw-frames.ts';
import { quoted, unpacked } from './cql/snappy-by-hand.ts';
import { removeFolder, temporaryFolder, until } from './system.ts';

jest.setTimeout(120_000);
const folder = temporaryFolder('cql-limits');
const requestsMax = 4;
const unreadMaxBytes = 1024 * 1024;
const compressedFlag = 0x01;
const overloaded = 0x1001;

let node: CqlNode;
let client: cassandra.Client;
beforeAll(async () => {
  const limits = ['--cql-requests-max', `${requestsMax}`, '--cql-unread-max-bytes', `${unreadMaxBytes}`];
  node = await startNode(join(folder, 'data'), 0, ...limits, '--cql-authenticator', 'password', '--metrics-port', '0');
  const { default: driver } = await import('cassandra-driver');
  client = newClient(node.port, { authProvider: new driver.auth.PlainTextAuthProvider('cassandra', 'cassandra') });
  await client.connect();
  await client.execute(simpleKeyspace('lim'));
  await client.execute('CREATE TABLE lim.t (k int PRIMARY KEY, v text)');
  await client.execute('INSERT INTO lim.t (k, v) VALUES (1, ?)', ['long '.repeat(20_000)]);
}, 60_000);
afterAll(async () => {
  await client.shutdown();
  expect(await node.system.stop()).toBe(0);
  removeFolder(folder);
}, 60_000);

const authResponse = 0x0f;
const login = Buffer.from('\0cassandra\0cassandra');
const size = (bytes: Buffer): Buffer => Buffer.from(Uint32Array.of(bytes.length).buffer).swap32();
async function opened(options: Readonly<Record<string, string>> = {}, version = 4): Promise<RawConnection> {
  const connection = await RawConnection.open(node.port);
  connection.send(startup(version, options));
  await connection.answered(1);
  connection.send(frame(authResponse, Buffer.concat([size(login), login]), version));
  await connection.answered(2);
  connection.answers = [];
  return connection;
}
async function figure(name: string): Promise<number> {
  const text = await (await fetch(`${node.system.ready.endpoints['metrics']}/metrics`)).text();
  const values = text.split('\n').filter((line) => line.startsWith(`skerry_${name}{`));
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('a client that never reads', () => {
  it('is read from no more, others are served meanwhile, and it gets every answer once it reads', async () => {
    const silent = await opened();
    silent.pause();
    const [requests, sent] = [await figure('cql_requests_total'), await figure('cql_sent_bytes_total')];
    // A hundred megabytes of answers.
    const count = 1_000;
    for (let stream = 0; stream < count; stream++) silent.send(query('SELECT v FROM lim.t WHERE k = 1', stream));
    // Others have their turns, and it has none of them any more.
    let before = -1;
    let others = 0;
    await until('the node reads no more from it', async () => {
      for (let i = 0; i < 50; i++, others++) await client.execute('SELECT k FROM lim.t WHERE k = 1');
      const now = (await figure('cql_requests_total')) - requests - others;
      const isStill = now === before;
      before = now;
      return isStill;
    });
    expect(before).toBeLessThan(count / 2);
    // What the node has queued is bounded; beside that the operating system has its buffers.
    expect((await figure('cql_sent_bytes_total')) - sent).toBeLessThan(50 * 1024 * 1024);
    silent.resume();
    await silent.answered(count);
    expect(silent.answers.filter(({ opcode }) => opcode === errorOpcode)).toEqual([]);
    expect(new Set(silent.answers.map(({ stream }) => stream)).size).toBe(count);
    silent.destroy();
  });
});

describe('requests that wait', () => {
  // Each waits for a password's hash.
  const roles = (connection: RawConnection, name: string, count: number): void => {
    const all = Array.from({ length: count }, (_, i) =>
      query(`CREATE ROLE ${name}${i} WITH PASSWORD = 'p' AND LOGIN = true`, i),
    );
    connection.send(Buffer.concat(all));
  };
  const codes = ({ answers }: RawConnection): readonly number[] =>
    answers.filter(({ opcode }) => opcode === errorOpcode).map(({ body }) => body.readUInt32BE(0));
  const count = 12;
  it('beyond the limit are read later, as Cassandra does it by default', async () => {
    const connection = await opened();
    roles(connection, 'later', count);
    await connection.answered(count);
    expect(codes(connection)).toEqual([]);
    connection.destroy();
  });
  it('beyond the limit are refused as overloaded, for a client that wants that', async () => {
    const connection = await opened({ THROW_ON_OVERLOAD: '1' });
    roles(connection, 'refused', count);
    await connection.answered(count);
    expect(codes(connection)).toEqual(Array.from({ length: count - requestsMax }, () => overloaded));
    // And then it is served again.
    connection.answers = [];
    connection.send(query('SELECT k FROM lim.t WHERE k = 1'));
    await connection.answered(1);
    expect(codes(connection)).toEqual([]);
    connection.destroy();
  });
});

describe('snappy', () => {
  it.each([3, 4])('both ways, in v%d', async (version) => {
    const connection = await opened({ COMPRESSION: 'snappy' }, version);
    const text = `SELECT v FROM lim.t WHERE k = 1 ${'/* as often as it takes */ '.repeat(100)}`;
    const request = frame(opcodes.query, quoted(queryBody(text)), version, 7);
    request[1] = compressedFlag;
    connection.send(request);
    await connection.answered(1);
    const [answer] = connection.answers;
    expect(answer).toMatchObject({ opcode: 0x08, stream: 7, flags: compressedFlag });
    const body = answer?.body ?? Buffer.alloc(0);
    expect(body.length).toBeLessThan(20_000);
    expect(unpacked(body).toString('latin1')).toContain('long '.repeat(20_000));
    connection.destroy();
  });
  it('rubbish in its place is an error of the protocol, and others are served', async () => {
    const connection = await opened({ COMPRESSION: 'snappy' });
    const request = frame(opcodes.query, Buffer.from([0xff, 0xff, 0xff, 0x7f, 0x01, 0x02]), 4, 7);
    request[1] = compressedFlag;
    connection.send(request);
    await connection.answered(1);
    if (!connection.closed) expect(connection.answers[0]?.opcode).toBe(errorOpcode);
    expect((await client.execute('SELECT k FROM lim.t WHERE k = 1')).rowLength).toBe(1);
    connection.destroy();
  });
  it('v5 has none', async () => {
    const connection = await RawConnection.open(node.port);
    connection.send(startup(5, { COMPRESSION: 'snappy' }));
    await connection.answered(1);
    expect(connection.answers[0]?.opcode).toBe(errorOpcode);
    connection.destroy();
  });
});
