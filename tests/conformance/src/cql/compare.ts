/** `npm run conformance -- cql …`: the corpus of the Cassandra-compatible node against any CQL server. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CqlTarget } from './link.ts';
import { playPage } from './page.ts';

/** Its pages. */
export const corpusFolder = join(import.meta.dirname, '../../../../libs/service/cassandra-node/src/corpus');

export type Difference = {
  readonly page: string;
  readonly statement: string;
  readonly expected: string;
  readonly got: string;
};
export type Comparison = { readonly statements: number; readonly differences: readonly Difference[] };

const blocksOf = (text: string): string[] => text.trimEnd().split(/\n\n+/);
const partsOf = (block: string): readonly [string, string] => {
  const at = block.indexOf('\n----\n');
  return at < 0 ? [block, ''] : [block.slice(0, at), block.slice(at + 6)];
};

/**
 * What may differ: a list that is in no order, and how much of the text a syntax error shows around the place that it names.
 */
export const alike = (answer: string): string =>
  answer
    .replace(
      /(known type signatures: )(.*)\)$/,
      (_, head: string, all: string) =>
        head +
        all
          .split(/, (?=system\.)/)
          .toSorted()
          .join(', '),
    )
    // How many deleted cells a read meets is what storage makes of them.
    .replaceAll(/\n?warning: Read \d+ .*tombstone cells for query.*/g, '')
    .replace(/^(syntax: line \S+ .*?) \(.*\)$/s, '$1');

/** @param write the pages are rewritten with what the server answers. */
export async function comparePages(
  target: CqlTarget,
  only: RegExp,
  { write, folder, onPage }: { write: boolean; folder: string; onPage(page: string, found: Comparison): void },
): Promise<Comparison> {
  const all: Difference[] = [];
  let total = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt') && only.test(name))) {
    const text = readFileSync(join(folder, file), 'utf8');
    const played = await playPage(text, target);
    if (write) writeFileSync(join(folder, file), played);
    const got = blocksOf(played);
    const page = basename(file, '.txt');
    const differences = blocksOf(text).flatMap((block, i) => {
      const [statement, expected] = partsOf(block);
      const answer = partsOf(got[i] ?? '')[1];
      return alike(answer) === alike(expected) ? [] : [{ page, statement, expected, got: answer }];
    });
    onPage(page, { statements: got.length, differences });
    all.push(...differences);
    total += got.length;
  }
  return { statements: total, differences: all };
}

export const describeDifference = ({ page, statement, expected, got }: Difference): string =>
  `${page}: ${statement}\n${expected.replaceAll(/^/gm, '  - ')}\n${got.replaceAll(/^/gm, '  + ')}\n`;
