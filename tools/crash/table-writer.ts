/**
 * A process to be killed: says what its table has, then writes steps without end and says, for each turn, up to which step
 * is acknowledged. Arguments: folder, seed, first step, bytes of a memtable.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from '../../libs/domain/table/src/index.ts';
import { nodeWorld } from '../../libs/runtime/node/src/index.ts';
import { openTableStore } from '../../libs/runtime/table-store/src/index.ts';
import { stepAt, stepsInTurn, table } from './table-steps.ts';

const [folder = '', seed = '1', memtableBytes = '1048576'] = process.argv.slice(2);
const store = await openTableStore({
  world: nodeWorld(folder),
  path: join(folder, 'blocks'),
  logDirectory: 'log',
  tables: [table],
  memtableBytes: Number(memtableBytes),
  logSegmentBytes: 512 * 1024,
  mapSizeBytes: 8 * 1024 ** 3,
  onFatal: (error) => {
    throw error;
  },
});
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const microsHalf = 0x1_0000_0000;

const reader = store.reader();
const found: [number, number, number][] = [];
const range = { fromHi: -0x80000000, fromLo: 0, fromInclusive: true, toHi: 0x7fffffff, toLo: -1 };
reader.openScan(table, range, undefined, false, nowSeconds());
while (reader.nextPartition()) {
  const key = new DataView(reader.keyBytes.buffer, reader.keyBytes.byteOffset + reader.keyFrom).getUint32(0);
  while (reader.nextRow()) {
    const { row } = reader;
    row.columns();
    const start = row.starts[0] ?? 0;
    found.push([key, row.view.getUint32(row.clusteringFrom), row.view.getUint32(start)]);
  }
}
const say = (line: string): void => {
  for (let bytes = Buffer.from(`${line}\n`); bytes.length > 0;) bytes = bytes.subarray(writeSync(1, bytes));
};
say(JSON.stringify(found));

// Where to go on is known only to who knows how far the last life came.
const first = await new Promise<number>((resolve) => process.stdin.once('data', (text) => resolve(Number(text))));
const key = new Uint8Array(4);
const keyView = new DataView(key.buffer);
const clustering: Part = { bytes: new Uint8Array(4), from: 0, size: 4 };
const clusteringView = new DataView(clustering.bytes.buffer);
const nothing: Part = { bytes: new Uint8Array(0), from: 0, size: 0 };
const value = new Uint8Array(512).fill(0x55);
const valueView = new DataView(value.buffer);
const { writer } = store;

function write(number: number): void {
  const step = stepAt(Number(seed), number);
  // Of two steps the later one has the greater timestamp, in this life and the next; the numbers are times, to be purged.
  const micros = 1_000_000_000_000_000 + number;
  const hi = Math.floor(micros / microsHalf);
  const lo = (micros % microsHalf) | 0;
  keyView.setUint32(0, step.key);
  writer.begin(table.schema.number, key, 0, 4);
  if (step.do === 'deletePartition') writer.partitionDeletion(hi, lo, nowSeconds());
  else {
    clusteringView.setUint32(0, step.row);
    if (step.do === 'insert') {
      valueView.setUint32(0, number);
      writer.denseRow(table.regulars, clustering, nothing, hi, lo, true);
      writer.cell(value, 0, 4 + step.size);
      writer.endDenseRow();
    } else {
      writer.row(clustering, nothing);
      writer.rowDeletion(hi, lo, nowSeconds());
      writer.endRow();
    }
  }
  writer.end();
}
for (let next = first; ;) {
  await store.room();
  for (let i = 0; i < stepsInTurn; i++) write(next + i);
  store.apply();
  next += stepsInTurn;
  await store.endTurn();
  const { flushes, compactions } = store.statistics();
  say(`${next} ${flushes} ${compactions.completed} ${compactions.running.length}`);
  await new Promise((resolve) => setImmediate(resolve));
}
