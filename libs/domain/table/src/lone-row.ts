/**
 * A partition that is one plain row, in one place: most partitions of most tables are. It is shown as it lies there, without
 * the sources, the head and the merging that others need.
 */
import type { Memtable } from './memtable.ts';
import { kindMask, kindRow } from './format.ts';
import {
  atEntryFlags,
  atEntryKeySize,
  entryContinues,
  entryHeadSizeBytes,
  entryContinued,
  entryPlain,
} from './run-format.ts';
import type { LoadedBlock } from './run.ts';

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);

export class LoneRow {
  bytes: Uint8Array = noBytes;
  view: DataView = noView;
  /** Where it begins in `bytes`; -1: the partition is something else, or its row was shown. */
  row = -1;

  inMemory(memtable: Memtable, partition: number): boolean {
    this.row = memtable.single(partition);
    this.bytes = memtable.bytes;
    this.view = memtable.view;
    return this.row >= 0;
  }
  /** @param entry where the partition begins in the block, which must stay loaded. */
  inBlock({ bytes, view }: LoadedBlock, entry: number): boolean {
    this.row = -1;
    if ((view.getUint8(entry + atEntryFlags) & (entryPlain | entryContinues | entryContinued)) !== entryPlain)
      return false;
    const unit = entry + entryHeadSizeBytes + view.getUint16(entry + atEntryKeySize);
    // Nothing but this unit: of plain entries it is a row.
    if (unit + view.getUint32(unit) !== entry + view.getUint32(entry)) return false;
    if ((view.getUint8(unit + 4) & kindMask) !== kindRow) return false;
    this.bytes = bytes;
    this.view = view;
    this.row = unit;
    return true;
  }
}
