/**
 * Paths as a user sees them: absolute, `/` is the home, no way leads above it.
 *
 * Source: RFC 3659 §6 (TVFS).
 */
import { fail, ok, utf8, type Result } from '@skerry/kernel';

/** A name's size in UTF-8. What most file systems take, so that a tree can be copied to one. */
export const nameSizeMaxBytes = 255;
/** A whole path's size in UTF-8; with the home before it a path stays below the 4,096 that POSIX systems take. */
export const pathSizeMaxBytes = 1024;

export type PathFault = 'path_invalid' | 'name_too_long';

/**
 * An absolute path without empty, `.` and `..` segments and without a slash at its end. `..` at the top stays there.
 *
 * @param workingDirectory absolute and normalised.
 * @param argument as the client wrote it: absolute or relative, perhaps with a slash at its end. Empty: the directory.
 */
export function resolvePath(workingDirectory: string, argument: string): Result<string, PathFault> {
  if (/[\0\r\n]|\p{Surrogate}/u.test(argument)) return fail('path_invalid');
  const segments: string[] = [];
  const whole = argument.startsWith('/') ? argument : `${workingDirectory}/${argument}`;
  for (const segment of whole.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else if (utf8(segment).length > nameSizeMaxBytes) return fail('name_too_long');
    else segments.push(segment);
  }
  const path = `/${segments.join('/')}`;
  return utf8(path).length > pathSizeMaxBytes ? fail('name_too_long') : ok(path);
}

/** What stands before the last slash of an absolute path: `/` for what is at the top. */
export const parentPath = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));
/** What stands behind the last slash. */
export const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
