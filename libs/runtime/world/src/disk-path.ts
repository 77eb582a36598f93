import { StatusError } from '@skerry/kernel';

/**
 * The names in a disk path, from the root down; none for the root itself, which is `''` or `'.'`.
 * @throws StatusError `path_invalid` for what could leave the root: a leading `/`, `..`, an empty name, a NUL or `\`.
 */
export function parseDiskPath(path: string): readonly string[] {
  if (path === '' || path === '.') return [];
  const names = path.split('/');
  for (const name of names)
    if (name === '' || name === '.' || name === '..' || name.includes('\0') || name.includes('\\'))
      throw new StatusError(
        'path_invalid',
        `Cannot use path ${JSON.stringify(path)}: must be names joined by "/", without "", ".", "..", "\\" and NUL`,
      );
  return names;
}
