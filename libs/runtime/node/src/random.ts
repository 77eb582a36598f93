import type { RandomBytes } from '@skerry/kernel';

/** Most bytes that one getRandomValues call fills (W3C Web Cryptography §10.1.1). */
const quotaBytes = 65_536;

export const nodeRandom: RandomBytes = (count) => {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += quotaBytes) crypto.getRandomValues(bytes.subarray(at, at + quotaBytes));
  return bytes;
};
