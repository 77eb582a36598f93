/**
 * CQL text to tokens: kind, begin and end of each, in arrays that are used again, no copy of the text. Source: Cassandra
 * 5.0's Lexer.g. A comment at the end of the text needs no line break here.
 */
import { kindOfWord, step } from './keywords.ts';
import {
  digitsEnd,
  exponentEnd,
  hexEnd,
  isDigit,
  isNamePart,
  isoDurationEnd,
  unitsEnd,
  uuidEnd,
  uuidFlaw,
} from './literals.ts';
import * as K from './tokens.ts';

/** Tokens that one text may have, hidden ones not counted. */
export const tokensMaxCount = 2_000_000;
/** Tokens that the arrays have room for when nothing is parsed; more is given back. */
const tokensKeptCount = 65_536;

/** The text's end is there so often: as far as a parser looks ahead, it finds an end rather than an older text. */
const endsKeptCount = 4;

/** What the lexer could not read. It goes on behind it, as ANTLR does. */
export type LexicalFault = {
  readonly message: string;
  /** Where in the text. */
  readonly offset: number;
  /** The number of the token that comes next: a parser that never got there speaks first. */
  readonly token: number;
  /** A string, name or comment that the text ends in. */
  readonly open: boolean;
};

const kindOf = new Uint8Array(128);
for (const [sign, kind] of [
  [';', K.SEMICOLON],
  [',', K.COMMA],
  ['(', K.LEFT_PAREN],
  [')', K.RIGHT_PAREN],
  ['[', K.LEFT_BRACKET],
  [']', K.RIGHT_BRACKET],
  ['{', K.LEFT_BRACE],
  ['}', K.RIGHT_BRACE],
  [':', K.COLON],
  ['?', K.QMARK],
  ['=', K.EQUAL],
  ['*', K.STAR],
  ['%', K.PERCENT],
] as const)
  kindOf[sign.charCodeAt(0)] = kind;

export class Lexer {
  kinds: Uint8Array = new Uint8Array(256);
  starts: Int32Array = new Int32Array(256);
  ends: Int32Array = new Int32Array(256);
  count = 0;
  fault: LexicalFault | undefined;
  #text = '';
  #hidden = false;

