/** How much of a quota an owner uses: told with a publication, so that a client can be warned before it is full. */
import { usageOf } from '@skerry/domain-file-tree';
import type { data } from '@skerry/proto';
import type { Parts } from './parts.ts';
import type { Ticket } from './tickets.ts';

type QuotaUse = Pick<data.StoreCommitted, 'usedBytes' | 'quotaBytes' | 'usedFiles' | 'quotaFiles'>;

/** All undefined without a quota: then nobody looks. */
export function quotaUse({ replica }: Parts, { user, quotaBytes, quotaFiles }: Ticket): QuotaUse {
  if (quotaBytes === undefined && quotaFiles === undefined)
    return { usedBytes: undefined, quotaBytes, usedFiles: undefined, quotaFiles };
  const { bytes, files } = usageOf(replica.state, user);
  return { usedBytes: bytes, quotaBytes, usedFiles: files, quotaFiles };
}
