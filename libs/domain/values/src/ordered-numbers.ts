/** Key bytes of numbers of any size. The number first, then what distinguishes equal ones: scale, bytes that only repeat the sign. */
import type { ByteSink } from './byte-sink.ts';
import { decimalOf, decimalShape } from './decimal.ts';
import { int32At, varintBytes } from './integers.ts';
import { leadEmpty, type OrderedCodec } from './ordered-codec.ts';

/** Up to so many bytes a varint's length stands in its first key byte. */
const shortLength = 0x70;
/** Added to a decimal's exponent, which has 33 bits. */
const exponentBias = 2 ** 39;

/** Bytes of `value` from `from` on that only repeat the sign. */
function paddingOf(bytes: Uint8Array, from: number, to: number): number {
  const sign = (bytes[from] as number) >= 0x80 ? 0xff : 0;
  let at = from;
  while (at + 1 < to && bytes[at] === sign && ((bytes[at + 1] as number) & 0x80) === (sign & 0x80)) at++;
  return at - from;
}
function writeCount(out: ByteSink, value: number, mask: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.byte(((rest & 0x7f) | 0x80) ^ mask);
  out.byte(rest ^ mask);
}
function readCount(source: Uint8Array, at: number, mask: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let unit = 1;
  for (let next = at; ; next++) {
    const byte = ((source[next] ?? mask) as number) ^ mask;
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return { value, next: next + 1 };
    unit *= 0x80;
  }
}
export { readCount as readOrderedCount, writeCount as writeOrderedCount };

/** Sign and length in one byte, then the shortest form of the number. */
export function orderedVarint(mask: number): OrderedCodec {
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadEmpty ^ mask);
      const padding = paddingOf(source, from, to);
      const start = from + padding;
      const length = to - start;
      const negative = (source[start] as number) >= 0x80;
      if (length <= shortLength) out.byte((negative ? 0x80 - length : 0x7f + length) ^ mask);
      else {
        out.byte((negative ? 0x08 : 0xf7) ^ mask);
        const flip = negative ? ~length : length;
        const at = out.take(4);
        for (let i = 0; i < 4; i++) out.bytes[at + i] = ((flip >>> (24 - 8 * i)) & 0xff) ^ mask;
      }
      const at = out.take(length);
      for (let i = 0; i < length; i++) out.bytes[at + i] = (source[start + i] as number) ^ mask;
      writeCount(out, padding, mask);
    },
    decode(source, at, out) {
      const lead = (source[at] as number) ^ mask;
      if (lead === leadEmpty) return at + 1;
      let next = at + 1;
      let length = lead >= 0x80 ? lead - 0x7f : 0x80 - lead;
      if (lead === 0x08 || lead === 0xf7) {
        const written = int32At(source, next) ^ (mask === 0 ? 0 : -1);
        length = lead === 0x08 ? ~written : written;
        next += 4;
      }
      const padding = readCount(source, next + length, mask);
      const sign = ((source[next] as number) ^ mask) >= 0x80 ? 0xff : 0;
      const start = out.take(padding.value + length);
      out.bytes.fill(sign, start, start + padding.value);
      for (let i = 0; i < length; i++) out.bytes[start + padding.value + i] = (source[next + i] as number) ^ mask;
      return padding.next;
    },
  };
}

const [leadNegative, leadZero, leadPositive] = [0x02, 0x03, 0x04];

/** Sign, exponent, pairs of digits; then scale and how many bytes the number was longer than it need be. */
export function orderedDecimal(mask: number): OrderedCodec {
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadEmpty ^ mask);
      const shape = decimalShape(decimalOf(source.subarray(from, to)));
      out.byte((shape.sign < 0 ? leadNegative : shape.sign === 0 ? leadZero : leadPositive) ^ mask);
      if (shape.sign !== 0) writeMagnitude(out, shape.digits, shape.exponent, shape.sign < 0 ? mask ^ 0xff : mask);
      const at = out.take(4);
      for (let i = 0; i < 4; i++) out.bytes[at + i] = (source[from + i] as number) ^ mask;
      // 0: no byte at all; 1: none too many.
      writeCount(out, to - from === 4 ? 0 : 1 + paddingOf(source, from + 4, to), mask);
    },
    decode(source, at, out) {
      const lead = (source[at] as number) ^ mask;
      if (lead === leadEmpty) return at + 1;
      const magnitude =
        lead === leadZero
          ? { digits: '', exponent: 0, next: at + 1 }
          : readMagnitude(source, at + 1, lead === leadNegative ? mask ^ 0xff : mask);
      const scale = int32At(source, magnitude.next) ^ (mask === 0 ? 0 : -1);
      const padding = readCount(source, magnitude.next + 4, mask);
      out.int32(scale);
      if (padding.value === 0) return padding.next;
      const unscaled = varintBytes(unscaledOf(magnitude.digits, magnitude.exponent, scale, lead === leadNegative));
      const start = out.take(padding.value - 1);
      out.bytes.fill(lead === leadNegative ? 0xff : 0, start, out.length);
      out.raw(unscaled);
      return padding.next;
    },
  };
}
function unscaledOf(digits: string, exponent: number, scale: number, negative: boolean): bigint {
  if (digits === '') return 0n;
  const magnitude = BigInt(digits.padEnd(exponent + scale, '0'));
  return negative ? -magnitude : magnitude;
}
function writeMagnitude(out: ByteSink, digits: string, exponent: number, mask: number): void {
  const biased = exponent + exponentBias;
  const at = out.take(5);
  out.bytes[at] = Math.floor(biased / 2 ** 32) ^ mask;
  for (let i = 1; i < 5; i++) out.bytes[at + i] = ((biased >>> (32 - 8 * i)) & 0xff) ^ mask;
  for (let i = 0; i < digits.length; i += 2) {
    const pair = Number(digits.slice(i, i + 2).padEnd(2, '0'));
    out.byte((pair + 1) ^ mask);
  }
  out.byte(mask);
}
function readMagnitude(
  source: Uint8Array,
  at: number,
  mask: number,
): { readonly digits: string; readonly exponent: number; readonly next: number } {
  const low = (int32At(source, at + 1) ^ (mask === 0 ? 0 : -1)) >>> 0;
  const exponent = ((source[at] as number) ^ mask) * 2 ** 32 + low - exponentBias;
  let digits = '';
  let next = at + 5;
  for (; next < source.length && source[next] !== mask; next++)
    digits += String(((source[next] as number) ^ mask) - 1).padStart(2, '0');
  return { digits: digits.replace(/0$/, ''), exponent, next: next + 1 };
}
