/** Identities of tables. Source: Cassandra 5.0, TableId, UUID.nameUUIDFromBytes; RFC 9562 for version 1 and 3. */
import { createHash } from 'node:crypto';
import { toHex, utf8, type RandomBytes } from '@skerry/kernel';

/** A UUID of version 3 or whatever `version` says, out of 16 bytes or more. */
export function uuidOf(bytes: Uint8Array, version: number): string {
  const id = Uint8Array.from(bytes.subarray(0, 16));
  id[6] = ((id[6] ?? 0) & 0x0f) | (version << 4);
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return toHex(id);
}

/** The same on every node of every cluster, and the same as Cassandra's own. */
export const systemTableId = (keyspace: string, table: string): string =>
  uuidOf(
    createHash('md5')
      .update(utf8(keyspace + table))
      .digest(),
    3,
  );

/** From 1582-10-15 to 1970-01-01 in steps of 100 ns. */
const gregorianOffset = 122_192_928_000_000_000n;

/** A new table's: a UUID of version 1, its clock sequence and node from chance. */
export function newTableId(nowMicros: number, random: RandomBytes): string {
  const time = BigInt(Math.floor(nowMicros)) * 10n + gregorianOffset;
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Number(time & 0xffff_ffffn));
  view.setUint16(4, Number((time >> 32n) & 0xffffn));
  view.setUint16(6, Number((time >> 48n) & 0x0fffn));
  bytes.set(random(8), 8);
  // A node that is no address of a network card says so.
  bytes[10] = (bytes[10] ?? 0) | 1;
  return uuidOf(bytes, 1);
}
