/** Opens an ordered store on disk. */
import { open as openDirectory, mkdir, readFile, writeFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Checksum, crc32c, type OrderedStore, StatusError } from '@skerry/kernel';
import { LmdbStore, type KvStatistics } from './lmdb-store.ts';
import { openDatabase } from './database.ts';
import { toDiskError } from './disk-error.ts';

export type KvOptions = {
  /** Absolute folder; made when it is not there. One open store for each folder. */
  readonly path: string;
  /** Bytes of address space to map at first; they take no disk, and a larger file is mapped anew. Default: 32 GiB. */
  readonly mapSizeBytes?: number;
  /** CRC-32C, native where there is one. Default: the kernel's. */
  readonly checksum?: Checksum;
  /** Pending bytes at which they are written to LMDB in the background. Default: {@link pendingBytesToFlush}. */
  readonly flushBytes?: number;
};
export type Kv = OrderedStore & { statistics(): KvStatistics };

/** 32 GiB of addresses; a 64-bit process has 128 TiB of them, and a store holds names, not contents. */
const mapSizeDefaultBytes = 32 * 1024 ** 3;
/** Version of the folder's format. */
const formatVersion = 1;
const formatFile = 'format.json';

/** @throws StatusError `format_newer` (nothing touched), `corrupt`, `disk_full`, `read_only_disk`, `disk_failed`. */
export async function openKv(options: KvOptions): Promise<Kv> {
  const { path, mapSizeBytes = mapSizeDefaultBytes, checksum = crc32c, flushBytes } = options;
  try {
    await mkdir(path, { recursive: true });
    await checkFormat(path);
    const database = openDatabase(path, mapSizeBytes);
    await syncFolder(path);
    await syncFolder(dirname(path));
    return new LmdbStore({ database, path, checksum, ...(flushBytes === undefined ? {} : { flushBytes }) });
  } catch (thrown) {
    throw toDiskError(thrown, `Cannot open store "${path}"`);
  }
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, formatFile);
  const text = await readFile(file, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined;
    throw thrown;
  });
  if (text === undefined) {
    await writeFile(`${file}.new`, `${JSON.stringify({ format: 'skerry-kv', version: formatVersion })}\n`, {
      flush: true,
    });
    await rename(`${file}.new`, file);
    return;
  }
  const version = versionIn(text);
  if (version === undefined) throw new StatusError('corrupt', `Cannot open store: "${file}" is damaged: no version`);
  if (version > formatVersion)
    throw new StatusError(
      'format_newer',
      `Cannot open store "${path}": its format is ${version}, this program knows up to ${formatVersion}`,
    );
}

function versionIn(text: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return undefined;
    return typeof parsed.version === 'number' ? parsed.version : undefined;
  } catch {
    return undefined;
  }
}

/** A new file's name is durable only after this. */
async function syncFolder(path: string): Promise<void> {
  const handle = await openDirectory(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
