/** What the store notes about itself, under table number 0, which is no table's. */
import { StatusError, toHex } from '@skerry/kernel';
import type { SortedChange, SortedPlace } from '@skerry/runtime-kv';
import { comparePlaces, type LogPlace } from './segment.ts';

export const storeFormat = 1;
const formatKey = Uint8Array.of(0, 0, 0, 0, 1);
const replayKey = Uint8Array.of(0, 0, 0, 0, 2);
const removalMark = 3;
const newestKey = Uint8Array.of(0, 0, 0, 0, 4);
const nowhere: LogPlace = { segment: 0, offset: 0 };

/** A table was truncated or dropped: what the log has of it up to a place is not replayed. */
export type Removal = { readonly table: number; readonly place: LogPlace; readonly done: boolean };
export type Meta = {
  readonly format: number | undefined;
  /** Up to where the log's content is in the store. */
  readonly replayFrom: LogPlace;
  readonly removals: readonly Removal[];
  /** No timestamp in the store is newer: signed halves. */
  readonly newest: readonly [hi: number, lo: number];
};

/** @throws StatusError `corrupt`. */
export function readMeta(place: SortedPlace): Meta {
  const format = place.get(formatKey, formatKey.length) ? numbers(place, formatKey, 1)[0] : undefined;
  const replay = place.get(replayKey, replayKey.length) ? numbers(place, replayKey, 2) : [];
  const removals: Removal[] = [];
  const start = Uint8Array.of(0, 0, 0, 0, removalMark);
  for (let more = place.seek(start, start.length, false); more; more = place.seek(place.key, place.keySize, true)) {
    if (place.keySize !== 9 || place.keyView.getUint32(0) !== 0 || place.key[4] !== removalMark) break;
    const [segment = 0, offset = 0, done = 0] = numbers(place, place.key.subarray(0, place.keySize), 3);
    removals.push({ table: place.keyView.getUint32(5), place: { segment, offset }, done: done === 1 });
  }
  const [segment, offset] = replay;
  const replayFrom = segment === undefined || offset === undefined ? nowhere : { segment, offset };
  const [hi, lo] = place.get(newestKey, newestKey.length) ? numbers(place, newestKey, 2) : [];
  const newest = hi === undefined || lo === undefined ? ([0x80000000 | 0, 0] as const) : ([hi | 0, lo | 0] as const);
  return { format, replayFrom, removals, newest };
}
function numbers({ view, size }: SortedPlace, key: Uint8Array, count: number): readonly number[] {
  if (size !== 4 * count) throw new StatusError('corrupt', `Cannot read store: its note ${toHex(key)} is damaged`);
  return Array.from({ length: count }, (_, i) => view.getUint32(4 * i));
}

export const formatNote = (): SortedChange => ({ key: formatKey, value: encode(storeFormat) });
export const replayNote = ({ segment, offset }: LogPlace): SortedChange => ({
  key: replayKey,
  value: encode(segment, offset),
});
/** Comes to the store no later than what it tells of. */
export const newestNote = (hi: number, lo: number): SortedChange => ({ key: newestKey, value: encode(hi, lo) });
export const removalNote = ({ table, place, done }: Removal): SortedChange => ({
  key: removalKey(table),
  value: encode(place.segment, place.offset, done ? 1 : 0),
});
/** Notes that the log, cut up to a place, needs no more. */
export const forgottenNotes = (removals: readonly Removal[], place: LogPlace): readonly SortedChange[] =>
  removals
    .filter((removal) => removal.done && comparePlaces(removal.place, place) <= 0)
    .map(({ table }) => ({ key: removalKey(table), value: undefined }));

function encode(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return bytes;
}
function removalKey(table: number): Uint8Array {
  const key = new Uint8Array(9);
  key[4] = removalMark;
  new DataView(key.buffer).setUint32(5, table);
  return key;
}
