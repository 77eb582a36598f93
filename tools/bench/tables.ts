/**
 * The table store straight on its API, in one process: writes into log and memory, point reads from memory and from disk,
 * slices of 100 rows, scans. By hand: `node --import tsx --conditions=@skerry/source tools/bench/tables.ts`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, type Part, Slices, type TableSchema } from '../../libs/domain/table/src/index.ts';
import { nodeWorld } from '../../libs/runtime/node/src/index.ts';
import { openTableStore } from '../../libs/runtime/table-store/src/index.ts';

const keys = 100_000;
const turnSize = 128;
const column = (
  id: number,
  kind: 'partition_key' | 'clustering' | 'regular',
  position: number,
  type = 'text' as const,
) => ({
  id,
  name: `c${id}`,
  kind,
  type: { kind: type },
  position,
  reversed: false,
});
const schema = (number: number, wide: boolean): TableSchema => ({
  keyspace: 'k',
  name: `t${number}`,
  id: '0'.repeat(32),
  number,
  version: 1,
  partitionKey: [column(0, 'partition_key', 0)],
  clustering: wide ? [column(1, 'clustering', 0)] : [],
  statics: [],
  regulars: [2, 3, 4, 5, 6].map((id, i) => column(id, 'regular', i)),
  dropped: [],
  isCounter: false,
  gcGraceSeconds: 864_000,
  defaultTtlSeconds: 0,
  options: new Map(),
});
const narrow = layoutOf(schema(1, false));
const wide = layoutOf(schema(2, true));

const folder = await mkdtemp(join(tmpdir(), 'skerry-tables-'));
const store = await openTableStore({
  world: nodeWorld(folder),
  path: join(folder, 'blocks'),
  logDirectory: 'log',
  tables: [narrow, wide],
  onFatal: (error) => {
    throw error;
  },
});
const values = new Uint8Array(150).map((_, i) => 97 + (i % 26));
const key = new Uint8Array(8);
const keyView = new DataView(key.buffer);
const none: Part = { bytes: key, from: 0, size: 0 };
const clustering = { bytes: new Uint8Array(5), from: 0, size: 5 };
const wire = { bytes: new Uint8Array(8), from: 0, size: 8 };
const clusteringView = new DataView(clustering.bytes.buffer);
let micros = 0;

const { writer } = store;
function row(layout: typeof narrow, ordered: Part, cells: Part): void {
  writer.begin(layout.schema.number, key, 0, 8);
  writer.denseRow(layout.regulars, ordered, cells, 400_000, ++micros, true);
  for (let i = 0; i < 5; i++) writer.cell(values, i * 30, 30);
  writer.endDenseRow();
  writer.end();
  store.apply();
}
async function measure(name: string, count: number, unit: number, body: (i: number) => void): Promise<void> {
  const used = process.cpuUsage();
  const started = performance.now();
  let waited = 0;
  for (let i = 0; i < count;) {
    const room = store.room();
    if (room !== undefined) {
      const from = performance.now();
      await room;
      waited += performance.now() - from;
    }
    for (const end = Math.min(count, i + turnSize); i < end; i++) body(i);
    await store.endTurn();
    if ((i / turnSize) % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(used);
  console.log(
    `${name.padEnd(34)} ${((ms * 1000) / count / unit).toFixed(3)} µs, ${((user + system) / count / unit).toFixed(3)} of CPU  ${Math.round((count * unit) / (ms / 1000))}/s` +
      (waited > 0 ? `  (waited ${Math.round(waited)} ms for room)` : ''),
  );
}
const random = (i: number, below: number): number => Math.imul(i + 1, 0x9e3779b1) >>> (0 % below);
const setKey = (i: number): void => keyView.setUint32(4, i);
const reader = store.reader();
const out = new Uint8Array(64 * 1024);
let copied = 0;
function read(layout: typeof narrow, slices?: Slices): number {
  let rows = 0;
  reader.openPartition(layout, key, 0, 8, slices, false, 2_000_000_000);
  copied = 0;
  while (reader.nextPartition())
    while (reader.nextRow()) {
      const { row: view } = reader;
      const size = view.cellsTo - view.wireFrom;
      if (!view.dense) throw new Error('not dense');
      out.set(view.bytes.subarray(view.wireFrom, view.wireFrom + size), copied);
      copied += size;
      rows++;
    }
  return rows;
}
const expectRows = (got: number, wanted: number): void => {
  if (got !== wanted) throw new Error(`wanted ${wanted} rows: got ${got}`);
};
const point = (i: number): void => {
  setKey(random(i, keys) % keys);
  expectRows(read(narrow), 1);
};

for (const round of ['first', 'again', 'again']) {
  await measure(`write, ${round}`, keys, 1, (i) => {
    setKey(i);
    row(narrow, none, none);
  });
}
for (let i = 0; i < 3; i++) await measure('point read, memory', keys, 1, point);
let from = performance.now();
await store.flush();
console.log(`flush of ${keys} rows: ${Math.round(performance.now() - from)} ms`, store.statistics());
for (let i = 0; i < 3; i++) await measure('point read, disk', keys, 1, point);

const wideRows = 1_000;
const partitions = 100;
await measure('write, wide', wideRows * partitions, 1, (i) => {
  setKey(i % partitions);
  clusteringView.setUint32(0, Math.floor(i / partitions));
  row(wide, clustering, wire);
});
const slices = new Slices();
const bound = new Uint8Array(10);
const boundView = new DataView(bound.buffer);
const slice = (i: number): void => {
  setKey(i % partitions);
  const start = random(i, wideRows) % (wideRows - 100);
  boundView.setUint32(0, start);
  boundView.setUint32(5, start + 100);
  slices.clear();
  slices.add(bound, 0, 5, bound, 5, 5);
  expectRows(read(wide, slices), 100);
};
for (let i = 0; i < 2; i++) await measure('slice of 100, memory, each row', 5_000, 100, slice);
from = performance.now();
await store.flush();
console.log(`flush of ${wideRows * partitions} rows in ${partitions}: ${Math.round(performance.now() - from)} ms`);
for (let i = 0; i < 3; i++) await measure('slice of 100, disk, each row', 5_000, 100, slice);
const range = { fromHi: -0x80000000, fromLo: 0, fromInclusive: true, toHi: 0x7fffffff, toLo: -1 };
const scan = (i: number): void => {
  let rows = 0;
  const start = { ...range, fromHi: random(i, 0) | 0 };
  reader.openScan(narrow, start, undefined, false, 2_000_000_000);
  while (rows < 100 && reader.nextPartition()) while (reader.nextRow()) rows++;
};
for (let i = 0; i < 3; i++) await measure('scan of 100, disk, each row', 3_000, 100, scan);
console.log(store.statistics());
await store.close();
await rm(folder, { recursive: true });
