/** SIGKILL of a process that writes, at any moment; then the next one must find all that was acknowledged. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { newFolder, openIn, removeFolder, rowsOf } from './test-tables.ts';

const child = fileURLToPath(new URL('./test-crash-writer.ts', import.meta.url));
const lives = 3;
/** Enough for several memtables of a mebibyte to be flushed in each life. */
const rowsInLife = 12_000;
const partitionCount = 97;

/** @returns how many rows were acknowledged. */
function killedAfter(folder: string, first: number, mode: string, rows: number): Promise<number> {
  const flags = ['--import', 'tsx', '--conditions=@skerry/source'];
  const writer = spawn(process.execPath, [...flags, child, folder, String(first), mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let errors = '';
  let acknowledged = first;
  writer.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  writer.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
    const lines = said.split('\n');
    said = lines.pop() ?? '';
    acknowledged = Number(lines.at(-1) ?? acknowledged);
    if (acknowledged >= first + rows) writer.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    writer.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(acknowledged);
      else reject(new Error(`the writer ended by itself with ${signal ?? code}: ${errors}`));
    });
  });
}

let folder = '';
afterEach(() => removeFolder(folder));

describe('after kill -9', () => {
  test.each([
    ['periodic', rowsInLife],
    ['batch', 600],
  ])(
    'every acknowledged row is there (%s)',
    async (mode, rows) => {
      folder = await newFolder();
      let acknowledged = 0;
      for (let life = 0; life < lives; life++) acknowledged = await killedAfter(folder, acknowledged, mode, rows);
      const store = await openIn(folder);
      try {
        let count = 0;
        for (let key = 0; key < partitionCount; key++)
          for (const [row, value] of Object.entries(rowsOf(store, `k${key}`))) {
            const number = Number(row.slice(1));
            expect(value).toBe(`${number}`.repeat(20));
            expect(number % partitionCount).toBe(key);
            if (number < acknowledged) count += 1;
          }
        expect(count).toBe(acknowledged);
      } finally {
        await store.close();
      }
    },
    120_000,
  );
});
