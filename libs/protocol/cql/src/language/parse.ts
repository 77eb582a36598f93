/** CQL text to syntax tree, or a fault in Cassandra's words. Never throws; time and memory follow the text's length. */
import { type Result, fail, ok } from '@skerry/kernel';
import type { Parsed } from './ast.ts';
import { Cursor, Refusal } from './cursor.ts';
import { Lexer, tokensMaxCount } from './lexer.ts';
import { statement } from './statement.ts';
import { type SyntaxFault, describeFault, placeOf } from './syntax-fault.ts';
import * as K from './tokens.ts';

/** The longest text of a statement, in UTF-16 units: more than a frame of the native protocol can hold by default. */
export const textMaxChars = 16_777_216;

const lexer = new Lexer();
const start = { line: 1, column: 0 };

/** One statement; semicolons may follow it. Markers are numbered as they stand in the text. */
export const parse = (text: string): Result<Parsed, SyntaxFault> => {
  if (text.length > textMaxChars) return refused(`Statement is longer than ${textMaxChars} characters`);
  if (!lexer.read(text)) return refused(`Statement has more than ${tokensMaxCount} tokens`);
  const cursor = new Cursor(text, lexer);
  try {
    const parsed = statement(cursor);
    while (cursor.accept(K.SEMICOLON));
    cursor.expect(K.EOF);
    if (lexer.fault !== undefined) return lexical(text);
    return ok({ statement: parsed, markers: cursor.markers });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const seen = error.fault?.seen ?? cursor.at;
    if (lexer.fault !== undefined && lexer.fault.token <= seen) return lexical(text);
    return error.fault === undefined ? refused(error.message) : fail(describeFault(text, error.fault));
  } finally {
    lexer.release();
  }
};
const refused = (message: string): Result<Parsed, SyntaxFault> => fail({ kind: 'syntax', message, place: start });
/** What the lexer met first is said first. */
const lexical = (text: string): Result<Parsed, SyntaxFault> => {
  const place = placeOf(text, lexer.fault?.offset ?? 0);
  const message = `line ${place.line}:${place.column} ${lexer.fault?.message ?? ''}`;
  return fail({ kind: 'syntax', message, place });
};
