import { idSizeBytes, type RandomBytes } from '@skerry/kernel';

/** Ids made from one request for random bytes: asking the system for 16 costs nearly as much as for 4,096. */
const idsPerDraw = 256;
/** Two hexadecimal digits of each byte. */
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Makes UUIDs, version 4 (RFC 9562 §5.4). */
export function messageIds(random: RandomBytes): () => string {
  let pool = new Uint8Array(0);
  let at = 0;
  const next = (): string => hex[pool[at++] ?? 0] ?? '';
  const pair = (): string => next() + next();
  return () => {
    if (at >= pool.length) {
      pool = new Uint8Array(random(idsPerDraw * idSizeBytes));
      at = 0;
    }
    // Version and variant.
    pool[at + 6] = ((pool[at + 6] ?? 0) & 0x0f) | 0x40;
    pool[at + 8] = ((pool[at + 8] ?? 0) & 0x3f) | 0x80;
    return `${pair()}${pair()}-${pair()}-${pair()}-${pair()}-${pair()}${pair()}${pair()}`;
  };
}
