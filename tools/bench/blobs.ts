/**
 * Writes a large blob durably and reads it back: `node --import tsx --conditions=@skerry/source tools/bench/blobs.ts
 * [--json]`.
 * BENCH_DIR: where (default: the system's temporary folder). BENCH_MIB: how much (default: 1024).
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobId, MemoryStore } from '@skerry/kernel';
import { openBlobs } from '@skerry/runtime-blobs';
import { nodeWorld } from '@skerry/runtime-node';

const mebibyte = 1024 * 1024;
const totalMiB = Number(process.env['BENCH_MIB'] ?? 1_024);
const directory = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'skerry-bench-blobs-'));
const rate = (begin: number): number => Math.round((totalMiB * mebibyte) / 1e6 / ((performance.now() - begin) / 1_000));

/** What the disk itself does: 1 MiB at a time, one sync at the end. */
function rawWriteRate(): number {
  const path = join(directory, 'raw');
  const file = openSync(path, 'w');
  const chunk = Buffer.alloc(mebibyte, 7);
  const begin = performance.now();
  for (let i = 0; i < totalMiB; i++) writeSync(file, chunk);
  fdatasyncSync(file);
  const result = rate(begin);
  closeSync(file);
  rmSync(path);
  return result;
}

const results: Record<string, number> = {};
try {
  const store = new MemoryStore();
  const blobs = await openBlobs({
    world: nodeWorld(directory),
    directory: 'content',
    telemetry: { emit: (event) => console.error(event) },
    local: () => store,
  });
  results['raw write, MB/s'] = rawWriteRate();
  for (const chunkKiB of [1_024, 64]) {
    const id = BlobId(String(chunkKiB).padStart(32, '0'));
    const chunk = new Uint8Array(chunkKiB * 1_024).fill(chunkKiB % 251);
    let begin = performance.now();
    const writer = await blobs.create(id);
    for (let i = 0; i < (totalMiB * 1_024) / chunkKiB; i++) await writer.write(chunk);
    await writer.publish();
    results[`durable write in chunks of ${chunkKiB} KiB, MB/s`] = rate(begin);
    for (const reuseBuffers of [false, true]) {
      begin = performance.now();
      let bytes = 0;
      for await (const part of blobs.read(id, { offset: 0, length: totalMiB * mebibyte }, { reuseBuffers }))
        bytes += part.length;
      if (bytes !== totalMiB * mebibyte) throw new Error(`read ${bytes} bytes`);
      results[`read, ${reuseBuffers ? 'buffers reused' : 'fresh buffers'}, MB/s`] = rate(begin);
    }
    blobs.forget(id, { get: () => undefined, range: () => [], put: () => undefined, delete: () => undefined });
  }
  results['raw write again, MB/s'] = rawWriteRate();
  results['rss, MB'] = Math.round(process.memoryUsage().rss / 1e6);
  await blobs.close();
  if (process.argv.includes('--json')) console.log(JSON.stringify(results));
  else for (const [what, value] of Object.entries(results)) console.log(`${what}: ${value}`);
} finally {
  await rm(directory, { recursive: true });
}
