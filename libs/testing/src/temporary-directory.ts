import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

const made: string[] = [];
// Import this at the top of a test file: the hook then belongs to the whole file.
afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** An empty directory of its own, removed with all that is in it when the test file is through. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'skerry-test-'));
  made.push(path);
  return path;
}
