/** Bytes that are always the same and never alike at two offsets of one block. */
export function bytesOf(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let word = 0x9e3779b9;
  for (let at = 0; at < size; at++) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = word >>> 24;
  }
  return bytes;
}
