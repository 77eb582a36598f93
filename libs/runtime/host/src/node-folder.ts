/**
 * `DIR/<node>/`: all that a node keeps. `format.json` says whose it is and how it is written, `life.json` which
 * life of the node was the last.
 *
 * Source: contracts, Data on disk.
 */
import { access, constants, mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StatusError, toStatusError, type NodeId } from '@skerry/kernel';
import { readJson, shape } from '@skerry/runtime-config';
import { lockFolder } from './lock.ts';

/** The layout of a node's folder that this program writes. Older ones it reads; newer ones it refuses. */
export const folderFormat = 1;
/** The folder in it that holds the node's certificate and keys; may be there before the node is. */
export const identityFolderName = 'identity';

export type NodeFolder = {
  /** Absolute. */
  readonly path: string;
  /** Milliseconds since 1970 at this start, but always larger than at every start before, whatever the clock says. */
  readonly incarnation: number;
  /** Lets another process open it. */
  close(): Promise<void>;
};
type Owner = { readonly nodeId: NodeId; readonly role: string };

const formatShape = shape.object({ format: shape.number().int().min(1), node: shape.string(), role: shape.string() });
const lifeShape = shape.object({ incarnation: shape.number().int().min(0) });

/**
 * The folder and all above it, where they are missing. `mode`: for those that are made.
 * @throws StatusError `disk_full`, `read_only_disk`, `access_denied`, `disk_failed`.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
  } catch (error) {
    throw toFolderError(path, await causeOf(error, path));
  }
}
/** Node calls it ENOENT when a folder cannot be made in one that is there: that one knows why. */
async function causeOf(error: unknown, path: string): Promise<unknown> {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  for (let above = dirname(path); ; above = dirname(above)) {
    try {
      await access(above, constants.W_OK);
      return error;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || above === dirname(above)) return cause;
    }
  }
}

/**
 * Makes the folder when there is none.
 * @throws StatusError `fenced` (in use), `format_newer` (left untouched), `malformed` (another node's), `corrupt`,
 * `disk_full`, `read_only_disk`.
 */
export async function openNodeFolder(path: string, owner: Owner, wallMs: number): Promise<NodeFolder> {
  try {
    await makeFolder(path, 0o700);
    // Before the lock, which writes: a folder of a newer program is left as it is.
    const known = await checkFormat(path, owner);
    const lock = await lockFolder(path);
    try {
      if (!known)
        await writeDurably(path, 'format.json', { format: folderFormat, node: owner.nodeId, role: owner.role });
      const incarnation = Math.max(Math.floor(wallMs), (await readLife(path)) + 1);
      await writeDurably(path, 'life.json', { incarnation });
      return { path, incarnation, close: () => lock.release() };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw toFolderError(path, error);
  }
}

/** Whether the folder has a format; none is expected only in an empty one. */
async function checkFormat(path: string, owner: Owner): Promise<boolean> {
  const json = await readText(join(path, 'format.json'));
  if (json === undefined) {
    const names = await readdir(path);
    const strange = names.find((name) => !isOurs(name));
    if (strange === undefined) return false;
    throw new StatusError('corrupt', `Cannot open data folder "${path}": holds "${strange}" but no "format.json"`);
  }
  const { format, node, role } = readJson(formatShape, json, `"${join(path, 'format.json')}"`);
  if (format > folderFormat) {
    const known = `${folderFormat} is the newest that this program knows`;
    throw new StatusError('format_newer', `Cannot open data folder "${path}": has format ${format}, ${known}`);
  }
  if (node === owner.nodeId && role === owner.role) return true;
  const wanted = `must be of ${owner.role} node "${owner.nodeId}": is of ${role} node "${node}"`;
  throw new StatusError('malformed', `Cannot open data folder "${path}": ${wanted}`);
}
// What may be there before the first start, or after one that was cut short.
/** What may be there before the node is: its keys, the log file that a supervisor opened for it, leftovers of a first start. */
const isOurs = (name: string): boolean =>
  name === identityFolderName || name === 'node.log' || /^\.|^lock|\.new$/.test(name);

async function readLife(path: string): Promise<number> {
  const json = await readText(join(path, 'life.json'));
  return json === undefined ? 0 : readJson(lifeShape, json, `"${join(path, 'life.json')}"`).incarnation;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeDurably(folder: string, name: string, value: unknown): Promise<void> {
  const made = join(folder, `${name}.new`);
  const file = await open(made, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(value)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(made, join(folder, name));
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function toFolderError(path: string, error: unknown): StatusError {
  // What stands in a file of ours and cannot be read is damage, not a wrong word of the user's.
  if (error instanceof StatusError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const action = `Cannot open data folder "${path}"`;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StatusError('disk_full', `${action}: disk full`, { cause: error });
  if (code === 'EROFS') return new StatusError('read_only_disk', `${action}: read-only disk`, { cause: error });
  if (code === 'EACCES' || code === 'EPERM')
    return new StatusError('access_denied', `${action}: the operating system forbids it`, { cause: error });
  if (code === undefined) return toStatusError(error);
  return new StatusError('disk_failed', `${action}: ${message}`, { cause: error });
}
