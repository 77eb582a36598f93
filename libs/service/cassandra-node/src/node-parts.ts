/** What a node is made of, opened in order: schema, tables, engine. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { TableLayout, TableSchema } from '@skerry/domain-table';
import { fromUtf8, type StatusError, utf8 } from '@skerry/kernel';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import { openTableStore, type OpenTableStore } from '@skerry/runtime-table-store';
import type { Disk } from '@skerry/runtime-world';
import { Catalog, type Snapshot } from './catalog/index.ts';
import { tableLayout } from './engine/environment.ts';
import { buildStatesTable } from './engine/index/build-states.ts';
import { indexTable } from './engine/index/index-table.ts';
import type { CassandraConfig } from './settings.ts';

export const schemaDirectory = 'schema';
const logDirectory = 'commitlog';
export const tablesDirectory = 'tables';
export const identityFile = 'cassandra.json';

export type NodeIdentity = {
  /** UUID, as 32 hexadecimal digits. */
  readonly hostId: string;
  /** Seals what clients bring back: 64 hexadecimal digits. */
  readonly secret: string;
};
export type NodeParts = {
  readonly identity: NodeIdentity;
  readonly catalog: Catalog;
  readonly store: OpenTableStore;
  close(): Promise<void>;
};

export const md5 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('md5').update(bytes).digest());
/** Names as Java has them. */
const digests: ReadonlyMap<string, string> = new Map([
  ['MD5', 'md5'],
  ['SHA', 'sha1'],
  ['SHA-1', 'sha1'],
  ['SHA-224', 'sha224'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);
/** For functions of CQL; undefined: no such algorithm. */
export function digest(algorithm: string, bytes: Uint8Array): Uint8Array | undefined {
  const name = digests.get(algorithm.toUpperCase());
  return name === undefined ? undefined : new Uint8Array(createHash(name).update(bytes).digest());
}
/** Of what a client brings back later. */
export const sealWith =
  (secret: string) =>
  (bytes: Uint8Array): Uint8Array =>
    new Uint8Array(createHmac('sha256', secret).update(bytes).digest());

/** @throws StatusError of schema, log or store: `format_newer`, `corrupt`, `disk_full`, `read_only_disk`, `disk_failed`. */
export async function openParts(
  config: CassandraConfig,
  { world, dataDirectory, fatal }: Pick<ServiceEnvironment, 'world' | 'dataDirectory' | 'fatal'>,
): Promise<NodeParts> {
  const { disk, checksum } = world;
  const identity = await nodeIdentity(disk);
  const catalog = await Catalog.open({ disk, checksum, directory: schemaDirectory }, md5);
  const store = await openTableStore({
    world,
    path: join(dataDirectory, tablesDirectory),
    logDirectory,
    tables: storedLayouts(catalog.snapshot),
    mode: config.commitlogSync,
    memtableBytes: config.memtableMaxBytes,
    onFatal: (error: StatusError) => fatal(error),
  });
  return { identity, catalog, store, close: () => store.close() };
}

/** All that the store is to know: tables, views, indexes, and what of them is built. */
export const storedLayouts = ({ keyspaces }: Snapshot): readonly TableLayout[] => [
  buildStatesTable,
  ...[...keyspaces.values()].flatMap(({ tables, views, indexes }) => [
    ...Array.from(tables.values(), tableLayout),
    ...Array.from(views.values(), ({ schema }) => tableLayout(schema)),
    ...[...indexes.values()].flatMap((index) => {
      const base = tables.get(index.table);
      return base === undefined ? [] : [indexTable(base, index).layout];
    }),
  ]),
];

/** Tables and views whose rows are in the store. */
export const storedTables = ({ snapshot }: Catalog): readonly TableSchema[] =>
  [...snapshot.keyspaces.values()].flatMap(({ tables, views }) => [
    ...tables.values(),
    ...Array.from(views.values(), ({ schema }) => schema),
  ]);

/** Made at the first start, and kept. */
async function nodeIdentity(disk: Disk): Promise<NodeIdentity> {
  const size = await disk.sizeBytes(identityFile);
  if (size !== undefined) {
    const file = await disk.open(identityFile, 'read');
    try {
      const bytes = new Uint8Array(size);
      const text = fromUtf8(bytes.subarray(0, await file.read(bytes, 0))) ?? '';
      return JSON.parse(text) as NodeIdentity;
    } finally {
      await file.close();
    }
  }
  const identity = {
    hostId: randomUUID().replaceAll('-', ''),
    secret: createHash('sha256').update(randomUUID()).update(randomUUID()).digest('hex'),
  };
  const unfinished = `${identityFile}.new`;
  if ((await disk.sizeBytes(unfinished)) !== undefined) await disk.remove(unfinished);
  const file = await disk.open(unfinished, 'create');
  try {
    await file.write([utf8(JSON.stringify(identity))], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(unfinished, identityFile);
  await disk.syncDirectory('');
  return identity;
}
