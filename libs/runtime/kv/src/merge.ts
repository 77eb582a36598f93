/** One ordered view over layers of pending writes and the rows below them. */
import { keySizeMaxBytes, type KeyValue } from '@skerry/kernel';
import { absent, type Layer } from './layer.ts';

export const checksumSizeBytes = 4;
// A view of its own for each key would move the key's bytes out of the heap, which costs five times the rest.
const scratch = Buffer.alloc(keySizeMaxBytes);
export function keyText(key: Uint8Array): string {
  if (key.length > scratch.length) return Buffer.from(key).toString('latin1');
  scratch.set(key);
  return scratch.toString('latin1', 0, key.length);
}
export const keyBytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Bounds as latin1 text: inclusive `from`, exclusive `to`. */
export type TextRange = { readonly from: string; readonly to: string | undefined; readonly reverse: boolean };

/** Whether a layer has anything, also a deletion, in the range. */
export function touches(layer: Layer, { from, to }: TextRange): boolean {
  const first = layer.next(from, false);
  return first !== undefined && (to === undefined || first < to);
}

/** Walks the keys of one layer inside a range; sound while the layer changes. */
class Walk {
  readonly layer: Layer;
  readonly #range: TextRange;
  key: string | undefined;
  constructor(layer: Layer, range: TextRange) {
    this.layer = layer;
    this.#range = range;
    this.key = this.#inside(range.reverse ? layer.previous(range.to) : layer.next(range.from, false));
  }
  advance(): void {
    if (this.key === undefined) return;
    this.key = this.#inside(this.#range.reverse ? this.layer.previous(this.key) : this.layer.next(this.key, true));
  }
  #inside(key: string | undefined): string | undefined {
    if (key === undefined) return undefined;
    const { from, to, reverse } = this.#range;
    const inside = reverse ? key >= from : to === undefined || key < to;
    return inside ? key : undefined;
  }
}

/** A row of LMDB, its value not yet verified. */
export type RawRow = { readonly key: Buffer; readonly value: Buffer };

/**
 * Rows of all sources in key order; where several have a key, the first layer wins, and a deletion hides the rest.
 * @param layers newest first. @param verified checks a raw row's checksum and gives its value.
 */
export function* merged(
  layers: readonly Layer[],
  rows: Iterator<RawRow>,
  range: TextRange,
  verified: (row: RawRow) => Uint8Array,
): Generator<KeyValue> {
  const walks = layers.map((layer) => new Walk(layer, range));
  const first = (a: string, b: string): boolean => (range.reverse ? a > b : a < b);
  let row = rows.next();
  let rowKey = row.done === true ? undefined : keyText(row.value.key);
  for (;;) {
    let best = rowKey;
    let winner: Walk | undefined;
    for (const walk of walks)
      if (walk.key !== undefined && (best === undefined || first(walk.key, best))) {
        best = walk.key;
        winner = walk;
      }
    // A layer with the same key as the rows below, or as an older layer, wins: layers are newest first.
    winner = walks.find((walk) => walk.key === best) ?? winner;
    if (best === undefined) return;
    if (winner !== undefined) {
      const pending = winner.layer.get(best);
      if (pending !== undefined && pending !== absent) yield [keyBytes(best), pending.subarray(checksumSizeBytes)];
    } else if (row.done !== true) yield [row.value.key, verified(row.value)];
    for (const walk of walks) if (walk.key === best) walk.advance();
    if (rowKey === best) {
      row = rows.next();
      rowKey = row.done === true ? undefined : keyText(row.value.key);
    }
  }
}

/** The same bytes. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
