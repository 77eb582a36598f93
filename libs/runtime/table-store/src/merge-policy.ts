/**
 * Which runs of a table are merged next. Source: Cassandra's SizeTieredCompactionStrategy: some of about one size become one
 * of the next size, so that a row is rewritten once for each size that there is.
 */
import type { RunFigures } from '@skerry/domain-table';

/** As many of one size are merged, as in Cassandra. */
export const mergedRunsMin = 4;
/** More at once would need more memory and read more places than it saves. */
export const mergedRunsMax = 16;
/** Runs up to so many bytes are of one size: they cost little. */
export const smallRunBytes = 4 * 1024 * 1024;
/** Of about one size: none is so many times as large as the smallest of them. */
const sameSizeRatio = 3;
/** A table with so many runs is not flushed before some are merged: writes wait rather than reads become slow. */
export const runCountMax = 32;
/** Seconds until a run is looked through again for what may be purged. */
const purgeAgainSeconds = 600;

/** Places of the runs to merge; empty: none are worth it. */
export function chooseRuns<R extends RunFigures>(runs: readonly R[]): readonly R[] {
  const bySize = runs.toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  for (let from = 0; from + mergedRunsMin <= bySize.length; from++) {
    const smallest = Math.max(bySize[from]?.sizeBytes ?? 0, smallRunBytes / sameSizeRatio);
    let to = from;
    while (to < bySize.length && to - from < mergedRunsMax && (bySize[to]?.sizeBytes ?? 0) <= smallest * sameSizeRatio)
      to += 1;
    if (to - from >= mergedRunsMin) return bySize.slice(from, to);
  }
  // Sizes so different that none fit: the smaller ones.
  return runs.length >= runCountMax / 2 ? bySize.slice(0, mergedRunsMin) : [];
}

/** Remembers which runs were looked through in vain. */
export class PurgePolicy {
  readonly #tried = new Map<number, number>();

  /** A run in which something is dead for longer than `graceSeconds`. */
  choose<R extends RunFigures>(runs: readonly R[], graceSeconds: number, nowSeconds: number): R | undefined {
    return runs.find(
      ({ number, deadFrom }) =>
        deadFrom < nowSeconds - graceSeconds &&
        nowSeconds >= (this.#tried.get(number) ?? -Infinity) + purgeAgainSeconds,
    );
  }
  /** What came of it will be looked through later. */
  note(run: number, made: number | undefined, nowSeconds: number): void {
    this.#tried.delete(run);
    if (made !== undefined) this.#tried.set(made, nowSeconds);
  }
}
