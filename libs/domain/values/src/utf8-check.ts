/** Where text stops being text. Source: RFC 3629 §4. */

/** Whether [from, to) is UTF-8. No memory is taken: every text that is bound to a statement comes by. */
export function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    // Most text is ASCII: eight bytes at a look.
    while (at + 8 <= to && isAscii(bytes, at)) at += 8;
    if (at >= to) return true;
    const first = bytes[at] as number;
    if (first < 0x80) {
      at++;
      continue;
    }
    const second = bytes[at + 1] as number;
    if (first >= 0xc2 && first <= 0xdf) {
      if (at + 2 > to || (second & 0xc0) !== 0x80) return false;
      at += 2;
    } else if ((first & 0xf0) === 0xe0) {
      if (at + 3 > to || (second & 0xc0) !== 0x80 || ((bytes[at + 2] as number) & 0xc0) !== 0x80) return false;
      if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return false;
      at += 3;
    } else if (first >= 0xf0 && first <= 0xf4) {
      if (at + 4 > to || (second & 0xc0) !== 0x80) return false;
      if (((bytes[at + 2] as number) & 0xc0) !== 0x80 || ((bytes[at + 3] as number) & 0xc0) !== 0x80) return false;
      if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return false;
      at += 4;
    } else return false;
  }
  return true;
}

/** Offset of the first byte that is no ASCII; -1: all are. */
export function asciiFault(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) if ((bytes[at] as number) >= 0x80) return at;
  return -1;
}

/** Eight bytes from `at` on. */
const isAscii = (bytes: Uint8Array, at: number): boolean =>
  ((bytes[at] as number) |
    (bytes[at + 1] as number) |
    (bytes[at + 2] as number) |
    (bytes[at + 3] as number) |
    (bytes[at + 4] as number) |
    (bytes[at + 5] as number) |
    (bytes[at + 6] as number) |
    (bytes[at + 7] as number)) <
  0x80;
