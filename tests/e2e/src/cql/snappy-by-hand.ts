/** Snappy after its own description, and none of the node's code: a writer that only quotes, and a reader of all. */

/** Source: google/snappy, format_description.txt. */
export function quoted(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)];
  for (let at = 0; at < bytes.length; at += 60) {
    const part = bytes.subarray(at, at + 60);
    parts.push(Buffer.from([(part.length - 1) << 2]), part);
  }
  return Buffer.concat(parts);
}
export function unpacked(bytes: Buffer): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const out = Buffer.alloc(length);
  let end = 0;
  const number = (size: number): number => {
    at += size;
    return bytes.readUIntLE(at - size, size);
  };
  while (at < bytes.length) {
    const tag = bytes[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      const code = tag >> 2;
      const size = 1 + (code < 60 ? code : number(code - 59));
      bytes.copy(out, end, at, at + size);
      at += size;
      end += size;
      continue;
    }
    const size = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const back = kind === 1 ? ((tag >> 5) << 8) | number(1) : number(kind === 2 ? 2 : 4);
    // What is copied may be what this very copy has written.
    for (let i = 0; i < size; i++, end++) out[end] = out[end - back] ?? 0;
  }
  if (end !== length) throw new Error(`unpacked to ${end} bytes, not ${length}`);
  return out;
}
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}
