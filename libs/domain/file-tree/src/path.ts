/** Absolute paths of the tree, such as `/home/ada/notes.txt`; `/` is the root. */
import { StatusError, utf8 } from '@skerry/kernel';
import { depthMax, nameSizeMaxBytes, pathSizeMaxBytes } from './limits.ts';

/** Longest text of which a message quotes all, in UTF-16 units. */
const quoteMax = 200;
export const quote = (text: string): string =>
  JSON.stringify(text.length <= quoteMax ? text : `${text.slice(0, quoteMax)}…`);

/** Why `name` cannot stand in a directory; undefined when it can. */
export function nameFault(name: string): StatusError | undefined {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    return new StatusError(
      'path_invalid',
      `Cannot use the name ${quote(name)}: it must not be "", "." or "..", nor hold "/" or NUL`,
    );
  // A UTF-16 unit has one byte or more, so that short names need no encoding.
  const long = name.length > nameSizeMaxBytes / 3 && utf8(name).length > nameSizeMaxBytes;
  if (long)
    return new StatusError('name_too_long', `Cannot use the name ${quote(name)}: over ${nameSizeMaxBytes} bytes`);
  return undefined;
}

/** @throws StatusError `path_invalid` or `name_too_long`. */
export function parsePath(path: string): readonly string[] {
  if (!path.startsWith('/'))
    throw new StatusError('path_invalid', `Cannot use the path ${quote(path)}: it must start with "/"`);
  if (path === '/') return [];
  if (path.length > pathSizeMaxBytes || utf8(path).length > pathSizeMaxBytes)
    throw new StatusError('name_too_long', `Cannot use the path ${quote(path)}: over ${pathSizeMaxBytes} bytes`);
  const names = path.slice(1).split('/');
  if (names.length > depthMax)
    throw new StatusError('name_too_long', `Cannot use the path ${quote(path)}: over ${depthMax} names`);
  for (const name of names) {
    const fault = nameFault(name);
    if (fault !== undefined) throw fault;
  }
  return names;
}

export const formatPath = (names: readonly string[]): string => `/${names.join('/')}`;
