/** Rubbish at the door: always an error or a close, others are served meanwhile, and memory stays. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type cassandra from 'cassandra-driver';
import { Prng } from '@skerry/kernel';
import { newClient, simpleKeyspace, startNode, type CqlNode } from './cql/cql-node.ts';
import { errorOpcode, frame, opcodes, query, RawConnection, startup } from './cql/raw-frames.ts';
import { removeFolder, temporaryFolder, until } from './system.ts';

const folder = temporaryFolder('cql-fuzz');
const seed = Number(process.env['SKERRY_SEED'] ?? 1);
/** What rubbish may make the node grow by. */
const growthMaxKilobytes = 250_000;

let node: CqlNode;
let client: cassandra.Client;
const memoryKilobytes = (): number =>
  Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${node.system.ready.pid}/status`, 'utf8'))?.[1]);

beforeAll(async () => {
  node = await startNode(join(folder, 'data'));
  client = newClient(node.port);
  await client.connect();
  await client.execute(simpleKeyspace('fz'));
  await client.execute('CREATE TABLE fz.t (k int PRIMARY KEY, v text, l list<int>)');
  await client.execute(`INSERT INTO fz.t (k, v) VALUES (1, 'still here')`);
}, 60_000);
afterAll(async () => {
  await client.shutdown();
  expect(await node.system.stop()).toBe(0);
  removeFolder(folder);
}, 60_000);

const othersAreServed = async (): Promise<void> => {
  const { rows } = await client.execute('SELECT v FROM fz.t WHERE k = 1', [], { prepare: true });
  expect(rows[0]?.get('v')).toBe('still here');
};
const opened = async (): Promise<RawConnection> => {
  const connection = await RawConnection.open(node.port);
  connection.send(startup());
  await connection.answered(1);
  return connection;
};

it('takes 2,000 connections of random and mutated bytes', async () => {
  const prng = new Prng(seed);
  const before = memoryKilobytes();
  const good = [
    query('SELECT * FROM fz.t WHERE k = 1'),
    query(`INSERT INTO fz.t (k, v, l) VALUES (2, 'x', [1, 2])`),
    frame(opcodes.options, Buffer.alloc(0)),
    frame(opcodes.register, Buffer.from('\x00\x01\x00\x0dSCHEMA_CHANGE', 'latin1')),
    frame(opcodes.prepare, Buffer.from('\x00\x00\x00\x10SELECT * FROM fz', 'latin1')),
    frame(opcodes.batch, Buffer.from([0, 0, 1, 0, 0, 0, 0, 3, 0x58, 0x59, 0x5a, 0, 0, 0, 1, 0])),
    startup(),
    startup(5),
  ];
  for (let round = 0; round < 200; round++) {
    const connections = await Promise.all(Array.from({ length: 10 }, () => RawConnection.open(node.port)));
    for (const connection of connections) {
      if (prng.below(4) > 0) connection.send(startup(prng.pick([3, 4, 4, 5])));
      for (let count = prng.between(1, 6); count > 0; count--) {
        const bytes = Buffer.from(prng.below(4) === 0 ? prng.bytes(prng.between(1, 300)) : prng.pick(good));
        for (let flips = prng.below(5); flips > 0; flips--) bytes[prng.below(bytes.length)] = prng.below(256);
        connection.send(prng.below(5) === 0 ? bytes.subarray(0, prng.between(1, bytes.length)) : bytes);
      }
      if (prng.below(2) === 0) connection.end();
    }
    if (round % 20 === 0) await othersAreServed();
    for (const connection of connections) connection.destroy();
  }
  await othersAreServed();
  expect(memoryKilobytes() - before).toBeLessThan(growthMaxKilobytes);
}, 120_000);

it.each([
  ['a length of 2 GiB', frame(opcodes.query, Buffer.alloc(0), 4, 7, 0x7fffffff)],
  ['a length below 0', frame(opcodes.query, Buffer.alloc(0), 4, 7, -1)],
  ['a version of the future', frame(opcodes.query, Buffer.alloc(0), 0x46, 7)],
  ['an answer as a request', frame(opcodes.query, Buffer.alloc(0), 0x84, 7)],
  ['an unknown opcode', frame(0x55, Buffer.alloc(0), 4, 7)],
  ['a text that is longer than its frame', frame(opcodes.query, Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x41]), 4, 7)],
  ['a text with a length below 0', frame(opcodes.query, Buffer.from([0xff, 0xff, 0xff, 0xff]), 4, 7)],
  ['an empty body', frame(opcodes.query, Buffer.alloc(0), 4, 7)],
  ['an unknown prepared statement', frame(opcodes.execute, Buffer.from('\x00\x02ab\x00\x01\x00', 'latin1'), 4, 7)],
  [
    '65,535 values that are not there',
    frame(opcodes.query, Buffer.from('\x00\x00\x00\x01X\x00\x01\x01\xff\xff', 'latin1'), 4, 7),
  ],
  ['bytes that are no UTF-8', frame(opcodes.query, Buffer.from([0, 0, 0, 2, 0xc3, 0x28, 0, 1, 0]), 4, 7)],
  ['a batch of 65,535 that are not there', frame(opcodes.batch, Buffer.from([0, 0xff, 0xff, 0]), 4, 7)],
] as const)('%s is answered by an error', async (_, bytes) => {
  const connection = await opened();
  connection.send(bytes);
  await connection.answered(2);
  expect(connection.answers[1]?.opcode ?? 'closed').toBe(errorOpcode);
  connection.destroy();
  await othersAreServed();
});

it('waits for the rest of half a frame, and holds no more than it was sent', async () => {
  const before = memoryKilobytes();
  const connections = await Promise.all(Array.from({ length: 100 }, () => opened()));
  // Each says that 15 MB are coming, and sends ten bytes of them.
  for (const connection of connections) connection.send(frame(opcodes.query, Buffer.alloc(10), 4, 1, 15_000_000));
  await othersAreServed();
  expect(memoryKilobytes() - before).toBeLessThan(growthMaxKilobytes);
  for (const connection of connections) connection.destroy();
});

it('answers 10,000 random statements, each by an error or a result', async () => {
  const prng = new Prng(seed + 1);
  const before = memoryKilobytes();
  const words = (
    'SELECT INSERT UPDATE DELETE FROM INTO WHERE SET VALUES AND IN ( ) , = > < * + - ? : ; . [ ] { } fz t fz.t k v l 1 0 -1 ' +
    `1.5 'x' '' "K" null true 0xff 1d token( ttl( count( cast( as JSON DISTINCT LIMIT ORDER BY GROUP ALLOW FILTERING USING ` +
    'TTL TIMESTAMP IF EXISTS NOT BEGIN BATCH APPLY CONTAINS KEY LIKE LIST ROLES DESCRIBE TABLES int text frozen<list<int>> $$'
  ).split(' ');
  const good = [
    'SELECT * FROM fz.t WHERE k = 1',
    `INSERT INTO fz.t (k, v, l) VALUES (3, 'x', [1, 2]) IF NOT EXISTS USING TTL 5`,
    `UPDATE fz.t USING TIMESTAMP 5 SET l = l + [1], v = 'y' WHERE k IN (4, 5)`,
    'SELECT cast(k AS text), count(*), ttl(v) FROM fz.t GROUP BY k LIMIT 3 ALLOW FILTERING',
    'BEGIN BATCH DELETE FROM fz.t WHERE k = 9; UPDATE fz.t SET l[0] = 1 WHERE k = 9; APPLY BATCH',
    `SELECT ${'('.repeat(400)}1${')'.repeat(400)} FROM fz.t`,
    `SELECT * FROM fz.t WHERE l = ${'['.repeat(3_000)}`,
  ];
  const connection = await opened();
  const total = 10_000;
  const perTurn = 100;
  for (let sent = 0; sent < total; sent += perTurn) {
    for (let i = 0; i < perTurn; i++) {
      let tokens: string[];
      if (prng.below(2) === 0) tokens = Array.from({ length: prng.between(1, 25) }, () => prng.pick(words));
      else {
        tokens = prng.pick(good).split(' ');
        for (let changes = prng.between(1, 4); changes > 0; changes--)
          tokens[prng.below(tokens.length)] = prng.pick(words);
      }
      connection.send(query(tokens.join(' '), i));
    }
    await connection.answered(1 + sent + perTurn);
    expect(connection.closed).toBe(false);
  }
  // 0x0000 would be a fault of the server's own.
  const bugs = connection.answers.filter(({ opcode, body }) => opcode === errorOpcode && body.readInt32BE(0) === 0);
  expect(bugs.map(({ body }) => body.toString('latin1', 6)).slice(0, 5)).toEqual([]);
  connection.destroy();
  await othersAreServed();
  await until('memory is bounded', () => memoryKilobytes() - before < growthMaxKilobytes);
}, 120_000);
