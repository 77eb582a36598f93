/**
 * Where runs are in LMDB. Keys: u32 run ∥ u32 block; u32 run ∥ u32 with its first bit set ∥ part of what is kept of a run in
 * memory: its index, then its filter, in pieces, each after its CRC-32C. New runs have greater numbers: they are appended.
 */
import { BlockIndex, type BlockReader, KeyFilter, type Run, type RunFigures } from '@skerry/domain-table';
import { type Checksum, StatusError } from '@skerry/kernel';
import type { SortedChange, SortedPlace } from '@skerry/runtime-kv';

const keySizeBytes = 8;
const partMark = 0x8000_0000;
/** What LMDB puts in one piece on neighbouring pages. */
const partSizeBytes = 64 * 1024 - 16 - 4;
const checksumSizeBytes = 4;

export function blockKey(run: number, block: number): Uint8Array {
  const key = new Uint8Array(keySizeBytes);
  const view = new DataView(key.buffer);
  view.setUint32(0, run);
  view.setUint32(4, block);
  return key;
}
const partKey = (run: number, part: number): Uint8Array => blockKey(run, partMark + part);

export class PlaceReader implements BlockReader {
  readonly #place: SortedPlace;
  readonly #key = new Uint8Array(keySizeBytes);
  readonly #keyView = new DataView(this.#key.buffer);

  constructor(place: SortedPlace) {
    this.#place = place;
  }
  get bytes(): Uint8Array {
    return this.#place.bytes;
  }
  get view(): DataView {
    return this.#place.view;
  }
  get size(): number {
    return this.#place.size;
  }
  load(run: number, block: number): boolean {
    this.#keyView.setUint32(0, run);
    this.#keyView.setUint32(4, block);
    return this.#place.get(this.#key, keySizeBytes);
  }
}

/** What a run's index and filter take in the store. */
export type RunSizes = { readonly indexBytes: number; readonly filterBytes: number };

/** The parts of a run that memory keeps. */
export function partChanges(
  run: Run,
  checksum: Checksum,
): { readonly changes: SortedChange[]; readonly sizes: RunSizes } {
  const changes: SortedChange[] = [];
  const put = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; at += partSizeBytes) {
      const piece = bytes.subarray(at, at + partSizeBytes);
      const key = partKey(run.number, changes.length);
      const value = new Uint8Array(checksumSizeBytes + piece.length);
      value.set(piece, checksumSizeBytes);
      new DataView(value.buffer).setUint32(0, checksum(piece, checksum(key)));
      changes.push({ key, value });
    }
  };
  const index = run.index.encode();
  const filter = run.filter.encode();
  put(index);
  put(filter);
  return { changes, sizes: { indexBytes: index.length, filterBytes: filter.length } };
}

/** @throws StatusError `corrupt`. */
export function readRun(place: SortedPlace, figures: RunFigures, sizes: RunSizes, checksum: Checksum): Run {
  const { number, table, blockCount } = figures;
  const damaged = (): StatusError => new StatusError('corrupt', `Cannot read table ${table}: run ${number} is damaged`);
  let part = 0;
  const read = (sizeBytes: number): Uint8Array => {
    const bytes = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes; part++) {
      const key = partKey(number, part);
      if (!place.get(key, key.length)) throw damaged();
      const piece = place.bytes.subarray(checksumSizeBytes, place.size);
      if (place.size <= checksumSizeBytes || place.view.getUint32(0) !== checksum(piece, checksum(key)))
        throw damaged();
      if (at + piece.length > sizeBytes) throw damaged();
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  };
  const index = BlockIndex.decode(read(sizes.indexBytes));
  const filter = KeyFilter.decode(read(sizes.filterBytes));
  if (index === undefined || filter === undefined || index.count !== blockCount) throw damaged();
  return { ...figures, index, filter };
}

/** All that a run has in the store, so many keys at a time. */
export function* removalsOf(place: SortedPlace, run: number, atOnce: number): Generator<SortedChange[]> {
  for (const [from, to] of [
    [0, partMark],
    [partMark, 2 * partMark],
  ] as const) {
    const count = countOf(place, run, from, to);
    for (let at = 0; at < count; at += atOnce)
      yield Array.from({ length: Math.min(atOnce, count - at) }, (_, i) => ({
        key: blockKey(run, from + at + i),
        value: undefined,
      }));
  }
}
/** Of the keys [from, to) of a run: they are written in order, without gaps. */
function countOf(place: SortedPlace, run: number, from: number, to: number): number {
  const end = to < 2 * partMark ? blockKey(run, to) : blockKey(run + 1, 0);
  if (!place.seekBack(end, end.length, false) || place.keyView.getUint32(0) !== run) return 0;
  const last = place.keyView.getUint32(4);
  return last < from ? 0 : last - from + 1;
}
/** Numbers of runs of which there is anything in the store. */
export function runNumbersIn(place: SortedPlace): readonly number[] {
  const numbers: number[] = [];
  for (let next = 1; ;) {
    const start = blockKey(next, 0);
    if (!place.seek(start, start.length, false)) return numbers;
    const run = place.keyView.getUint32(0);
    numbers.push(run);
    next = run + 1;
  }
}
