/**
 * Replies on the control connection.
 *
 * Source: RFC 959 §4.2 (codes, multi-line form), appendix II (quoted paths).
 */
import { AssertionError, utf8 } from '@skerry/kernel';

// A line break inside a reply would be read as the end of it, and what follows as another.
const oneLine = (text: string): string => (/[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]/g, '?') : text);

/**
 * The bytes of a reply, line ends included.
 *
 * @param code three digits.
 * @param lines at least one. Of several, the first carries the code with a hyphen, the last one with a space; those
 * between stand as they are, but for a blank before a digit, which a client could take for the last line's code.
 */
export function formatReply(code: number, lines: readonly string[]): Uint8Array {
  if (!Number.isInteger(code) || code < 100 || code > 659)
    throw new AssertionError(`reply code must have three digits: got ${code}`);
  const last = lines.length - 1;
  if (last <= 0) return utf8(`${code} ${oneLine(lines[0] ?? '')}\r\n`);
  const formatted = lines.map((line, index) => {
    const text = oneLine(line);
    if (index === 0) return `${code}-${text}\r\n`;
    if (index === last) return `${code} ${text}\r\n`;
    return /^\d/.test(text) ? ` ${text}\r\n` : `${text}\r\n`;
  });
  return utf8(formatted.join(''));
}

/** A path in quotes, the quotes in it doubled (RFC 959 appendix II). */
export const quotePath = (path: string): string => `"${path.replaceAll('"', '""')}"`;
