/**
 * Syntax errors in the words of Cassandra's: ANTLR's message, and in brackets some of the text around it with the token
 * that the parser was at in square brackets. Drivers' users know these lines, and search for them. Source: ANTLR 3's
 * messages as Cassandra 4 and 5 show them (where nothing is "missing" or "extraneous", all is "mismatched").
 */
import type { Place } from './ast.ts';
import { Lexer } from './lexer.ts';
import * as K from './tokens.ts';
import { valueOfToken } from './token-text.ts';

/** Why a text is no statement. `place` is the true one in the text; the message says `line 0:-1` of its end, as Cassandra does. */
export type SyntaxFault = { readonly kind: 'syntax'; readonly message: string; readonly place: Place };

/** Tokens before the one in question that are shown, spaces and comments counted. */
const tokensShownBefore = 10;
/** And behind it, if the parser had looked so far. */
const tokensShownBehind = 2;

/** `line` from 1, `column` from 0, in UTF-16 units. */
export const placeOf = (text: string, offset: number): Place => {
  let line = 1;
  let from = 0;
  for (;;) {
    const end = text.indexOf('\n', from);
    if (end === -1 || end >= offset) return { line, column: offset - from };
    line += 1;
    from = end + 1;
  }
};

/** What the parser knows of an error: tokens by number, hidden ones not counted. */
export type ParserFault = {
  readonly message: string;
  /** The token that would not do: its place heads the line. */
  readonly offending: number;
  /** The token that the parser had come to, perhaps before it: it is shown in brackets. */
  readonly current: number;
  /** The last token that it had looked at. */
  readonly seen: number;
};

type Token = { readonly line: number; readonly column: number; readonly end: number; readonly isEnd: boolean };

const lexer = new Lexer();

export const describeFault = (text: string, fault: ParserFault): SyntaxFault => {
  const described = describeWhole(text, fault);
  lexer.release();
  return described;
};
const describeWhole = (text: string, fault: ParserFault): SyntaxFault => {
  lexer.read(text, true);
  const visible: number[] = [];
  for (let index = 0; index <= lexer.count; index += 1) if (lexer.kinds[index] !== K.HIDDEN) visible.push(index);
  const indexOf = (token: number): number => visible[token] ?? lexer.count;
  const token = (index: number): Token => {
    const kind = lexer.kinds[index] ?? K.EOF;
    const place = placeOf(text, lexer.starts[index] ?? text.length);
    if (kind === K.EOF) return { ...place, end: place.column, isEnd: true };
    const length = valueOfToken(text, kind, lexer.starts[index] ?? 0, lexer.ends[index] ?? 0).length;
    return { ...place, end: place.column + length, isEnd: false };
  };
  const offending = token(indexOf(fault.offending));
  const current = indexOf(fault.current);
  const head = offending.isEnd ? 'line 0:-1' : `line ${offending.line}:${offending.column}`;
  const snippet = snippetOf(
    text,
    token(Math.max(0, current - tokensShownBefore)),
    token(Math.min(indexOf(fault.seen), current + tokensShownBehind)),
    token(current),
  );
  const place = { line: offending.line, column: offending.column };
  return { kind: 'syntax', message: `${head} ${fault.message}${snippet}`, place };
};

/** Lines are put together without their breaks, and quotes are not counted in a token's length: so it is there. */
const snippetOf = (text: string, from: Token, to: Token, current: Token): string => {
  if (from.isEnd || to.isEnd || current.isEnd) return '';
  const lines = text.split('\n');
  while (lines.length > 1 && lines.at(-1) === '') lines.pop();
  const lastLine = lines.at(-1) ?? '';
  const isStart = from.line === 1 && from.column === 0;
  const isWhole = to.line === lines.length && to.end === lastLine.length;
  const shown = lines.slice(from.line - 1, to.line);
  const at = (line: number): number => line - from.line;
  shown[at(to.line)] = (shown[at(to.line)] ?? '').slice(0, to.end);
  const marked = shown[at(current.line)] ?? '';
  shown[at(current.line)] =
    `${marked.slice(0, current.column)}[${marked.slice(current.column, current.end)}]${marked.slice(current.end)}`;
  shown[0] = (shown[0] ?? '').slice(from.column);
  return ` (${isStart ? '' : '...'}${shown.join('')}${isWhole ? '' : '...'})`;
};
