/**
 * Folders of keys: all files of one folder appear together, durable, readable by their owner alone.
 *
 * Assumes: rename(2) of a folder is atomic, and fails when there is one that is not empty.
 */
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { StatusError } from '@skerry/kernel';

const folderMode = 0o700;
const fileMode = 0o600;
/** Larger ones are none of ours: a certificate has some 900 bytes. */
export const secretFileSizeMaxBytes = 64 * 1024;

export type Files = Readonly<Record<string, string>>;

/** @throws StatusError `entry_exists` when there is one, which is kept; `disk_full`, `read_only_disk`, `disk_failed`. */
export async function createSecretFolder(folder: string, files: Files): Promise<void> {
  const parent = dirname(folder);
  // Beside its place, so that the rename stays within one file system.
  const made = join(parent, `.${basename(folder)}.${randomBytes(6).toString('hex')}.new`);
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(made, { mode: folderMode });
    await chmod(made, folderMode);
    for (const [name, text] of Object.entries(files)) await writeDurably(join(made, name), text);
    await syncFolder(made);
    await rename(made, folder);
    await syncFolder(parent);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw toDiskError(`Cannot make "${folder}"`, error);
  }
}

/** The same, in place of one that is there. After a crash in the middle there may be none. */
export async function replaceSecretFolder(folder: string, files: Files): Promise<void> {
  const old = join(dirname(folder), `.${basename(folder)}.${randomBytes(6).toString('hex')}.old`);
  try {
    await rename(folder, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toDiskError(`Cannot replace "${folder}"`, error);
  }
  await createSecretFolder(folder, files);
  await rm(old, { recursive: true, force: true });
}

/** Undefined when there is no such folder. @throws StatusError `corrupt` when a file is missing or too large. */
export async function readSecretFolder<Name extends string>(
  folder: string,
  names: readonly Name[],
): Promise<Readonly<Record<Name, string>> | undefined> {
  if (!(await isThere(folder))) return undefined;
  const texts = await Promise.all(names.map((name) => readSecret(join(folder, name))));
  // One text for each name, in order.
  return Object.fromEntries(names.map((name, i) => [name, texts[i]])) as Record<Name, string>;
}

/** Paths of `*.key` in a folder that others than their owner can read or write: they are no secret any more. */
export async function exposedKeyFiles(folder: string): Promise<readonly string[]> {
  if (!(await isThere(folder))) return [];
  const names = (await readdir(folder)).filter((name) => name.endsWith('.key'));
  const paths = names.map((name) => join(folder, name));
  const modes = await Promise.all(paths.map(async (path) => (await stat(path)).mode));
  return paths.filter((_, i) => ((modes[i] ?? 0) & 0o077) !== 0);
}

async function isThere(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw toDiskError(`Cannot read "${folder}"`, error);
  }
}

async function readSecret(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= secretFileSizeMaxBytes) return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toDiskError(`Cannot read "${path}"`, error);
    throw new StatusError('corrupt', `Cannot read "${path}": the file is missing`, { cause: error });
  }
  throw new StatusError('corrupt', `Cannot read "${path}": must have at most ${secretFileSizeMaxBytes} bytes`);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', fileMode);
  try {
    await file.writeFile(text);
    // The process's umask may have taken more away; it cannot have added.
    await file.chmod(fileMode);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function toDiskError(action: string, error: unknown): StatusError {
  const { code } = error as NodeJS.ErrnoException;
  const told = (reason: ConstructorParameters<typeof StatusError>[0], why: string): StatusError =>
    new StatusError(reason, `${action}: ${why}`, { cause: error });
  if (code === 'EEXIST' || code === 'ENOTEMPTY') return told('entry_exists', 'there is one, and it is kept');
  if (code === 'ENOSPC' || code === 'EDQUOT') return told('disk_full', 'the disk is full');
  if (code === 'EROFS') return told('read_only_disk', 'the disk is read-only');
  if (code === 'EACCES' || code === 'EPERM') return told('access_denied', 'the operating system forbids it');
  return told('disk_failed', (error as Error).message);
}
