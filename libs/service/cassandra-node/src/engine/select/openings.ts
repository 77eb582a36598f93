/** Where a SELECT begins to read, or goes on: at its keys one after the other, or in one walk over a range of tokens. */
import { hashToken, tokenHalves, type TableLayout, type TableReader, type TokenRange } from '@skerry/domain-table';
import type { Execution } from '../contract.ts';
import { compareBytes } from './byte-ranges.ts';
import { tokenRange, type PartitionKeys } from './partition-keys.ts';
import type { Position } from './row.ts';
import type { SelectParts } from './select-parts.ts';
import type { Opener } from './stored-source.ts';
import type { VirtualSource } from './virtual-source.ts';

export class Openings {
  readonly #parts: SelectParts;
  /** All that the request names. */
  #keys: readonly Uint8Array[] = [];

  constructor(parts: SelectParts) {
    this.#parts = parts;
  }
  /** Virtual tables are read whole. */
  virtual(source: VirtualSource, execution: Execution, after: Position | undefined): void {
    const { keys, tokens, clustering, reverse } = this.#parts;
    const range = tokenRange(tokens, execution, undefined);
    source.begin({
      keys: keys?.all(execution),
      ranges: clustering.ranges(execution),
      reverse,
      after,
      inTokens: (hi, lo) => range !== undefined && isWithin(range, hi, lo),
    });
  }
  /**
   * One opening after the other: partitions by their keys, or one walk; a partition that a page or a turn cut comes first.
   * @param isAgain in a later turn of the same request.
   */
  stored(execution: Execution, layout: TableLayout, resume: Position | undefined, isAgain: boolean): Opener {
    const { keys, clustering, slices, reverse } = this.#parts;
    const { nowSeconds } = execution;
    const openKey = (
      reader: TableReader,
      key: Uint8Array,
      from: number,
      size: number,
      after: Uint8Array | undefined,
    ): boolean => {
      if (clustering.isEverything && after === undefined)
        reader.openPartition(layout, key, from, size, undefined, reverse, nowSeconds);
      else if (clustering.fill(slices, execution, after, reverse))
        reader.openPartition(layout, key, from, size, slices, reverse, nowSeconds);
      else return false;
      return true;
    };
    if (keys?.isOne === true && this.#parts.tokens.length === 0) {
      let opened = false;
      return (reader) => {
        if (opened || (resume !== undefined && resume.clustering === undefined)) return false;
        opened = true;
        keys.one(execution);
        return openKey(reader, keys.bytes, keys.from, keys.size, resume?.clustering);
      };
    }
    if (keys !== undefined) {
      if (!isAgain) this.#keys = this.#wantedKeys(keys, execution);
      return this.#keysOpener(this.#keys, resume, openKey);
    }
    return this.#scanOpener(execution, layout, resume, openKey);
  }
  /** Those whose tokens are asked for too. */
  #wantedKeys(keys: PartitionKeys, execution: Execution): readonly Uint8Array[] {
    const { tokens } = this.#parts;
    const all = keys.all(execution);
    if (tokens.length === 0) return all;
    const range = tokenRange(tokens, execution, undefined);
    return all.filter((key) => {
      hashToken(key, 0, key.length);
      return range !== undefined && isWithin(range, tokenHalves.hi, tokenHalves.lo);
    });
  }
  #keysOpener(all: readonly Uint8Array[], resume: Position | undefined, openKey: OpenKey): Opener {
    let next = 0;
    let after: Uint8Array | undefined;
    if (resume !== undefined) {
      next = all.findIndex((key) => compareBytes(key, resume.key) === 0);
      if (next < 0) next = all.length;
      else if (resume.clustering === undefined) next += 1;
      else after = resume.clustering;
    }
    return (reader) => {
      while (next < all.length) {
        const key = all[next] as Uint8Array;
        const from = after;
        next += 1;
        after = undefined;
        if (openKey(reader, key, 0, key.length, from)) return true;
      }
      return false;
    };
  }
  #scanOpener(execution: Execution, layout: TableLayout, resume: Position | undefined, openKey: OpenKey): Opener {
    const { tokens, clustering, slices, reverse } = this.#parts;
    let cut = resume?.clustering !== undefined;
    let opened = false;
    return (reader) => {
      if (cut && resume !== undefined) {
        cut = false;
        if (openKey(reader, resume.key, 0, resume.key.length, resume.clustering)) return true;
      }
      if (opened) return false;
      opened = true;
      const range = tokenRange(tokens, execution, resume?.key);
      if (range === undefined) return false;
      if (clustering.isEverything) reader.openScan(layout, range, undefined, reverse, execution.nowSeconds);
      else if (clustering.fill(slices, execution, undefined, reverse))
        reader.openScan(layout, range, slices, reverse, execution.nowSeconds);
      else return false;
      return true;
    };
  }
}
type OpenKey = (
  reader: TableReader,
  key: Uint8Array,
  from: number,
  size: number,
  after: Uint8Array | undefined,
) => boolean;
const compareToken = (aHi: number, aLo: number, bHi: number, bLo: number): number =>
  Math.sign(aHi - bHi || (aLo >>> 0) - (bLo >>> 0));
const isWithin = (range: TokenRange, hi: number, lo: number): boolean =>
  compareToken(hi, lo, range.fromHi, range.fromLo) >= (range.fromInclusive ? 0 : 1) &&
  compareToken(hi, lo, range.toHi, range.toLo) <= 0;
