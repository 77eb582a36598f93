/**
 * Where a page ended, for the client to bring back: opaque, and refused when anybody changed it. It holds for the same
 * statement, also after a restart.
 *
 * In bytes: seal (8) · u8 version · i32 rows left of LIMIT, -1 without · i32 rows given of the partition · u8 whether the
 * partition goes on · u32 key size, key · clustering.
 */
import { CqlFault } from '../contract.ts';
import type { Position } from './row.ts';

/** The first eight bytes of a keyed hash over the bytes. */
export type Seal = (bytes: Uint8Array) => Uint8Array;
export const sealSizeBytes = 8;
const version = 1;
const headSizeBytes = sealSizeBytes + 14;

export type PagingState = {
  readonly position: Position;
  /** Infinity: no LIMIT. */
  readonly rowsLeft: number;
  readonly rowsOfPartition: number;
};

/** @param statement tells statements apart: a state of another one is refused. */
export function encodePagingState(
  { position, rowsLeft, rowsOfPartition }: PagingState,
  seal: Seal,
  statement: Uint8Array,
): Uint8Array {
  const { key, clustering } = position;
  const bytes = new Uint8Array(headSizeBytes + key.length + (clustering?.length ?? 0));
  const view = new DataView(bytes.buffer);
  view.setUint8(sealSizeBytes, version);
  view.setInt32(sealSizeBytes + 1, Number.isFinite(rowsLeft) ? rowsLeft : -1);
  view.setInt32(sealSizeBytes + 5, rowsOfPartition);
  view.setUint8(sealSizeBytes + 9, clustering === undefined ? 0 : 1);
  view.setUint32(sealSizeBytes + 10, key.length);
  bytes.set(key, headSizeBytes);
  if (clustering !== undefined) bytes.set(clustering, headSizeBytes + key.length);
  bytes.set(sealed(bytes, seal, statement));
  return bytes;
}
function sealed(bytes: Uint8Array, seal: Seal, statement: Uint8Array): Uint8Array {
  const content = bytes.subarray(sealSizeBytes);
  const all = new Uint8Array(content.length + statement.length);
  all.set(statement);
  all.set(content, statement.length);
  return seal(all).subarray(0, sealSizeBytes);
}

/** @throws CqlFault `protocol`. */
export function decodePagingState(bytes: Uint8Array, seal: Seal, statement: Uint8Array): PagingState {
  const refused = (): CqlFault => new CqlFault({ kind: 'protocol' }, 'Invalid value for the paging state');
  if (bytes.length < headSizeBytes) throw refused();
  const expected = sealed(bytes, seal, statement);
  let difference = 0;
  for (let i = 0; i < sealSizeBytes; i++) difference |= (expected[i] as number) ^ (bytes[i] as number);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const keySize = view.getUint32(sealSizeBytes + 10);
  if (difference !== 0 || view.getUint8(sealSizeBytes) !== version || headSizeBytes + keySize > bytes.length)
    throw refused();
  const rowsLeft = view.getInt32(sealSizeBytes + 1);
  return {
    rowsLeft: rowsLeft < 0 ? Infinity : rowsLeft,
    rowsOfPartition: view.getInt32(sealSizeBytes + 5),
    position: {
      key: bytes.slice(headSizeBytes, headSizeBytes + keySize),
      clustering: view.getUint8(sealSizeBytes + 9) === 0 ? undefined : bytes.slice(headSizeBytes + keySize),
    },
  };
}
