/** Rows as cqlsh draws them. */

/** Columns that a terminal needs for a text: wide characters (East Asian) take two, combining ones none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of segments.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}
const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff00-\uff60]/u;

const left = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)));
const right = (text: string, width: number): string => ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
const widest = (texts: readonly string[]): number =>
  texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0);

export function tableText(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = names.map((name, column) => widest([name, ...rows.map((row) => row[column] ?? '')]));
  const line = (cells: readonly string[], place: typeof left): string =>
    ` ${cells.map((cell, column) => place(cell, widths[column] ?? 0)).join(' | ')}`;
  const rule = `-${widths.map((width) => '-'.repeat(width)).join('-+-')}-`;
  const body = rows.length === 0 ? [''] : rows.map((row) => line(row, right));
  return ['', line(names, left).trimEnd(), rule, ...body, ''].join('\n');
}

/** EXPAND ON: each row by itself. @param first number of the first row. */
export function expandedText(names: readonly string[], rows: readonly (readonly string[])[], first: number): string {
  const nameWidth = widest(names);
  const valueWidth = widest(rows.flat());
  const rule = `-${'-'.repeat(nameWidth)}-+-${'-'.repeat(valueWidth)}-`;
  const blocks = rows.map((row, i) =>
    [`@ Row ${first + i}`, rule, ...names.map((name, at) => ` ${left(name, nameWidth)} | ${row[at] ?? ''}`), ''].join(
      '\n',
    ),
  );
  return ['', ...blocks].join('\n');
}
