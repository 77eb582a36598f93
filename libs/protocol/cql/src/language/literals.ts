/**
 * Where literals end: numbers, durations in their three forms, uuids. Each takes the text and where to begin, and
 * answers the place behind the literal, or −1. Source: Cassandra 5.0's Lexer.g.
 */
const digit0 = 48;
const dash = 45;
export const isDigit = (code: number): boolean => code >= digit0 && code <= 57;
export const isHex = (code: number): boolean =>
  isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
export const isNamePart = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || isDigit(code) || code === 95;

export const digitsEnd = (text: string, at: number): number => {
  let end = at;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
};
export const hexEnd = (text: string, at: number): number => {
  let end = at;
  while (isHex(text.charCodeAt(end))) end += 1;
  return end;
};

const uuidLength = 36;
const isDashPlace = (index: number): boolean => index === 8 || index === 13 || index === 18 || index === 23;
/** How much of a uuid stands there: 36 is all of it. */
const uuidPrefix = (text: string, at: number): number => {
  for (let index = 0; index < uuidLength; index += 1) {
    const code = text.charCodeAt(at + index);
    if (isDashPlace(index) ? code !== dash : !isHex(code)) return index;
  }
  return uuidLength;
};
/** The caller has seen the dash at 8, which spares most words the rest. */
export const uuidEnd = (text: string, at: number): number =>
  uuidPrefix(text, at) === uuidLength ? at + uuidLength : -1;
/** With two groups and their dashes it was meant to be a uuid: where it goes wrong, and what would stand there. */
export const uuidFlaw = (
  text: string,
  at: number,
): { readonly offset: number; readonly wanted: string } | undefined => {
  const length = uuidPrefix(text, at);
  if (length < 14) return undefined;
  return { offset: at + length, wanted: isDashPlace(length) ? "'-'" : 'set null' };
};

/** An exponent: `e`, a sign perhaps, digits. `at` unchanged if there is none. */
export const exponentEnd = (text: string, at: number): number => {
  if ((text.charCodeAt(at) | 0x20) !== 101) return at;
  const sign = text.charCodeAt(at + 1);
  const digits = sign === 43 || sign === dash ? at + 2 : at + 1;
  return isDigit(text.charCodeAt(digits)) ? digitsEnd(text, digits) : at;
};

/** The length of a duration's unit: y mo w d h m s ms us µs ns, in either case; 0 if there is none. */
const unitLength = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  const next = text.charCodeAt(at + 1) | 0x20;
  switch (code | 0x20) {
    case 109: // m, mo, ms
      return next === 111 || next === 115 ? 2 : 1;
    case 121: // y
    case 119: // w
    case 100: // d
    case 104: // h
    case 115: // s
      return 1;
    case 117: // us
    case 110: // ns
      return next === 115 ? 2 : 0;
    default: // µs
      return code === 0xb5 && next === 115 ? 2 : 0;
  }
};
/** `1y2mo3d`: from the end of its first digits; −1 if no unit stands there. */
export const unitsEnd = (text: string, at: number): number => {
  let end = -1;
  let digits = at;
  for (;;) {
    const length = unitLength(text, digits);
    if (length === 0) return end;
    end = digits + length;
    digits = digitsEnd(text, end);
    if (digits === end) return end;
  }
};

/** `P1Y2M3DT4H5M6S`, `P4W` and `P0001-02-03T04:05:06`, capitals only; `at` is where the P stands. */
export const isoDurationEnd = (text: string, at: number): number => {
  const first = text.charCodeAt(at + 1);
  if (first === 84) return isoTimeEnd(text, at + 1); // T
  if (!isDigit(first)) return -1;
  const alternative = isoAlternativeEnd(text, at);
  if (alternative > 0) return alternative;
  const digits = digitsEnd(text, at + 1);
  if (text.charCodeAt(digits) === 87) return digits + 1; // W
  const days = designatorsEnd(text, at + 1, 'YMD');
  if (days === -1) return -1;
  const time = text.charCodeAt(days) === 84 ? isoTimeEnd(text, days) : -1;
  return time === -1 ? days : time;
};
const isoTimeEnd = (text: string, at: number): number => designatorsEnd(text, at + 1, 'HMS');
/** Digits and one of the letters, each later in the row than the one before. */
const designatorsEnd = (text: string, at: number, letters: string): number => {
  let end = -1;
  let from = at;
  let rank = -1;
  for (;;) {
    const digits = digitsEnd(text, from);
    if (digits === from) return end;
    const found = letters.indexOf(text[digits] ?? ' ');
    if (found <= rank) return end;
    rank = found;
    end = digits + 1;
    from = end;
  }
};
const alternative = 'Pdddd-dd-ddTdd:dd:dd';
const isoAlternativeEnd = (text: string, at: number): number => {
  for (let index = 0; index < alternative.length; index += 1) {
    const code = text.charCodeAt(at + index);
    if (alternative[index] === 'd' ? !isDigit(code) : code !== alternative.charCodeAt(index)) return -1;
  }
  return at + alternative.length;
};
