/**
 * Keywords found by their letters in a text, without a copy of it: an open hash table over codes folded to lower case.
 */
import * as K from './tokens.ts';

/** Spelled otherwise than their constants. */
const spellings = new Map<string, string>([
  ['BOOLEAN_TYPE', 'BOOLEAN'],
  ['DURATION_TYPE', 'DURATION'],
  ['FLOAT_TYPE', 'FLOAT'],
]);
const isKeyword = (kind: number): boolean =>
  (kind >= K.ADD && kind <= K.WITH) || (kind > K.QUOTED_NAME && kind < K.HIDDEN);

/** Every word with a meaning of its own, in capitals, and its kind. */
export const keywords: ReadonlyMap<string, number> = new Map([
  ...Object.entries(K).flatMap(([name, kind]): [string, number][] =>
    isKeyword(kind) ? [[spellings.get(name) ?? name, kind]] : [],
  ),
  ['COLUMNFAMILY', K.TABLE],
  ['COLUMNFAMILIES', K.TABLES],
  ['TRUE', K.BOOLEAN],
  ['FALSE', K.BOOLEAN],
]);

/** What nothing may be called unless in quotes, in lower case. */
export const reservedWords: ReadonlySet<string> = new Set(
  [...keywords].filter(([, kind]) => kind < K.IDENT).map(([word]) => word.toLowerCase()),
);

const { imul } = Math;
const tableMask = 2047;
const longest = Math.max(...[...keywords.keys()].map((word) => word.length));
/** The hash of a word grows with each code: start at 0, `step(hash, code)`. Letters count as lower case. */
export const step = (hash: number, code: number): number => (imul(hash, 31) + (code | 0x20)) | 0;

const words: string[] = Array.from({ length: tableMask + 1 }, () => '');
const kinds = new Uint8Array(tableMask + 1);
for (const [name, kind] of keywords) {
  const word = name.toLowerCase();
  let hash = 0;
  for (let index = 0; index < word.length; index += 1) hash = step(hash, word.charCodeAt(index));
  let slot = hash & tableMask;
  while (words[slot] !== '') slot = (slot + 1) & tableMask;
  words[slot] = word;
  kinds[slot] = kind;
}

/** The kind of `text` from `start` to `end`, whose hash is known: a keyword's, or IDENT. */
export const kindOfWord = (text: string, start: number, end: number, hash: number): number => {
  const length = end - start;
  if (length > longest) return K.IDENT;
  for (let slot = hash & tableMask; ; slot = (slot + 1) & tableMask) {
    const word = words[slot] ?? '';
    if (word === '') return K.IDENT;
    if (word.length !== length) continue;
    let index = 0;
    while (index < length && foldsTo(text.charCodeAt(start + index), word.charCodeAt(index))) index += 1;
    if (index === length) return kinds[slot] ?? K.IDENT;
  }
};
/** `_` folds to itself only. */
const foldsTo = (code: number, lower: number): boolean =>
  code === lower || (code >= 65 && code <= 90 && (code | 0x20) === lower);

const signs = new Map<number, string>([
  [K.EOF, 'EOF'],
  [K.SEMICOLON, "';'"],
  [K.COMMA, "','"],
  [K.LEFT_PAREN, "'('"],
  [K.RIGHT_PAREN, "')'"],
  [K.LEFT_BRACKET, "'['"],
  [K.RIGHT_BRACKET, "']'"],
  [K.LEFT_BRACE, "'{'"],
  [K.RIGHT_BRACE, "'}'"],
  [K.COLON, "':'"],
  [K.DOT, "'.'"],
  [K.EQUAL, "'='"],
  [K.LESS, "'<'"],
  [K.GREATER, "'>'"],
  [K.TABLE, 'K_COLUMNFAMILY'],
  [K.NAN, 'K_POSITIVE_NAN'],
  [K.INFINITY, 'K_POSITIVE_INFINITY'],
  [K.IDENT, 'IDENT'],
]);
const names = new Map<number, string>(Object.entries(K).map(([name, kind]) => [kind, name]));
/** As ANTLR calls it in "expecting …". */
export const kindName = (kind: number): string => {
  const sign = signs.get(kind);
  if (sign !== undefined) return sign;
  const name = names.get(kind) ?? String(kind);
  return isKeyword(kind) ? `K_${spellings.get(name) ?? name}` : name;
};
