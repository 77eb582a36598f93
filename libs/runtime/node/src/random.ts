import type { RandomBytes } from '@skerry/kernel';

/** Most bytes that one getRandomValues call fills (W3C Web Cryptography §10.1.1). */
const quotaBytes = 65_536;
/** Small wishes, ids above all, are served from so many bytes drawn ahead: a draw costs 10 us, whatever its size. */
const aheadBytes = 4_096;
const smallBytesMax = 64;

const ahead = new Uint8Array(aheadBytes);
let taken = aheadBytes;

export const nodeRandom: RandomBytes = (count) => {
  if (count <= smallBytesMax) return fromAhead(count);
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += quotaBytes) crypto.getRandomValues(bytes.subarray(at, at + quotaBytes));
  return bytes;
};

function fromAhead(count: number): Uint8Array {
  if (taken + count > aheadBytes) {
    crypto.getRandomValues(ahead);
    taken = 0;
  }
  const bytes = ahead.slice(taken, taken + count);
  // Each byte is given once, and leaves no second copy of what may become a key.
  ahead.fill(0, taken, taken + count);
  taken += count;
  return bytes;
}
