/** A group of the log that tells that tables lose all they had: a mutation of table 0, which is no table's, whose key names them. */
import { mutationHeadSizeBytes, type MutationWriter } from '@skerry/domain-table';

const noTable = 0;
const numberSizeBytes = 4;

/** @param tables at most 16,383. @throws StatusError `too_large`. */
export function writeTruncation(writer: MutationWriter, tables: readonly number[]): void {
  const key = new Uint8Array(numberSizeBytes * tables.length);
  const view = new DataView(key.buffer);
  for (const [i, table] of tables.entries()) view.setUint32(numberSizeBytes * i, table);
  writer.begin(noTable, key, 0, key.length);
  writer.end();
}
/** Undefined: the group that begins at `from` is none. */
export function readTruncation(view: DataView, from: number): readonly number[] | undefined {
  if (view.getUint32(from + 4) !== noTable) return undefined;
  const count = view.getUint32(from + 16) / numberSizeBytes;
  return Array.from({ length: count }, (_, i) => view.getUint32(from + mutationHeadSizeBytes + numberSizeBytes * i));
}
