/** What the load generator sends: the tables, what is in them, and each kind of request. */
import type { Prng } from '@skerry/kernel';
import { concatBytes, utf8 } from '@skerry/kernel';
import type { PreparedBody } from '@skerry/protocol-cql';
import {
  encodedStatement,
  encodedValues,
  joined,
  noValues,
  partOf,
  type Append,
  type BenchRequestWriter,
  type Part,
} from './request-writer.ts';

export const keyCount = 100_000;
export const partitionCount = 1_000;
export const rowsOfPartition = 100;
const columnCount = 5;
const columnSizeBytes = 34;
const batchSize = 10;
const scanRows = 100;
const microsPerMs = 1000;
const keyspace = 'skerry_bench';

export const tables: readonly string[] = [
  `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.rows (k text PRIMARY KEY, a text, b text, c text, d text, e text)`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.slices (p text, i int, v text, PRIMARY KEY (p, i))`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.counters (k text PRIMARY KEY, n counter)`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.lwt (k text PRIMARY KEY, v text)`,
];
const texts = {
  write: `INSERT INTO ${keyspace}.rows (k, a, b, c, d, e) VALUES (?, ?, ?, ?, ?, ?)`,
  read: `SELECT * FROM ${keyspace}.rows WHERE k = ?`,
  fill: `INSERT INTO ${keyspace}.slices (p, i, v) VALUES (?, ?, ?)`,
  slice: `SELECT * FROM ${keyspace}.slices WHERE p = ?`,
  lwt: `INSERT INTO ${keyspace}.lwt (k, v) VALUES (?, ?) IF NOT EXISTS`,
  counter: `UPDATE ${keyspace}.counters SET n = n + 1 WHERE k = ?`,
  scan: `SELECT * FROM ${keyspace}.rows WHERE token(k) > ? LIMIT ${scanRows}`,
} as const;
type Prepared = Readonly<Record<keyof typeof texts, PreparedBody>>;

export async function prepareAll(prepare: (text: string) => Promise<PreparedBody>): Promise<Prepared> {
  const all: Partial<Record<keyof typeof texts, PreparedBody>> = {};
  for (const name of Object.keys(texts) as (keyof typeof texts)[]) all[name] = await prepare(texts[name]);
  return all as Prepared;
}

/** Writes one request. */
export type Send = (to: BenchRequestWriter, stream: number) => void;
export type LoadName =
  | 'write'
  | 'read'
  | 'mixed'
  | 'slice'
  | 'batch'
  | 'lwt'
  | 'counter'
  | 'scan'
  | 'grow'
  | 'one write'
  | 'one read';
export type BenchLoad = {
  readonly name: LoadName;
  readonly what: string;
  /** One request at a time. */
  readonly alone: boolean;
  /** Run only when it is named: it leaves the tables larger than the others expect them. */
  readonly onlyNamed: boolean;
  readonly send: Send;
};

/** Ranks in [0, count), the lowest most often. Source: J. Gray et al., "Quickly Generating Billion-Record Synthetic Databases", 1994. */
function zipfian(count: number, prng: Prng): () => number {
  const theta = 0.99;
  let zeta = 0;
  for (let i = 1; i <= count; i++) zeta += 1 / i ** theta;
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / count) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / zeta);
  return () => {
    const u = prng.next();
    const at = u * zeta;
    if (at < 1) return 0;
    if (at < 1 + 0.5 ** theta) return 1;
    // Neighbours in rank are to be no neighbours in the table.
    return Math.imul(Math.floor(count * (eta * u - eta + 1) ** alpha), 0x9e3779b1) >>> 0;
  };
}

export type Loads = {
  /** So many requests fill the tables; each is told its number. */
  readonly fillCount: number;
  readonly fill: (to: BenchRequestWriter, stream: number, index: number) => void;
  readonly all: readonly BenchLoad[];
};

/** Groups of columns that are made beforehand: each row has one of them. */
const columnGroups = 1024;

export function makeLoads(prepared: Prepared, prng: Prng): Loads {
  const column = (): Uint8Array => prng.bytes(columnSizeBytes).map((byte) => 0x61 + (byte % 26));
  const keyBytes = Array.from({ length: keyCount }, (_, i) =>
    encodedValues([utf8(`key${String(i).padStart(9, '0')}`)]),
  );
  const all = joined([
    ...keyBytes,
    ...keyBytes.map((key) => encodedStatement(prepared.write, 1 + columnCount, key)),
    ...Array.from({ length: columnGroups }, () => encodedValues(Array.from({ length: columnCount }, column))),
    ...Array.from({ length: columnGroups }, () => encodedValues([column()])),
  ]);
  const part = (from: number, count: number): Part => all[from + prng.below(count)] as Part;
  const keys = all.slice(0, keyCount);
  const anyKey = (): Part => part(0, keyCount);
  const anyGroup = (): Part => part(2 * keyCount, columnGroups);
  const anyColumn = (): Part => part(2 * keyCount + columnGroups, columnGroups);
  const appendRows = (append: Append): void => {
    for (let row = 0; row < batchSize; row++) {
      append(part(keyCount, keyCount));
      append(anyGroup());
    }
  };
  const token = partOf(encodedValues([new Uint8Array(8)]));
  const anyToken = (): Part => {
    const { bytes, size } = token;
    for (let i = size - 8; i < size; i++) bytes[i] = prng.u32() >>> 24;
    return token;
  };
  const rank = zipfian(keyCount, prng);
  const rowSize = 1 + columnCount;
  const write = (to: BenchRequestWriter, stream: number, key: Part): void =>
    to.executeParts(prepared.write, stream, rowSize, key, anyGroup());
  const read = (to: BenchRequestWriter, stream: number, key: Part): void =>
    to.executeParts(prepared.read, stream, 1, key, noValues);
  // Of each run others: a folder that is kept goes on growing.
  let grown = Date.now() * microsPerMs;
  const send = {
    write: (to: BenchRequestWriter, stream: number): void => write(to, stream, anyKey()),
    read: (to: BenchRequestWriter, stream: number): void => read(to, stream, anyKey()),
  };
  const load = (name: LoadName, what: string, sent: Send, alone = false): BenchLoad => ({
    name,
    what,
    send: sent,
    alone,
    onlyNamed: name === 'grow',
  });
  return {
    fillCount: keyCount + partitionCount * rowsOfPartition,
    fill: (to, stream, at) => {
      if (at < keyCount) return write(to, stream, keys[at] as Part);
      const row = encodedValues([Uint8Array.of(0, 0, 0, (at - keyCount) % rowsOfPartition)]);
      const partition = keys[Math.floor((at - keyCount) / rowsOfPartition)] as Part;
      const { bytes, from, size } = anyColumn();
      return to.executeParts(
        prepared.fill,
        stream,
        3,
        partition,
        partOf(concatBytes([row, bytes.subarray(from, from + size)])),
      );
    },
    all: [
      load('write', '5 text columns', send.write),
      load('read', '5 text columns', send.read),
      load('mixed', 'half and half, zipfian', (to, stream) => {
        const key = keys[rank() % keyCount] as Part;
        if (prng.chance(0.5)) write(to, stream, key);
        else read(to, stream, key);
      }),
      load('slice', '100 rows of a partition', (to, stream) =>
        to.executeParts(prepared.slice, stream, 1, keys[prng.below(partitionCount)] as Part, noValues),
      ),
      load('batch', '10 rows, unlogged', (to, stream) => to.batchParts(stream, batchSize, appendRows)),
      load('lwt', 'INSERT IF NOT EXISTS', (to, stream) =>
        to.executeParts(prepared.lwt, stream, 2, anyKey(), anyColumn()),
      ),
      load('counter', 'n = n + 1', (to, stream) => to.executeParts(prepared.counter, stream, 1, anyKey(), noValues)),
      load('scan', '100 rows behind a token', (to, stream) =>
        to.executeParts(prepared.scan, stream, 1, anyToken(), noValues),
      ),
      load('grow', 'rows of ever new keys', (to, stream) =>
        write(to, stream, partOf(encodedValues([utf8(`new${String(grown++).padStart(16, '0')}`)]))),
      ),
      load('one write', 'one request at a time', send.write, true),
      load('one read', 'one request at a time', send.read, true),
    ],
  };
}
