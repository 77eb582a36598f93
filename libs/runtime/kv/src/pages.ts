/** Rows of LMDB in a range, page by page. */
import type { Database, ReadTransaction } from './database.ts';
import { keyBytes, type RawRow, type TextRange } from './merge.ts';

/** Rows fetched at once: a cursor of LMDB is never left open in the hands of a caller. */
const pageRowCount = 256;
const lowestKey = Buffer.from([0]);

type Bounds = {
  readonly low: Buffer;
  readonly high: Buffer | undefined;
  /** Without the row at `low`. */
  readonly after: boolean;
  readonly reverse: boolean;
};

/** @param transaction reads what it sees; without one, what is in LMDB when each page is asked for. */
export function* rowsIn(
  database: Database,
  { from, to, reverse }: TextRange,
  limit: number,
  transaction?: ReadTransaction,
): Generator<RawRow> {
  let low = from === '' ? lowestKey : keyBytes(from);
  let high = to === undefined ? undefined : keyBytes(to);
  let after = false;
  for (let left = limit; left > 0;) {
    const wanted = Math.min(left, pageRowCount);
    const page = pageOf(database, { low, high, after, reverse }, wanted, transaction);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < wanted) return;
    left -= page.length;
    if (reverse) high = last.key;
    else {
      low = last.key;
      after = true;
    }
  }
}

function pageOf(
  database: Database,
  { low, high, after, reverse }: Bounds,
  limit: number,
  transaction: ReadTransaction | undefined,
): readonly RawRow[] {
  // Backwards LMDB wants the larger bound first: exclusive here as there, the smaller one inclusive.
  const bounds = reverse
    ? { reverse, end: low, inclusiveEnd: true, ...(high === undefined ? {} : { start: high, exclusiveStart: true }) }
    : { start: low, exclusiveStart: after, ...(high === undefined ? {} : { end: high }) };
  const page: RawRow[] = [];
  const options = { ...bounds, limit, ...(transaction === undefined ? {} : { transaction }) };
  for (const { key, value } of database.getRange(options)) page.push({ key, value });
  return page;
}
