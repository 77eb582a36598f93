/**
 * Name patterns of LIST and NLST: `*` any run, `?` one character, `[a-z]` one of a set, `[!a-z]` one of none of them.
 *
 * Time grows with name times pattern, both bounded, never exponentially: a mismatch goes back to the last `*` only.
 */

/** Longer patterns match nothing: with names of 255 characters a match then takes at most 32,000 steps. */
export const patternLengthMax = 128;

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

export const hasPattern = (text: string): boolean => /[*?[]/.test(text);

/** A set that begins at `characters[at]`, a `[`; undefined when it is not closed, and the `[` stands for itself. */
function readSet(characters: readonly string[], at: number): { token: Token; next: number } | undefined {
  let next = at + 1;
  const negated = characters[next] === '!' || characters[next] === '^';
  if (negated) next++;
  const ranges: (readonly [string, string])[] = [];
  // A `]` that comes first belongs to the set.
  for (let first = true; first || characters[next] !== ']'; first = false) {
    const low = characters[next];
    if (low === undefined) return undefined;
    const high = characters[next + 2];
    if (characters[next + 1] === '-' && high !== undefined && high !== ']') {
      ranges.push([low, high]);
      next += 3;
    } else {
      ranges.push([low, low]);
      next += 1;
    }
  }
  return { token: { kind: 'set', negated, ranges }, next: next + 1 };
}

function readTokens(pattern: string): readonly Token[] {
  const characters = [...pattern];
  const tokens: Token[] = [];
  let at = 0;
  while (at < characters.length) {
    const character = characters[at] ?? '';
    const set = character === '[' ? readSet(characters, at) : undefined;
    if (set !== undefined) tokens.push(set.token);
    else if (character === '?') tokens.push({ kind: 'any' });
    else if (character !== '*') tokens.push({ kind: 'literal', character });
    else if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    at = set === undefined ? at + 1 : set.next;
  }
  return tokens;
}

function matchesOne(token: Token | undefined, character: string): boolean {
  switch (token?.kind) {
    case 'any':
      return true;
    case 'literal':
      return token.character === character;
    case 'set':
      return token.ranges.some(([low, high]) => low <= character && character <= high) !== token.negated;
    case 'star':
    case undefined:
      return false;
  }
}

function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < name.length) {
    if (tokens[token]?.kind === 'star') {
      starToken = token++;
      starAt = at;
    } else if (matchesOne(tokens[token], name[at] ?? '')) {
      token++;
      at++;
    } else if (starToken >= 0) {
      token = starToken + 1;
      at = ++starAt;
    } else return false;
  }
  return token === tokens.length || (token === tokens.length - 1 && tokens[token]?.kind === 'star');
}

/** A test of whole names. A pattern longer than {@link patternLengthMax} matches nothing. */
export function compilePattern(pattern: string): (name: string) => boolean {
  if (pattern === '' || pattern === '*') return () => true;
  if (pattern.length > patternLengthMax) return () => false;
  const tokens = readTokens(pattern);
  return (name) => matches(tokens, [...name]);
}
