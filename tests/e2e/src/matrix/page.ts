/** The matrix as docs/clients/README.md shows it, made from the rows and columns that are tested. */
import type { Column, Feature } from './features.ts';

const begin = '<!-- matrix: written by UPDATE=1 client-matrix.test.ts -->';
const end = '<!-- /matrix -->';

export function renderMatrix(columns: readonly Column[], features: readonly Feature[]): string {
  const notes: string[] = [];
  const noteOf = (text: string): number => {
    if (!notes.includes(text)) notes.push(text);
    return notes.indexOf(text) + 1;
  };
  const rows = features.map(({ id, title }) => {
    const cells = columns.map(({ name, cannot }) => {
      const why = cannot[id];
      return why === undefined ? '✓' : `– <sup>${noteOf(`${name}: ${why}`)}</sup>`;
    });
    return `| ${[title, ...cells].join(' | ')} |`;
  });
  return [
    begin,
    '',
    `| | ${columns.map(({ name }) => name).join(' | ')} |`,
    `|---|${'---|'.repeat(columns.length)}`,
    ...rows,
    '',
    ...notes.map((note, i) => `${i + 1}. ${note}.`),
    '',
    'How each is driven:',
    '',
    ...columns.map(({ name, driven }) => `- ${name}: ${driven}`),
    '',
    end,
  ].join('\n');
}
/** The page with the matrix in its place. @throws Error when the page has no place for it. */
export function withMatrix(page: string, matrix: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`Cannot write the matrix: wanted ${begin} … ${end} in the page`);
  return page.slice(0, from) + matrix + page.slice(to + end.length);
}
