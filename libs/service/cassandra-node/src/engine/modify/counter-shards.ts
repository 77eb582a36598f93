/** This host's part of a counter: it alone writes it, so that reading, adding and writing again loses nothing. */
import { shardSizeBytes, type RowView } from '@skerry/domain-table';
import type { Writing } from './writing.ts';

const hostSizeBytes = 16;

/** Where the host's shard of a counter stands in the row's bytes; -1: it has none. */
export function placeOfShard(row: RowView | undefined, id: number, hostId: Uint8Array): number {
  if (row === undefined) return -1;
  row.columns();
  const place = row.layout.placeOf(id);
  const start = row.starts[place] ?? 0;
  const end = start + (row.sizes[place] ?? -1);
  for (let at = start; at + shardSizeBytes <= end; at += shardSizeBytes) {
    let same = 0;
    while (same < hostSizeBytes && row.bytes[at + same] === hostId[same]) same++;
    if (same === hostSizeBytes) return at;
  }
  return -1;
}

/** The host's shard after `delta` more. Its clock is at least the write's time, so that it also wins over what was deleted. */
export function nextShard({ environment, hi, lo, row }: Writing, at: number, delta: bigint): Uint8Array {
  const shard = new Uint8Array(shardSizeBytes);
  shard.set(environment.hostId);
  const view = new DataView(shard.buffer);
  const now = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
  if (row === undefined || at < 0) {
    view.setBigInt64(hostSizeBytes, now);
    view.setBigInt64(hostSizeBytes + 8, BigInt.asIntN(64, delta));
    return shard;
  }
  const clock = row.view.getBigInt64(at + hostSizeBytes) + 1n;
  view.setBigInt64(hostSizeBytes, clock > now ? clock : now);
  view.setBigInt64(hostSizeBytes + 8, BigInt.asIntN(64, row.view.getBigInt64(at + hostSizeBytes + 8) + delta));
  return shard;
}
