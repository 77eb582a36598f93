/**
 * Where a parser stands among the tokens of one text, and how it refuses. A refusal is thrown as `Refusal` from wherever
 * it is noticed, and caught by `parse` alone: the grammar's functions stay as plain as the grammar.
 */
import type { Marker, Place, Term } from './ast.ts';
import { kindName } from './keywords.ts';
import type { Lexer } from './lexer.ts';
import type { ParserFault } from './syntax-fault.ts';
import { valueOfToken } from './token-text.ts';
import * as K from './tokens.ts';

/** How deep terms, types and selectors may be nested. */
export const nestingDepthMax = 200;
/** Operators and selections (`a.b[c]`) that may follow one another in one expression: each makes the tree deeper by one. */
export const operatorsMaxCount = 1_000;

/** Not an Error: nobody outside sees it, and a stack would cost more than all the rest of a refused statement. */
export class Refusal {
  readonly message: string;
  readonly fault: ParserFault | undefined;
  /** Without a fault, the message is all there is to say. */
  constructor(message: string, fault?: ParserFault) {
    this.message = message;
    this.fault = fault;
  }
}

export class Cursor {
  readonly text: string;
  readonly markers: Marker[] = [];
  /** The number of the token to be read next. */
  at = 0;
  readonly #kinds: Uint8Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #depth = 0;
  #operators = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, lexer: Lexer) {
    this.text = text;
    this.#kinds = lexer.kinds;
    this.#starts = lexer.starts;
    this.#ends = lexer.ends;
  }

  /** The kind of the next token. */
  get kind(): number {
    return this.#kinds[this.at] ?? K.EOF;
  }
  /** The kind of the token `distance` behind the next; only where no end of the text stands between. */
  ahead(distance: number): number {
    return this.#kinds[this.at + distance] ?? K.EOF;
  }
  accept(kind: number): boolean {
    if (this.kind !== kind) return false;
    this.at += 1;
    return true;
  }
  /** Two words that belong together, or neither. */
  acceptBoth(first: number, second: number): boolean {
    if (this.kind !== first) return false;
    this.at += 1;
    this.expect(second);
    return true;
  }
  expect(kind: number): void {
    if (this.kind !== kind) this.mismatch(kind);
    this.at += 1;
  }
  /** The token as it is written. */
  get raw(): string {
    return this.text.slice(this.#starts[this.at] ?? 0, this.#ends[this.at] ?? 0);
  }
  /** The token without quotes. */
  get value(): string {
    return this.#valueAt(this.at);
  }
  #valueAt(token: number): string {
    return valueOfToken(this.text, this.#kinds[token] ?? K.EOF, this.#starts[token] ?? 0, this.#ends[token] ?? 0);
  }
  /** Whether no space stands between the token at `distance` and the one before. */
  touches(distance: number): boolean {
    return this.#ends[this.at + distance - 1] === this.#starts[this.at + distance];
  }
  /** The value of the next token, which must be of this kind. */
  take(kind: number): string {
    if (this.kind !== kind) this.mismatch(kind);
    const value = this.value;
    this.at += 1;
    return value;
  }

  /** A marker whose first token was the last one read. */
  addMarker(name: string | undefined, token: number): Term {
    const index = this.markers.length;
    this.markers.push({ name, place: this.#placeOf(this.#starts[token] ?? 0) });
    return { kind: 'marker', index, name };
  }
  /** Offsets come in the order of the text: lines are counted once. */
  #placeOf(offset: number): Place {
    for (;;) {
      const end = this.text.indexOf('\n', this.#lineStart);
      if (end === -1 || end >= offset) return { line: this.#line, column: offset - this.#lineStart };
      this.#line += 1;
      this.#lineStart = end + 1;
    }
  }

  /** One level further in; `leave` comes after. */
  enter(): void {
    if (this.#depth === 0) this.#operators = 0;
    this.#depth += 1;
    if (this.#depth > nestingDepthMax) this.#refuseHere(`nested more than ${nestingDepthMax} levels deep`);
  }
  leave(): void {
    this.#depth -= 1;
  }
  countOperator(): void {
    this.#operators += 1;
    if (this.#operators > operatorsMaxCount) this.#refuseHere(`more than ${operatorsMaxCount} operators`);
  }
  #refuseHere(message: string): never {
    throw new Refusal(message, { message, offending: this.at, current: this.at, seen: this.at });
  }

  /** No rule begins so. `distance`: the rules were told apart by a token further on. */
  noViable(distance = 0): never {
    const offending = this.at + distance;
    const message = `no viable alternative at input '${this.#shown(offending)}'`;
    throw new Refusal(message, { message, offending, current: this.at, seen: offending });
  }
  mismatch(kind: number): never {
    const message = `mismatched input '${this.#shown(this.at)}' expecting ${kindName(kind)}`;
    throw new Refusal(message, { message, offending: this.at, current: this.at, seen: this.at });
  }
  /** What the grammar allows and Cassandra's parser refuses itself, without a place. */
  refuse(message: string): never {
    throw new Refusal(message);
  }
  #shown(token: number): string {
    const value = this.#valueAt(token);
    return value
      .replaceAll('\n', String.raw`\n`)
      .replaceAll('\r', String.raw`\r`)
      .replaceAll('\t', String.raw`\t`);
  }
}
