import { idSizeBytes, randomId, toUuid, type RandomBytes } from '@skerry/kernel';

/** Ids made from one request for random bytes: asking the system for 16 costs nearly as much as for 4,096. */
const idsPerDraw = 256;

/** Makes UUIDs, version 4 (RFC 9562 §5.4). */
export function messageIds(random: RandomBytes): () => string {
  let pool = new Uint8Array(0);
  let at = 0;
  const draw: RandomBytes = (count) => {
    if (at + count > pool.length) {
      pool = new Uint8Array(random(idsPerDraw * idSizeBytes));
      at = 0;
    }
    at += count;
    return pool.subarray(at - count, at);
  };
  return () => toUuid(randomId(draw));
}
