/**
 * Tokens of partition keys.
 *
 * Source: Cassandra 5.0, Murmur3Partitioner and MurmurHash.hash3_x64_128: the first half of MurmurHash3 x64 128 with
 * seed 0, whose last bytes are taken as signed ones, and Long.MIN_VALUE told as Long.MAX_VALUE. 64-bit numbers are two
 * 32-bit halves; a result is left in {@link tokenHalves}.
 */

/** Of the last {@link hashToken}: signed halves of the token, and of the hash's second half. */
export const tokenHalves = { hi: 0, lo: 0, secondHi: 0, secondLo: 0 };

/**
 * Upper half of the product of two unsigned 32-bit numbers. A product of 16 by 16 bits and 16 bits more is below 2^32: whole
 * numbers of 32 bits all the way, which a processor has and a JavaScript number above them is not.
 */
function mulHigh(a: number, b: number): number {
  const aLo = a & 0xffff;
  const aHi = a >>> 16;
  const bLo = b & 0xffff;
  const bHi = b >>> 16;
  const middle = (Math.imul(aHi, bLo) + (Math.imul(aLo, bLo) >>> 16)) | 0;
  const other = (Math.imul(aLo, bHi) + (middle & 0xffff)) | 0;
  return (Math.imul(aHi, bHi) + (middle >>> 16) + (other >>> 16)) | 0;
}

// The number that is worked on: module variables instead of pairs, which would be garbage.
let hi = 0;
let lo = 0;

function multiply(byHi: number, byLo: number): void {
  const productHi = (mulHigh(lo, byLo) + Math.imul(hi, byLo) + Math.imul(lo, byHi)) | 0;
  lo = Math.imul(lo, byLo);
  hi = productHi;
}
/** By 1 to 31 or 33 to 63 bits. */
function rotate(bits: number): void {
  let a = hi;
  let b = lo;
  let by = bits;
  if (by > 32) {
    [a, b] = [b, a];
    by -= 32;
  }
  hi = (a << by) | (b >>> (32 - by));
  lo = (b << by) | (a >>> (32 - by));
}
function add(otherHi: number, otherLo: number): void {
  const sum = (lo >>> 0) + (otherLo >>> 0);
  hi = (hi + otherHi + (sum > 0xffffffff ? 1 : 0)) | 0;
  lo = sum | 0;
}
/** K ^= k >>> 33. */
function fold(): void {
  lo ^= hi >>> 1;
}
function finish(): void {
  fold();
  multiply(0xff51afd7 | 0, 0xed558ccd | 0);
  fold();
  multiply(0xc4ceb9fe | 0, 0x1a85ec53 | 0);
  fold();
}

const c1Hi = 0x87c37b91 | 0;
const c1Lo = 0x114253d5 | 0;
const c2Hi = 0x4cf5ad43 | 0;
const c2Lo = 0x2745937f | 0;

/** `size` bytes of `key` from `from` on; the result is in {@link tokenHalves}. The empty key, which only views have, is the least. */
export function hashToken(key: Uint8Array, from: number, size: number): void {
  if (size === 0) {
    tokenHalves.hi = 0x80000000 | 0;
    tokenHalves.lo = 0;
    tokenHalves.secondHi = 0;
    tokenHalves.secondLo = 0;
    return;
  }
  let h1Hi = 0;
  let h1Lo = 0;
  let h2Hi = 0;
  let h2Lo = 0;
  const bodyEnd = from + (size & ~15);
  for (let at = from; at < bodyEnd; at += 16) {
    lo = wordAt(key, at);
    hi = wordAt(key, at + 4);
    mixFirst();
    hi ^= h1Hi;
    lo ^= h1Lo;
    rotate(27);
    add(h2Hi, h2Lo);
    multiply(0, 5);
    add(0, 0x52dce729);
    h1Hi = hi;
    h1Lo = lo;
    lo = wordAt(key, at + 8);
    hi = wordAt(key, at + 12);
    mixSecond();
    hi ^= h2Hi;
    lo ^= h2Lo;
    rotate(31);
    add(h1Hi, h1Lo);
    multiply(0, 5);
    add(0, 0x38495ab5);
    h2Hi = hi;
    h2Lo = lo;
  }
  const left = size & 15;
  if (left > 8) {
    tail(key, bodyEnd + 8, left - 8);
    mixSecond();
    h2Hi ^= hi;
    h2Lo ^= lo;
  }
  if (left > 0) {
    tail(key, bodyEnd, left > 8 ? 8 : left);
    mixFirst();
    h1Hi ^= hi;
    h1Lo ^= lo;
  }
  h1Lo ^= size;
  h2Lo ^= size;
  hi = h1Hi;
  lo = h1Lo;
  add(h2Hi, h2Lo);
  h1Hi = hi;
  h1Lo = lo;
  hi = h2Hi;
  lo = h2Lo;
  add(h1Hi, h1Lo);
  finish();
  h2Hi = hi;
  h2Lo = lo;
  hi = h1Hi;
  lo = h1Lo;
  finish();
  add(h2Hi, h2Lo);
  h1Hi = hi;
  h1Lo = lo;
  hi = h2Hi;
  lo = h2Lo;
  add(h1Hi, h1Lo);
  tokenHalves.secondHi = hi;
  tokenHalves.secondLo = lo;
  if (h1Hi === (0x80000000 | 0) && h1Lo === 0) {
    h1Hi = 0x7fffffff;
    h1Lo = -1;
  }
  tokenHalves.hi = h1Hi;
  tokenHalves.lo = h1Lo;
}

function mixFirst(): void {
  multiply(c1Hi, c1Lo);
  rotate(31);
  multiply(c2Hi, c2Lo);
}
function mixSecond(): void {
  multiply(c2Hi, c2Lo);
  rotate(33);
  multiply(c1Hi, c1Lo);
}
const wordAt = (key: Uint8Array, at: number): number =>
  (key[at] as number) |
  ((key[at + 1] as number) << 8) |
  ((key[at + 2] as number) << 16) |
  ((key[at + 3] as number) << 24);

/** Up to eight bytes, each sign-extended to 64 bits before it is shifted to its place. */
function tail(key: Uint8Array, from: number, count: number): void {
  hi = 0;
  lo = 0;
  for (let i = 0; i < count; i++) {
    const byte = ((key[from + i] as number) << 24) >> 24;
    const shift = 8 * i;
    if (shift >= 32) hi ^= byte << (shift - 32);
    else {
      lo ^= byte << shift;
      hi ^= shift === 0 ? byte >> 31 : byte >> (32 - shift);
    }
  }
}

/** As CQL shows it: a signed 64-bit number. */
export const tokenValue = (tokenHi: number, tokenLo: number): bigint =>
  (BigInt(tokenHi) << 32n) | BigInt(tokenLo >>> 0);
