import { statfs } from 'node:fs/promises';
import { type Reason, StatusError } from '@skerry/kernel';

/** LMDB's error numbers (lmdb.h) and the operating system's, by what they mean to the caller. */
const reasonsByCode: Readonly<Record<string, Reason>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  '28': 'disk_full',
  '122': 'disk_full',
  '-30792': 'disk_full',
  EROFS: 'read_only_disk',
  EACCES: 'read_only_disk',
  EPERM: 'read_only_disk',
  '-30796': 'corrupt',
  '-30797': 'corrupt',
  '-30793': 'corrupt',
};
/** The same, where only the message survives a thread hop. */
const reasonsByMessage: readonly (readonly [RegExp, Reason])[] = [
  [/MDB_MAP_FULL|No space left|quota exceeded/i, 'disk_full'],
  [/Read-only file system|Permission denied/i, 'read_only_disk'],
  [/MDB_CORRUPTED|MDB_PAGE_NOTFOUND|MDB_INVALID/, 'corrupt'],
];

/** What was thrown as a StatusError, `disk_failed` when nothing closer is known. `action` begins the message. */
export function toDiskError(thrown: unknown, action: string): StatusError {
  if (thrown instanceof StatusError) return thrown;
  const message = String(field(thrown, 'message') ?? thrown);
  const code = String(field(thrown, 'code') ?? '');
  const byMessage = reasonsByMessage.find(([pattern]) => pattern.test(message))?.[1];
  return new StatusError(reasonsByCode[code] ?? byMessage ?? 'disk_failed', `${action}: ${message}`, { cause: thrown });
}

/** Room that a commit may need beside the rows themselves: LMDB's own pages, and what others write meanwhile. */
const roomToSpareBytes = 1024 * 1024;

/** What a failed commit of so many bytes means. LMDB calls a write that a full disk cut short an input/output error. */
export async function writeError(thrown: unknown, path: string, sizeBytes: number): Promise<StatusError> {
  const action = `Cannot write to store "${path}"`;
  const error = toDiskError(thrown, action);
  if (error.reason !== 'disk_failed' || error === thrown) return error;
  try {
    const { bavail, bsize } = await statfs(path);
    if (bavail * bsize >= sizeBytes + roomToSpareBytes) return error;
  } catch {
    return error;
  }
  return new StatusError('disk_full', `${action}: no room for ${sizeBytes} bytes`, { cause: thrown });
}

// Not by `instanceof Error`: native code may throw errors of another realm.
const field = (thrown: unknown, name: 'message' | 'code'): unknown =>
  typeof thrown === 'object' && thrown !== null ? (thrown as Readonly<Record<string, unknown>>)[name] : undefined;

/** Lmdb-js rejects with a wrapper whose `commitError` rejects with what LMDB said. */
export async function commitCause(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !('commitError' in thrown)) return thrown;
  try {
    await thrown.commitError;
    return thrown;
  } catch (cause) {
    return cause;
  }
}
