/** Where text stops being text. Source: RFC 3629 §4. */

/** Below this many bytes a look at each costs less than finding the view. */
const viewedSizeMinBytes = 8;
/** Of a larger array the view is not kept: it would keep the array. */
const viewedSizeMaxBytes = 256 * 1024;
const highBits = 0x8080_8080 | 0;
// Values of one request come one after the other from the same bytes.
let viewed: Uint8Array = new Uint8Array(0);
let view = new DataView(viewed.buffer);

/** Up to where [from, to) is surely ASCII: most text is, and is looked at eight bytes at a time. */
function asciiEnd(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < viewedSizeMinBytes || bytes.length > viewedSizeMaxBytes) return from;
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  let at = from;
  for (const end = to - 8; at <= end; at += 8)
    if (((view.getInt32(at) | view.getInt32(at + 4)) & highBits) !== 0) return at;
  // The rest with some of what was looked at already.
  return ((view.getInt32(to - 8) | view.getInt32(to - 4)) & highBits) === 0 ? to : at;
}

/** Whether [from, to) is UTF-8. No memory is taken: every text that is bound to a statement comes by. */
export function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  let at = asciiEnd(bytes, from, to);
  while (at < to) {
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
