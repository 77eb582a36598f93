/** The operating system's error codes, as reasons of the kernel's closed list. */
import { types } from 'node:util';
import { StatusError, type Reason } from '@skerry/kernel';

/** `code` of a Node error such as `ENOENT`, of the first one when several were tried; undefined when it is none. */
export function systemCode(thrown: unknown): string | undefined {
  // Not instanceof: an error of Node itself may be of another realm (a vm context, as in jest).
  if (!types.isNativeError(thrown)) return undefined;
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return systemCode(severalIn(thrown)[0]);
}

/** The errors in an AggregateError; empty for any other. */
const severalIn = (thrown: Error): readonly unknown[] =>
  'errors' in thrown && Array.isArray(thrown.errors) ? thrown.errors : [];

const diskReasons: Readonly<Record<string, Reason>> = {
  ENOENT: 'no_such_entry',
  EEXIST: 'entry_exists',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EROFS: 'read_only_disk',
  // Too many open files: the disk is well, and it passes.
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
};

/** @param action such as `open "wal/1"`; @param writing whether missing rights mean that the disk cannot be written. */
export function diskError(action: string, thrown: unknown, writing: boolean): StatusError {
  if (thrown instanceof StatusError) return thrown;
  const code = systemCode(thrown) ?? '';
  const forbidden = writing && (code === 'EACCES' || code === 'EPERM');
  const reason = forbidden ? 'read_only_disk' : (diskReasons[code] ?? 'disk_failed');
  return new StatusError(reason, `Cannot ${action}: ${describe(thrown)}`, { cause: thrown });
}

const networkReasons: Readonly<Record<string, Reason>> = {
  EADDRINUSE: 'port_in_use',
  EADDRNOTAVAIL: 'malformed',
  EINVAL: 'malformed',
  EACCES: 'access_denied',
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
  ETIMEDOUT: 'deadline',
};

/** All that is not named otherwise (ECONNREFUSED, ECONNRESET, EPIPE, unreachable, unknown names…) is `connection_lost`. */
export function networkError(action: string, thrown: unknown): StatusError {
  if (thrown instanceof StatusError) return thrown;
  const reason = networkReasons[systemCode(thrown) ?? ''] ?? 'connection_lost';
  return new StatusError(reason, `Cannot ${action}: ${describe(thrown)}`, { cause: thrown });
}

function describe(thrown: unknown): string {
  if (!types.isNativeError(thrown)) return String(thrown);
  return thrown.message === '' ? severalIn(thrown).map(describe).join('; ') : thrown.message;
}
