/** A script's statements, for a prompt: split at semicolons outside strings, comments and BATCH blocks. */
import { Lexer } from './lexer.ts';
import * as K from './tokens.ts';

export type Script = {
  /** Each without its semicolon and the space around; `offset` is where it begins in the script. */
  readonly statements: readonly { readonly text: string; readonly offset: number }[];
  /** Whether nothing is left over: no statement without semicolon, no open string or comment. */
  readonly complete: boolean;
  /** What is left over: to be read again when there is more. */
  readonly rest: string;
};

const lexer = new Lexer();

export const splitStatements = (text: string): Script => {
  const script = splitWhole(text);
  lexer.release();
  return script;
};
const splitWhole = (text: string): Script => {
  if (!lexer.read(text)) return { statements: [], complete: false, rest: text };
  const statements: { text: string; offset: number }[] = [];
  const startOf = (token: number): number => lexer.starts[token] ?? text.length;
  let first = 0;
  let inBatch = false;
  for (let token = 0; token < lexer.count; token += 1) {
    const kind = lexer.kinds[token];
    if (kind === K.BEGIN && token === first) inBatch = true;
    if (kind === K.BATCH && token > first && lexer.kinds[token - 1] === K.APPLY) inBatch = false;
    if (kind !== K.SEMICOLON || inBatch) continue;
    if (token > first) {
      const offset = startOf(first);
      statements.push({ text: text.slice(offset, lexer.ends[token - 1]), offset });
    }
    first = token + 1;
  }
  const isOpen = lexer.fault?.open === true;
  if (first === lexer.count && !isOpen) return { statements, complete: true, rest: '' };
  const from = first < lexer.count ? startOf(first) : (lexer.ends[first - 1] ?? 0);
  return { statements, complete: false, rest: text.slice(first === 0 && first === lexer.count ? 0 : from) };
};
