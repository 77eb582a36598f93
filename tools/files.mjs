/** File helpers that the tools share (Node 20 has no fs.globSync). */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export {
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
  mkdirSync,
  rmSync,
  mkdtempSync,
} from 'node:fs';

/** Paths below `root` that match one of the patterns; `*` stands for one name. */
export function globSync(root, patterns) {
  const expand = (base, parts) => {
    const [head, ...rest] = parts;
    if (head === undefined) return [base];
    const names = head === '*' ? listed(join(root, base)) : [head];
    return names.flatMap((name) => (existsSync(join(root, base, name)) ? expand(join(base, name), rest) : []));
  };
  return patterns.flatMap((pattern) => expand('', pattern.split('/')));
}

const listed = (directory) =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
