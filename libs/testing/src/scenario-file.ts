import { readFile, writeFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { playScenario, type ScenarioHandler } from './scenario.ts';

/** Plays a scenario file and expects its outputs. `UPDATE=1` rewrites the file instead: its diff is the review. */
export async function runScenario(path: string | URL, handle: ScenarioHandler): Promise<void> {
  const expected = await readFile(path, 'utf8');
  const actual = await playScenario(expected, handle);
  if (process.env['UPDATE'] === undefined) expect(actual).toBe(`${expected.trimEnd().replace(/\n{3,}/g, '\n\n')}\n`);
  else await writeFile(path, actual);
}
