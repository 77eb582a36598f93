import type { Disk } from './disk.ts';

/** Makes a directory with all parents, and makes each of the names durable. No failure when it is there. */
export async function makeDurableDirectory(disk: Disk, path: string): Promise<void> {
  await disk.makeDirectory(path);
  const names = path.split('/');
  for (let depth = 0; depth < names.length; depth++) await disk.syncDirectory(names.slice(0, depth).join('/'));
}
