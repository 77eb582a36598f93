/** Helpers on Uint8Array. No copies but those that the names say. */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const emptyBytes: Uint8Array = new Uint8Array(0);
/** Up to so many characters a loop over ASCII is faster than a call into native code: names, keys, lines. */
const shortLength = 64;

export function utf8(text: string): Uint8Array {
  const { length } = text;
  if (length > shortLength) return encoder.encode(text);
  const bytes = new Uint8Array(length);
  return shortAsciiInto(bytes, 0, text) ? bytes : encoder.encode(text);
}
/** False, and some of it written, when the text is long or has more than ASCII: {@link utf8} knows it. */
export function shortAsciiInto(out: Uint8Array, at: number, text: string): boolean {
  const { length } = text;
  if (length > shortLength) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return false;
    out[at + i] = code;
  }
  return true;
}

/** Strict: undefined when the bytes are no UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string | undefined => fromUtf8Part(bytes, 0, bytes.length);
/** The same of the bytes [from, to). */
export function fromUtf8Part(bytes: Uint8Array, from: number, to: number): string | undefined {
  const short = to - from > shortLength ? undefined : asciiText(bytes, from, to);
  if (short !== undefined) return short;
  try {
    return decoder.decode(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
  } catch {
    return undefined;
  }
}

/** Without a view of the bytes, which costs more than the text: a listing reads thousands. Undefined: no ASCII. */
function asciiText(bytes: Uint8Array, from: number, to: number): string | undefined {
  const codes: number[] = [];
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return undefined;
    codes.push(byte);
  }
  return String.fromCharCode(...codes);
}

/** Two of them, mostly keys: for a few bytes a loop costs less than two calls into native code. */
export function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  if (out.length > shortLength) {
    out.set(a);
    out.set(b, a.length);
    return out;
  }
  for (let i = 0; i < a.length; i++) out[i] = a[i] ?? 0;
  for (let i = 0; i < b.length; i++) out[a.length + i] = b[i] ?? 0;
  return out;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Lexicographic order of unsigned bytes; a prefix comes first. Negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Not for secrets: returns at the first difference. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && compareBytes(a, b) === 0;

const hexDigits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
/** Two for each byte. */
const hexCodes = Uint8Array.from(hexDigits.join(''), (digit) => digit.charCodeAt(0));
/** Bytes of an id, whose text is made at once. */
const hexAtOnceBytes = 16;
const codesAtOnce = Array.from({ length: 2 * hexAtOnceBytes }, () => 0);
export const toHex = (bytes: Uint8Array): string => toHexPart(bytes, 0, bytes.length);
/** The same of the bytes [from, to). */
export function toHexPart(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  let at = from;
  // By index: ids are written and read thousands of times in a listing, and an iterator costs twice as much.
  for (; to - at >= hexAtOnceBytes; at += hexAtOnceBytes) text += hexAtOnce(bytes, at);
  for (; at < to; at++) text += hexDigits[bytes[at] ?? 0];
  return text;
}
/** A text that is put together digit by digit is a tree of sixteen others, until a map or a set makes it flat. */
function hexAtOnce(bytes: Uint8Array, from: number): string {
  for (let i = 0; i < hexAtOnceBytes; i++) {
    const place = 2 * (bytes[from + i] ?? 0);
    codesAtOnce[2 * i] = hexCodes[place] ?? 0;
    codesAtOnce[2 * i + 1] = hexCodes[place + 1] ?? 0;
  }
  return String.fromCharCode(...codesAtOnce);
}

/** Value of a hexadecimal digit by its character code; -1: it is none. */
const digitValues = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
  return code === 0 ? -1 : digit;
});
const digitAt = (text: string, at: number): number => digitValues[text.charCodeAt(at)] ?? -1;

/** Undefined when the text is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const out = new Uint8Array(text.length / 2);
  return hexInto(out, 0, text) ? out : undefined;
}
/** The same into memory that is there. False, and some of it written, when the text is not an even number of digits. */
export function hexInto(out: Uint8Array, at: number, text: string): boolean {
  const count = text.length / 2;
  for (let i = 0; i < count; i++) {
    const high = digitAt(text, 2 * i);
    const low = digitAt(text, 2 * i + 1);
    if (high < 0 || low < 0) return false;
    out[at + i] = (high << 4) | low;
  }
  return text.length % 2 === 0;
}

/** The smallest key greater than every key that starts with `prefix`; undefined when there is none (all 0xff). */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] ?? 0;
    if (byte === 0xff) continue;
    const end = prefix.slice(0, i + 1);
    end[i] = byte + 1;
    return end;
  }
  return undefined;
}
