/** Rewrites what comes of the commands in each `*.scenario.ts` of a folder: the diff is the review. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `scenarios`, `play`: of the machine's bundle. @returns how many changed. */
export async function rewriteScenarios(folder, { scenarios, play }) {
  let changed = 0;
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.scenario.ts'))) {
    const path = join(folder, name);
    const source = await readFile(path, 'utf8');
    const scenario = scenarios.find(({ text }) => source.includes(text));
    if (scenario === undefined) throw new Error(`Cannot find the scenario of ${name}: is it in the list of all?`);
    const played = `\n${await play(scenario)}`;
    if (played === scenario.text) continue;
    await writeFile(
      path,
      source.replace(scenario.text, () => played),
    );
    console.log(`${name} has changed`);
    changed += 1;
  }
  return changed;
}
