/** Cost of the ordered store: `node --import tsx --conditions=@skerry/source tools/bench/kv.ts`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKv } from '@skerry/runtime-kv';
import { crc32c } from '@skerry/kernel';

const transactionCount = 50_000;
const rowCount = 200_000;
const directory = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'skerry-bench-kv-'));
const store = await openKv({ path: join(directory, 'store'), checksum: crc32c });
const key = (n: number): Uint8Array => {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
};
try {
  const times: number[] = [];
  const value = new Uint8Array(200).fill(7);
  const applied = key(0xffffffff);
  for (let i = 0; i < transactionCount; i++) {
    const begin = performance.now();
    store.transaction((writer) => {
      writer.put(key(Math.imul(i, 0x9e3779b1) >>> 1), value);
      writer.put(applied, value.subarray(0, 8));
    });
    times.push((performance.now() - begin) * 1_000);
    if (i % 64 === 63) await new Promise((resolve) => setImmediate(resolve));
  }
  const total = times.reduce((sum, each) => sum + each, 0);
  times.sort((a, b) => a - b);
  const at = (quantile: number): string => (times[Math.floor(quantile * times.length)] ?? 0).toFixed(1);
  console.log(
    `transaction of 2 puts: mean ${(total / times.length).toFixed(1)} us, p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(0.99999)}`,
  );
  let begin = performance.now();
  await store.flush();
  console.log(`flush of the rest: ${(performance.now() - begin).toFixed(1)} ms`, store.statistics());
  begin = performance.now();
  for (let i = 0; i < rowCount;) {
    store.transaction((writer) => {
      for (const end = i + 1_000; i < end; i++) writer.put(key(i), value.subarray(0, 100));
    });
    if (i % 20_000 === 0) await store.flush();
  }
  await store.flush();
  console.log(`load: ${Math.round((rowCount / (performance.now() - begin)) * 1_000)} rows/s`);
  for (let round = 0; round < 3; round++) {
    begin = performance.now();
    let count = 0;
    for (const row of store.range({ from: new Uint8Array(0) })) count += row.length / 2;
    console.log(`range scan: ${Math.round((count / (performance.now() - begin)) * 1_000)} rows/s of ${count}`);
  }
  begin = performance.now();
  for (let i = 0; i < rowCount; i++) store.get(key((i * 7_919) % rowCount));
  console.log(`get: ${Math.round((rowCount / (performance.now() - begin)) * 1_000)}/s`);
} finally {
  await store.close();
  await rm(directory, { recursive: true });
}
