/** All rows of a table, some at a time: where a walk stands can be told, and gone on from after a restart. */
import { Slices, type TableLayout, type TableReader, type TokenRange } from '@skerry/domain-table';
import { hashToken, tokenHalves } from '@skerry/domain-table';

const lowestHalf = -0x8000_0000;
export const wholeRing: TokenRange = {
  fromHi: lowestHalf,
  fromLo: 0,
  fromInclusive: true,
  toHi: 0x7fff_ffff,
  toLo: -1,
};
const none = new Uint8Array(0);

export type WalkVisitor = {
  /** A partition begins, or goes on in another step. `key` is a copy. */
  partition(reader: TableReader, key: Uint8Array): void;
  row(reader: TableReader, key: Uint8Array): void;
  endPartition(): void;
};

type Place = {
  /** The last partition of which all is behind. */
  readonly after: Uint8Array | undefined;
  /** One that is walked half. */
  readonly within: { readonly key: Uint8Array; readonly clustering: Uint8Array } | undefined;
};

export class TableWalk {
  readonly #reader: TableReader;
  readonly #table: TableLayout;
  readonly #slices = new Slices();
  #place: Place;

  /** @param after partitions up to this one are behind. */
  constructor(reader: TableReader, table: TableLayout, after: Uint8Array | undefined) {
    this.#reader = reader;
    this.#table = table;
    this.#place = { after, within: undefined };
  }
  /** The last partition that was walked whole. */
  get after(): Uint8Array | undefined {
    return this.#place.after;
  }
  /**
   * Visits the next rows. Nothing may be written to the store meanwhile. @returns what takes them as done; undefined: there
   * are no more.
   */
  step(rowsMax: number, nowSeconds: number, visitor: WalkVisitor): (() => void) | undefined {
    let place: Place = this.#place;
    let left = rowsMax;
    if (place.within !== undefined) {
      const from = following(place.within.clustering);
      this.#slices.clear();
      this.#slices.add(from, 0, from.length, none, 0, 0);
      const { key } = place.within;
      this.#reader.openPartition(this.#table, key, 0, key.length, this.#slices, false, nowSeconds);
    } else this.#scan(place, nowSeconds);
    let isWithin = place.within !== undefined;
    for (;;) {
      if (!this.#reader.nextPartition()) {
        if (!isWithin) break;
        isWithin = false;
        place = { after: place.within?.key, within: undefined };
        this.#scan(place, nowSeconds);
        continue;
      }
      const { keyBytes, keyFrom, keySize } = this.#reader;
      const key = keyBytes.slice(keyFrom, keyFrom + keySize);
      visitor.partition(this.#reader, key);
      let clustering: Uint8Array | undefined;
      while (left > 0 && this.#reader.nextRow()) {
        const { row } = this.#reader;
        clustering = row.bytes.slice(row.clusteringFrom, row.clusteringTo);
        visitor.row(this.#reader, key);
        left -= 1;
      }
      visitor.endPartition();
      // A partition without rows counts too: there may be many.
      if (clustering === undefined && !isWithin) left -= 1;
      if (left <= 0 && clustering !== undefined && this.#table.schema.clustering.length > 0)
        return this.#to({ after: place.after, within: { key, clustering } });
      place = { after: key, within: undefined };
      if (left <= 0) return this.#to(place);
      if (isWithin) {
        isWithin = false;
        this.#scan(place, nowSeconds);
      }
    }
    return left < rowsMax ? this.#to(place) : undefined;
  }
  #to(place: Place): () => void {
    return () => {
      this.#place = place;
    };
  }
  #scan({ after }: Place, nowSeconds: number): void {
    let range = wholeRing;
    if (after !== undefined) {
      hashToken(after, 0, after.length);
      range = { ...wholeRing, fromHi: tokenHalves.hi, fromLo: tokenHalves.lo, fromInclusive: false, afterKey: after };
    }
    this.#reader.openScan(this.#table, range, undefined, false, nowSeconds);
  }
}
/** The least clustering behind another is that with a zero at its end. */
function following(clustering: Uint8Array): Uint8Array {
  const out = new Uint8Array(clustering.length + 1);
  out.set(clustering);
  return out;
}
