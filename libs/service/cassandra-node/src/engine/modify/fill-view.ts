/** A new view is filled from the rows that its table has. What is written meanwhile comes to it by itself. */
import { Slices, type TableReader, type TableSchema, type TokenRange } from '@skerry/domain-table';
import type { ViewDefinition } from '../../catalog/state.ts';
import type { Environment } from '../environment.ts';
import type { Planning } from '../planning.ts';
import { ViewUpkeep } from './views.ts';
import { apply } from './writing.ts';

/** Rows that go into a view before others have their turn. */
export const fillRowsMax = 256;

const lowestHalf = -0x8000_0000;
const wholeRing: TokenRange = { fromHi: lowestHalf, fromLo: 0, fromInclusive: true, toHi: 0x7fff_ffff, toLo: -1 };

/**
 * Fills it step by step; each step is applied when the generator yields.
 * @param nowMs the time of each step, since 1970.
 * @throws StatusError of the store.
 */
export function* fillView(
  planning: Planning,
  environment: Environment,
  base: TableSchema,
  view: ViewDefinition,
  nowMs: () => number,
): Generator<void> {
  const table = environment.layout(base);
  const upkeep = new ViewUpkeep(planning, environment, table, [view]);
  const { writing } = environment;
  const reader = environment.store.reader();
  const slices = new Slices();
  let range: TokenRange | undefined = wholeRing;
  while (range !== undefined) {
    reader.openScan(table, range, undefined, false, Math.floor(nowMs() / 1000));
    if (!reader.nextPartition()) return;
    const { key, next } = partitionAt(reader);
    range = next;
    let from = new Uint8Array(0);
    for (;;) {
      const now = nowMs();
      writing.begin({ nowMs: now, nowSeconds: Math.floor(now / 1000) }, 0, 0, 0);
      slices.clear();
      slices.add(from, 0, from.length, from, 0, 0);
      const last = upkeep.captureNew(writing, key, slices, fillRowsMax);
      if (last === undefined) break;
      apply(writing);
      yield;
      // The least clustering behind another is that with a zero at its end.
      from = new Uint8Array(last.length + 1);
      from.set(last);
    }
  }
}
function partitionAt(reader: TableReader): { readonly key: Uint8Array; readonly next: TokenRange } {
  const { keyBytes, keyFrom, keySize, tokenHi, tokenLo } = reader;
  const key = keyBytes.slice(keyFrom, keyFrom + keySize);
  return { key, next: { ...wholeRing, fromHi: tokenHi, fromLo: tokenLo, fromInclusive: false, afterKey: key } };
}
