/** Trees of files: made, hashed, compared. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Sizes around every border that the storage has: nothing, one byte, inline's end, a frame, several frames. */
const files: readonly (readonly [path: string, size: number])[] = [
  ['empty.bin', 0],
  ['one.bin', 1],
  ['small.bin', 4_096],
  ['inline-last.bin', 65_536],
  ['inline-first-beyond.bin', 65_537],
  ['frame.bin', 262_144],
  ['large.bin', 3_000_001],
  ['with space.txt', 100],
  ['sub/nested.bin', 70_000],
  ['sub/deeper/still/deep.bin', 10],
  ['sub/größe-ñandú.txt', 500],
  ['sub/日本語ファイル.txt', 1_234],
  ['emoji-🦭.dat', 77],
];

export function makeTree(directory: string): void {
  for (const [path, size] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), randomBytes(size));
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Path to SHA-256 of every file below. */
export function hashTree(directory: string): Readonly<Record<string, string>> {
  const paths = readdirSync(directory, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(directory, path)).isFile());
  return Object.fromEntries(paths.toSorted().map((path) => [path, sha256(readFileSync(join(directory, path)))]));
}
