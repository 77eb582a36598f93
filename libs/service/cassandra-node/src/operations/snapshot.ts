/**
 * Snapshots: what a node needs to begin anew, in `snapshots/NAME` of its folder. The store's copy is of one moment; the
 * schema is copied behind it, so that it knows every table of which there are rows.
 */
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StatusError } from '@skerry/kernel';
import { identityFile, schemaDirectory, tablesDirectory } from '../node-parts.ts';

export const snapshotsDirectory = 'snapshots';
const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

export type SnapshotParts = {
  /** The node's folder, absolute. */
  readonly folder: string;
  /** Copies the store into a folder that is not there yet. */
  readonly copyStore: (path: string) => Promise<void>;
};

/** @throws StatusError `malformed`, `entry_exists`, and the disk's own. A snapshot that failed leaves nothing. */
export async function takeSnapshot(
  { folder, copyStore }: SnapshotParts,
  name: string,
): Promise<{ readonly path: string; readonly bytes: number }> {
  if (!namePattern.test(name))
    throw new StatusError(
      'malformed',
      `Cannot take a snapshot: its name must be 1 to 64 letters, digits, _ and -: got "${name}"`,
    );
  const path = join(folder, snapshotsDirectory, name);
  const unfinished = `${path}.unfinished`;
  if (await isThere(path))
    throw new StatusError('entry_exists', `Cannot take a snapshot: there is one of that name in "${path}"`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  try {
    await copyStore(join(unfinished, tablesDirectory));
    await cp(join(folder, schemaDirectory), join(unfinished, schemaDirectory), { recursive: true });
    await cp(join(folder, identityFile), join(unfinished, identityFile));
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    if (cause instanceof StatusError) throw cause;
    throw new StatusError('disk_failed', `Cannot take snapshot "${name}": ${(cause as Error).message}`, { cause });
  }
  return { path, bytes: await sizeOf(path) };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Bytes on disk: a store's file has holes. */
async function sizeOf(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += Math.min(...sizes(await stat(join(entry.parentPath, entry.name))));
  return bytes;
}
const sizes = ({ size, blocks }: { readonly size: number; readonly blocks: number }): [number, number] => [
  size,
  blocks * 512,
];
