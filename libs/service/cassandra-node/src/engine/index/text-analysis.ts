/** What a storage-attached index makes of texts before it compares them. Source: Cassandra 5.0, NonTokenizingAnalyzer. */
import { fromUtf8, utf8 } from '@skerry/kernel';

export type Analysis = (bytes: Uint8Array) => Uint8Array;

/** Letters that are none of ASCII with a mark on top. Source: Lucene's ASCIIFoldingFilter. */
const folded: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['ẞ', 'SS'],
  ['æ', 'ae'],
  ['Æ', 'AE'],
  ['œ', 'oe'],
  ['Œ', 'OE'],
  ['ø', 'o'],
  ['Ø', 'O'],
  ['đ', 'd'],
  ['Đ', 'D'],
  ['ð', 'd'],
  ['Ð', 'D'],
  ['ł', 'l'],
  ['Ł', 'L'],
  ['þ', 'th'],
  ['Þ', 'TH'],
  ['ı', 'i'],
  ['ħ', 'h'],
  ['Ħ', 'H'],
]);
const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^ -~]/gu, (letter) => folded.get(letter) ?? letter);

/** Undefined: texts are compared as they are. */
export function textAnalysis(options: ReadonlyMap<string, string>): Analysis | undefined {
  const is = (name: string): boolean => options.get(name)?.toLowerCase() === 'true';
  const lowers = options.get('case_sensitive')?.toLowerCase() === 'false';
  const normalizes = is('normalize');
  const folds = is('ascii');
  if (!lowers && !normalizes && !folds) return undefined;
  return (bytes) => {
    let text = fromUtf8(bytes);
    if (text === undefined) return bytes;
    if (lowers) text = text.toLowerCase();
    if (normalizes) text = text.normalize('NFC');
    if (folds) text = fold(text);
    return utf8(text);
  };
}
