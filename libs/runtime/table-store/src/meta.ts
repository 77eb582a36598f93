/** What the store notes about itself, under table number 0, which is no table's. */
import { crc32c, StatusError, toHex } from '@skerry/kernel';
import { neverDead, type RunFigures } from '@skerry/domain-table';
import type { SortedChange, SortedPlace } from '@skerry/runtime-kv';
import type { RunSizes } from './run-keys.ts';
import { comparePlaces, type LogPlace } from './segment.ts';

/** 1 was a tree of partitions, changed in place: it was never released. */
export const storeFormat = 2;
const formatKey = Uint8Array.of(0, 0, 0, 0, 1);
const replayKey = Uint8Array.of(0, 0, 0, 0, 2);
const removalMark = 3;
const runMark = 5;
const nowhere: LogPlace = { segment: 0, offset: 0 };

/** A table was truncated or dropped: what the log has of it up to a place is not replayed. */
export type Removal = { readonly table: number; readonly place: LogPlace };
export type StoredRun = { readonly figures: RunFigures; readonly sizes: RunSizes };
export type Meta = {
  /** Up to where the log's content is in the store. */
  readonly replayFrom: LogPlace;
  readonly removals: readonly Removal[];
  readonly runs: readonly StoredRun[];
};

/** Undefined: the store is new. @throws StatusError `corrupt`. */
export const readFormat = (place: SortedPlace): number | undefined =>
  place.get(formatKey, formatKey.length) ? numbers(place, formatKey, 1)[0] : undefined;
/** @throws StatusError `corrupt`. */
export function readMeta(place: SortedPlace): Meta {
  const replay = place.get(replayKey, replayKey.length) ? numbers(place, replayKey, 2) : [];
  const removals = notesOf(place, removalMark, 3).map(({ number, values: [segment = 0, offset = 0] }) => ({
    table: number,
    place: { segment, offset },
  }));
  const [segment, offset] = replay;
  const replayFrom = segment === undefined || offset === undefined ? nowhere : { segment, offset };
  return { replayFrom, removals, runs: notesOf(place, runMark, runNumbers).map(runOfNote) };
}
type Note = { readonly number: number; readonly values: readonly number[] };
/** Those with a mark, each with what it is about. */
function notesOf(place: SortedPlace, mark: number, count: number): readonly Note[] {
  const notes: Note[] = [];
  const start = Uint8Array.of(0, 0, 0, 0, mark);
  for (let more = place.seek(start, start.length, false); more; more = place.seek(place.key, place.keySize, true)) {
    if (place.keySize !== 9 || place.keyView.getUint32(0) !== 0 || place.key[4] !== mark) break;
    const number = place.keyView.getUint32(5);
    notes.push({ number, values: numbers(place, place.key.slice(0, place.keySize), count) });
  }
  return notes;
}
/** Behind the numbers is their CRC-32C; the format's note has none, so that any program can read it. */
function numbers({ bytes, view, size }: SortedPlace, key: Uint8Array, count: number): readonly number[] {
  const hasSum = key !== formatKey;
  const isWhole = size === 4 * (hasSum ? count + 1 : count);
  if (!isWhole || (hasSum && view.getUint32(4 * count) !== crc32c(bytes.subarray(0, 4 * count))))
    throw new StatusError('corrupt', `Cannot read store: its note ${toHex(key)} is damaged`);
  return Array.from({ length: count }, (_, i) => view.getUint32(4 * i));
}

export const formatNote = (): SortedChange => ({ key: formatKey, value: encode(storeFormat).subarray(0, 4) });
export const replayNote = ({ segment, offset }: LogPlace): SortedChange => ({
  key: replayKey,
  value: encode(segment, offset),
});
export const removalNote = ({ table, place }: Removal): SortedChange => ({
  key: noteKey(removalMark, table),
  value: encode(place.segment, place.offset, 1),
});
/** Notes that the log, cut up to a place, needs no more. */
export const forgottenNotes = (removals: readonly Removal[], place: LogPlace): readonly SortedChange[] =>
  removals
    .filter((removal) => comparePlaces(removal.place, place) <= 0)
    .map(({ table }) => ({ key: noteKey(removalMark, table), value: undefined }));

const runNumbers = 12;
const half = 0x1_0000_0000;
export const runNote = (run: RunFigures, { indexBytes, filterBytes }: RunSizes): SortedChange => ({
  key: noteKey(runMark, run.number),
  value: encode(
    run.table,
    run.blockCount,
    Math.floor(run.sizeBytes / half),
    run.sizeBytes % half,
    run.partitionCount,
    run.newestHi,
    run.newestLo,
    run.oldestHi,
    run.oldestLo,
    run.deadFrom,
    indexBytes,
    filterBytes,
  ),
});
export const runGoneNote = (run: number): SortedChange => ({ key: noteKey(runMark, run), value: undefined });
function runOfNote({ number, values }: Note): StoredRun {
  const [table = 0, blockCount = 0, sizeHi = 0, sizeLo = 0, partitionCount = 0, ...rest] = values;
  const [newestHi = 0, newestLo = 0, oldestHi = 0, oldestLo = 0, deadFrom = neverDead] = rest;
  const [indexBytes = 0, filterBytes = 0] = rest.slice(5);
  return {
    figures: {
      number,
      table,
      blockCount,
      sizeBytes: sizeHi * half + sizeLo,
      partitionCount,
      newestHi: newestHi | 0,
      newestLo: newestLo | 0,
      oldestHi: oldestHi | 0,
      oldestLo: oldestLo | 0,
      deadFrom,
    },
    sizes: { indexBytes, filterBytes },
  };
}

function encode(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length + 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  view.setUint32(4 * values.length, crc32c(bytes.subarray(0, 4 * values.length)));
  return bytes;
}
function noteKey(mark: number, number: number): Uint8Array {
  const key = new Uint8Array(9);
  key[4] = mark;
  new DataView(key.buffer).setUint32(5, number);
  return key;
}
