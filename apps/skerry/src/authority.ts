/** The cluster's authority in `DIR/ca`, made when it is not there. */
import { join } from 'node:path';
import { makeFolder } from '@skerry/runtime-host';
import { openAuthority, type Authority } from '@skerry/runtime-security';

export const authorityFolder = (data: string): string => join(data, 'ca');

export async function ensureAuthority(data: string): Promise<Authority> {
  await makeFolder(data);
  return openAuthority(authorityFolder(data));
}
