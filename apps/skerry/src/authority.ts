/** The cluster's authority in `DIR/ca`, made when it is not there. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openAuthority, type Authority } from '@skerry/runtime-security';

export const authorityFolder = (data: string): string => join(data, 'ca');

export async function ensureAuthority(data: string): Promise<Authority> {
  await mkdir(data, { recursive: true });
  return openAuthority(authorityFolder(data));
}
