/** What the crash test of tables writes: the same steps for who writes them and who knows what must be there. */
import { Prng } from '../../libs/kernel/src/index.ts';
import { layoutOf, type TableLayout } from '../../libs/domain/table/src/index.ts';

export type Step =
  | { readonly do: 'insert'; readonly key: number; readonly row: number; readonly size: number }
  | { readonly do: 'deleteRow'; readonly key: number; readonly row: number }
  | { readonly do: 'deletePartition'; readonly key: number };

/** Applied, and written to the log, together: after a kill all of them are there or none. */
export const stepsInTurn = 20;
const keyCount = 2_000;
const wideKeyCount = 4;
const rowCount = 3;
const wideRowCount = 2_000;

/** Step number `at` of a seed: it is the same whoever asks, and whatever was asked before. */
export function stepAt(seed: number, at: number): Step {
  const prng = new Prng(Math.imul(seed, 0x9e3779b1) ^ at);
  const isWide = prng.below(5) === 0;
  const key = isWide ? prng.below(wideKeyCount) : wideKeyCount + prng.below(keyCount);
  const row = prng.below(isWide ? wideRowCount : rowCount);
  const dice = prng.below(100);
  if (dice === 0 && !isWide) return { do: 'deletePartition', key };
  if (dice < 8) return { do: 'deleteRow', key, row };
  return { do: 'insert', key, row, size: prng.below(400) };
}

const column = (id: number, kind: 'partition_key' | 'clustering' | 'regular', position: number) => ({
  id,
  name: `c${id}`,
  kind,
  type: { kind: 'blob' as const },
  position,
  reversed: false,
});
export const table: TableLayout = layoutOf({
  keyspace: 'k',
  name: 't',
  id: '0'.repeat(32),
  number: 1,
  version: 1,
  partitionKey: [column(0, 'partition_key', 0)],
  clustering: [column(1, 'clustering', 0)],
  statics: [],
  regulars: [column(2, 'regular', 0)],
  dropped: [],
  isCounter: false,
  // Deletions are purged by the merges, too.
  gcGraceSeconds: 0,
  defaultTtlSeconds: 0,
  options: new Map(),
});
