/**
 * What of indexes and views is built, and how far what is not has come: rows of the store, so each counts together with the
 * entries that it tells of. They have the number that `system.IndexInfo` has, which shows them.
 */
import { layoutOf, type Column, type TableLayout } from '@skerry/domain-table';
import { present, StatusError } from '@skerry/kernel';
import { systemNumbers } from '../../catalog/system/numbers.ts';
import type { Environment } from '../environment.ts';
import { wholeRing } from './table-walk.ts';

const column = (id: number, name: string, kind: Column['kind']): Column => ({
  id,
  name,
  kind,
  type: { kind: 'blob' },
  position: 0,
  reversed: false,
});
const afterId = 1;
export const buildStatesTable: TableLayout = layoutOf({
  keyspace: 'system',
  name: 'IndexInfo',
  id: '0'.repeat(32),
  number: present(systemNumbers.get('system.IndexInfo'), 'number of system.IndexInfo'),
  version: 1,
  partitionKey: [column(0, 'number', 'partition_key')],
  clustering: [],
  statics: [],
  regulars: [column(afterId, 'after', 'regular')],
  dropped: [],
  isCounter: false,
  gcGraceSeconds: 0,
  defaultTtlSeconds: 0,
  options: new Map(),
});

export type BuildState = {
  readonly built: boolean;
  /** Partitions up to this one are done. */
  readonly after: Uint8Array | undefined;
};

const nothing = { bytes: new Uint8Array(0), from: 0, size: 0 };
function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, number);
  return key;
}

export function readBuildState({ reader }: Environment, number: number, nowSeconds: number): BuildState {
  const key = keyOf(number);
  reader.openPartition(buildStatesTable, key, 0, key.length, undefined, false, nowSeconds);
  if (!reader.nextPartition() || !reader.nextRow()) return { built: false, after: undefined };
  const { row } = reader;
  row.columns();
  const from = row.starts[0] ?? 0;
  const size = row.sizes[0] ?? -1;
  return { built: row.live, after: size < 0 ? undefined : row.bytes.slice(from, from + size) };
}
/** Written, not applied. */
export function writeBuildState(
  { store: { writer }, clock }: Environment,
  number: number,
  state: BuildState | undefined,
  nowMs: number,
): void {
  const key = keyOf(number);
  clock.ballot(nowMs);
  const { hi, lo } = clock;
  writer.begin(buildStatesTable.schema.number, key, 0, key.length);
  if (state === undefined) writer.partitionDeletion(hi, lo, Math.floor(nowMs / 1000));
  else {
    if (state.built) writer.insertedRow(nothing, nothing, hi, lo, 0, 0);
    else writer.row(nothing, nothing);
    if (state.after !== undefined) writer.value(afterId, state.after, 0, state.after.length, hi, lo);
    writer.endRow();
  }
  writer.end();
}

/** Takes what is told of indexes and views that are there no more. */
export function forgetBuildStates(environment: Environment, known: ReadonlySet<number>, nowMs: number): void {
  const reader = environment.store.reader();
  const gone: number[] = [];
  reader.openScan(buildStatesTable, wholeRing, undefined, false, Math.floor(nowMs / 1000));
  while (reader.nextPartition()) {
    const { keyBytes, keyFrom } = reader;
    const number = new DataView(keyBytes.buffer, keyBytes.byteOffset + keyFrom).getUint32(0);
    if (reader.nextRow() && !known.has(number)) gone.push(number);
  }
  if (gone.length === 0) return;
  for (const number of gone) writeBuildState(environment, number, undefined, nowMs);
  try {
    environment.store.apply();
  } catch (thrown) {
    // They are in nobody's way: a start with room on its disk takes them.
    if (!(thrown instanceof StatusError)) throw thrown;
  }
}