  /** Reads all of it. `hidden`: whitespace and comments are tokens too. False: it has too many. */
  read(text: string, hidden = false): boolean {
    this.#text = text;
    this.#hidden = hidden;
    this.count = 0;
    this.fault = undefined;
    let at = 0;
    while (at < text.length) {
      if (this.count >= tokensMaxCount) return false;
      const code = text.charCodeAt(at);
      if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) at = this.#word(at, code);
      else if (code === 32 || (code >= 9 && code <= 13)) at = this.#space(at, code);
      else if (code < 128 && kindOf[code] !== 0) at = this.#add(kindOf[code] ?? K.EOF, at, at + 1);
      else if (code >= 48 && code <= 57) at = this.#number(at, at);
      else at = this.#rest(at, code);
    }
    for (let pad = 0; pad < endsKeptCount; pad += 1) this.#add(K.EOF, text.length, text.length);
    this.count -= endsKeptCount;
    return true;
  }
  /** Lets go of the text, and of arrays that one huge text needed. */
  release(): void {
    this.#text = '';
    this.fault = undefined;
    if (this.kinds.length <= tokensKeptCount) return;
    this.kinds = new Uint8Array(256);
    this.starts = new Int32Array(256);
    this.ends = new Int32Array(256);
  }

  #add(kind: number, start: number, end: number): number {
    const count = this.count;
    if (count === this.kinds.length) this.#grow();
    this.kinds[count] = kind;
    this.starts[count] = start;
    this.ends[count] = end;
    this.count = count + 1;
    return end;
  }
  #grow(): void {
    const size = this.kinds.length * 2;
    const grown = { kinds: new Uint8Array(size), starts: new Int32Array(size), ends: new Int32Array(size) };
    grown.kinds.set(this.kinds);
    grown.starts.set(this.starts);
    grown.ends.set(this.ends);
    this.kinds = grown.kinds;
    this.starts = grown.starts;
    this.ends = grown.ends;
  }
  #skip(start: number, end: number): number {
    return this.#hidden ? this.#add(K.HIDDEN, start, end) : end;
  }
  #refuse(message: string, offset: number, next: number, open = false): number {
    this.fault ??= { message, offset, token: this.count, open };
    return next;
  }

  #space(at: number, code: number): number {
    if (code === 11 || code === 12) return this.#strange(at);
    let end = at + 1;
    for (;;) {
      const next = this.#text.charCodeAt(end);
      if (next !== 32 && next !== 10 && next !== 13 && next !== 9) return this.#skip(at, end);
      end += 1;
    }
  }
  #word(at: number, code: number): number {
    const text = this.#text;
    let end = at + 1;
    let hash = step(0, code);
    for (;;) {
      const next = text.charCodeAt(end);
      if (!((next >= 97 && next <= 122) || (next >= 65 && next <= 90) || (next >= 48 && next <= 57) || next === 95))
        break;
      hash = step(hash, next);
      end += 1;
    }
    if (end === at + 8 && text.charCodeAt(end) === 45) {
      const uuid = this.#uuid(at);
      if (uuid > 0) return uuid;
    }
    if (code === 80) {
      const iso = isoDurationEnd(text, at);
      if (iso >= end) return this.#add(K.DURATION, at, iso);
    }
    return this.#add(kindOfWord(text, at, end, hash), at, end);
  }
  /** −1: there is none. */
  #uuid(at: number): number {
    const end = uuidEnd(this.#text, at);
    if (end > 0) return this.#add(K.UUID_LITERAL, at, end);
    const flaw = uuidFlaw(this.#text, at);
    return flaw === undefined ? -1 : this.#mismatch(flaw.offset, flaw.wanted, flaw.offset);
  }
  /** `start` is before the sign, `digits` behind it. */
  #number(start: number, digits: number): number {
    const text = this.#text;
    if (start === digits) {
      if (text.charCodeAt(start + 8) === 45) {
        const uuid = this.#uuid(start);
        if (uuid > 0) return uuid;
      }
      if (text.charCodeAt(start) === 48 && (text.charCodeAt(start + 1) | 0x20) === 120)
        return this.#add(K.HEXNUMBER, start, hexEnd(text, start + 2));
    }
    const whole = digitsEnd(text, digits);
    if (text.charCodeAt(whole) === 46) {
      const isRange = text.charCodeAt(whole + 1) === 46 && text.charCodeAt(whole + 2) !== 46;
      if (isRange) return this.#add(K.INTEGER, start, whole);
      const fraction = digitsEnd(text, whole + 1);
      const exponent = exponentEnd(text, fraction);
      return exponent === fraction && isE(text.charCodeAt(fraction))
        ? this.#noExponent(fraction + 1, false)
        : this.#add(K.FLOAT, start, exponent);
    }
    const exponent = exponentEnd(text, whole);
    if (exponent === whole && isE(text.charCodeAt(whole)) && !isHex(text.charCodeAt(whole + 1)))
      return this.#noExponent(whole + 1, true);
    if (exponent > whole) return this.#add(K.FLOAT, start, exponent);
    const units = unitsEnd(text, whole);
    return units > 0 ? this.#add(K.DURATION, start, units) : this.#add(K.INTEGER, start, whole);
  }

  /** Behind the `e` of a number no digits stand. */
  #noExponent(at: number, isInteger: boolean): number {
    const code = this.#text.charCodeAt(at);
    const isSigned = code === 43 || code === 45;
    const place = isSigned ? at + 1 : at;
    const what = isInteger && !isSigned ? 'no viable alternative' : 'required (...)+ loop did not match anything';
    return this.#refuse(`${what} at character ${this.#shownAt(place)}`, place, place);
  }
  #shownAt(at: number): string {
    return at < this.#text.length ? shown(this.#text[at] ?? '') : "'<EOF>'";
  }
  #rest(at: number, code: number): number {
    const next = this.#text.charCodeAt(at + 1);
    switch (code) {
      case 39: // '
        return this.#quoted(at, "'", K.STRING_LITERAL);
      case 34: // "
        return this.#quoted(at, '"', K.QUOTED_NAME);
      case 36: // $
        return this.#dollars(at, next);
      case 45: // -
        return this.#minus(at, next);
      case 47: // /
        if (next === 47) return this.#lineComment(at);
        return next === 42 ? this.#blockComment(at) : this.#add(K.SLASH, at, at + 1);
      case 46: // .
        return next === 46 ? this.#add(K.RANGE, at, at + 2) : this.#add(K.DOT, at, at + 1);
      case 60: // <
        return next === 61 ? this.#add(K.LESS_EQUAL, at, at + 2) : this.#add(K.LESS, at, at + 1);
      case 62: // >
        return next === 61 ? this.#add(K.GREATER_EQUAL, at, at + 2) : this.#add(K.GREATER, at, at + 1);
      case 43: // +
        return next === 61 ? this.#add(K.PLUS_EQUAL, at, at + 2) : this.#add(K.PLUS, at, at + 1);
      case 33: // !
        return next === 61 ? this.#add(K.NOT_EQUAL, at, at + 2) : this.#mismatch(at + 1, "'='", at + 1);
      default:
        return this.#strange(at);
    }
  }
  #strange(at: number): number {
    const character = String.fromCodePoint(this.#text.codePointAt(at) ?? 0);
    return this.#refuse(`no viable alternative at character ${shown(character)}`, at, at + character.length);
  }
  #mismatch(offset: number, wanted: string, next: number, open = false): number {
    return this.#refuse(`mismatched character ${this.#shownAt(offset)} expecting ${wanted}`, offset, next, open);
  }
  /** The mark doubled stands for itself. */
  #quoted(at: number, mark: string, kind: number): number {
    const text = this.#text;
    const code = mark.charCodeAt(0);
    let end = at;
    for (;;) {
      end = text.indexOf(mark, end + 1);
      if (end === -1) return this.#mismatch(text.length, `'${mark}'`, text.length, true);
      if (text.charCodeAt(end + 1) !== code)
        return this.#add(end === at + 1 && kind === K.QUOTED_NAME ? K.EMPTY_QUOTED_NAME : kind, at, end + 1);
      end += 1;
    }
  }
  #dollars(at: number, next: number): number {
    if (next !== 36) return this.#mismatch(at + 1, "'$'", at + 1);
    const end = this.#text.indexOf('$$', at + 2);
    if (end === -1) {
      const { length } = this.#text;
      // Cassandra names the last character, unless that would do.
      const last = length > at + 2 && !this.#text.endsWith('$') ? length - 1 : length;
      return this.#mismatch(last, "'$'", length, true);
    }
    return this.#add(K.STRING_LITERAL, at, end + 2);
  }
  #minus(at: number, next: number): number {
    const text = this.#text;
    if (isDigit(next)) return this.#number(at, at + 1);
    if (next === 45) return this.#lineComment(at);
    if (next === 61) return this.#add(K.MINUS_EQUAL, at, at + 2);
    if (next === 80) {
      const iso = isoDurationEnd(text, at + 1);
      if (iso > 0 && !isNamePart(text.charCodeAt(iso))) return this.#add(K.DURATION, at, iso);
    }
    if (this.#isWord(at + 1, 'nan')) return this.#add(K.NEGATIVE_NAN, at, at + 4);
    if (this.#isWord(at + 1, 'infinity')) return this.#add(K.NEGATIVE_INFINITY, at, at + 9);
    return this.#add(K.MINUS, at, at + 1);
  }
  #isWord(at: number, word: string): boolean {
    for (let index = 0; index < word.length; index += 1)
      if ((this.#text.charCodeAt(at + index) | 0x20) !== word.charCodeAt(index)) return false;
    return !isNamePart(this.#text.charCodeAt(at + word.length));
  }
  #lineComment(at: number): number {
    const text = this.#text;
    let end = at + 2;
    while (end < text.length && text.charCodeAt(end) !== 10 && text.charCodeAt(end) !== 13) end += 1;
    return this.#skip(at, Math.min(end + 1, text.length));
  }
  #blockComment(at: number): number {
    const end = this.#text.indexOf('*/', at + 2);
    if (end === -1) return this.#mismatch(this.#text.length, "'*'", this.#text.length, true);
    return this.#skip(at, end + 2);
  }
}

const isE = (code: number): boolean => (code | 0x20) === 101;
const isHex = (code: number): boolean => (code >= 48 && code <= 57) || ((code | 0x20) >= 97 && (code | 0x20) <= 102);
const shown = (character: string): string => {
  switch (character) {
    case '\n':
      return String.raw`'\n'`;
    case '\r':
      return String.raw`'\r'`;
    case '\t':
      return String.raw`'\t'`;
    default:
      return `'${character}'`;
  }
};
