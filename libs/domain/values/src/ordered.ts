/**
 * Values as bytes whose unsigned order is the comparator's: clustering columns one after another make a row's key, fewer of
 * them its prefix. Self-delimiting; what comes back is the very same value; for DESC every byte is complemented.
 * Source: the idea is Cassandra's ByteComparable (CEP-25), the bytes are ours.
 */
import { assert, unreachable } from '@skerry/kernel';
import type { ByteSink } from './byte-sink.ts';
import { isLexicalUuid, orderedLexicalUuid } from './lexical-uuid.ts';
import { leadEmpty, type OrderedCodec } from './ordered-codec.ts';
import { orderedDecimal, orderedVarint } from './ordered-numbers.ts';
import { orderedCollection, orderedFields, orderedVector } from './ordered-nested.ts';
import type { ValueType } from './type.ts';

const leadValue = 0x02;

/** @param reversed of a DESC column. */
export function orderedCodec(type: ValueType, reversed = false): OrderedCodec {
  const mask = reversed ? 0xff : 0;
  switch (type.kind) {
    case 'int':
      return integer(4, mask);
    case 'bigint':
    case 'counter':
    case 'timestamp':
      return integer(8, mask);
    case 'tinyint':
      return plain(1, 0x80, mask);
    case 'smallint':
      return plain(2, 0x80, mask);
    case 'date':
      return plain(4, 0, mask);
    case 'time':
      return plain(8, 0, mask);
    case 'ascii':
    case 'blob':
    case 'text':
    case 'inet':
    case 'duration':
      return variable(mask);
    case 'custom':
      return isLexicalUuid(type) ? orderedLexicalUuid(leadEmpty, leadValue, mask) : variable(mask);
    case 'boolean':
      return boolean(mask);
    case 'float':
      return floating(4, mask);
    case 'double':
      return floating(8, mask);
    case 'timeuuid':
      return timeuuid(mask);
    case 'uuid':
      return uuid(mask);
    case 'varint':
      return orderedVarint(mask);
    case 'decimal':
      return orderedDecimal(mask);
    case 'list':
    case 'set':
      return orderedCollection([orderedCodec(type.element, reversed)], mask);
    case 'map':
      return orderedCollection([orderedCodec(type.key, reversed), orderedCodec(type.value, reversed)], mask);
    case 'tuple':
      return orderedFields(
        type.elements.map((element) => orderedCodec(element, reversed)),
        mask,
      );
    case 'udt':
      return orderedFields(
        type.fields.map((field) => orderedCodec(field.type, reversed)),
        mask,
      );
    case 'vector':
      return orderedVector(type, orderedCodec(type.element, reversed), mask);
    default:
      return unreachable(type);
  }
}

/** What a result row holds: 32-bit length, then the value. Returns the offset behind the key bytes. */
export function decodeSized(codec: OrderedCodec, source: Uint8Array, at: number, out: ByteSink): number {
  const head = out.take(4);
  const next = codec.decode(source, at, out);
  out.setInt32(head, out.length - head - 4);
  return next;
}

/** Sign-flipped, after a byte that says whether there is anything. */
function integer(size: number, mask: number): OrderedCodec {
  const sign = 0x80 ^ mask;
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadEmpty ^ mask);
      const at = out.take(size + 1);
      const { bytes } = out;
      bytes[at] = leadValue ^ mask;
      bytes[at + 1] = (source[from] as number) ^ sign;
      for (let i = 1; i < size; i++) bytes[at + 1 + i] = (source[from + i] as number) ^ mask;
    },
    decode(source, at, out) {
      if (((source[at] as number) ^ mask) === leadEmpty) return at + 1;
      const start = out.take(size);
      const { bytes } = out;
      bytes[start] = (source[at + 1] as number) ^ sign;
      for (let i = 1; i < size; i++) bytes[start + i] = (source[at + 1 + i] as number) ^ mask;
      return at + 1 + size;
    },
  };
}

/** Of a type that is never empty. */
function plain(size: number, flip: number, mask: number): OrderedCodec {
  const first = flip ^ mask;
  return {
    append(out, source, from, to) {
      assert(to - from === size, 'a key of another length than its type');
      const at = out.take(size);
      const { bytes } = out;
      bytes[at] = (source[from] as number) ^ first;
      for (let i = 1; i < size; i++) bytes[at + i] = (source[from + i] as number) ^ mask;
    },
    decode(source, at, out) {
      const start = out.take(size);
      const { bytes } = out;
      bytes[start] = (source[at] as number) ^ first;
      for (let i = 1; i < size; i++) bytes[start + i] = (source[at + i] as number) ^ mask;
      return at + size;
    },
  };
}

/** Ends with 0; a 0 or 1 inside is 1 and one more than itself. */
function variable(mask: number): OrderedCodec {
  const escape = 1 ^ mask;
  return {
    append(out, source, from, to) {
      // Room for the worst, so that the loop need not ask.
      let at = out.take(2 * (to - from) + 1);
      const { bytes } = out;
      for (let i = from; i < to; i++) {
        const byte = source[i] as number;
        if (byte > 1) bytes[at++] = byte ^ mask;
        else {
          bytes[at++] = escape;
          bytes[at++] = (byte + 1) ^ mask;
        }
      }
      bytes[at++] = mask;
      out.length = at;
    },
    decode(source, at, out) {
      let end = at;
      while (end < source.length && source[end] !== mask) end++;
      let start = out.take(end - at);
      const { bytes } = out;
      for (let i = at; i < end; i++) {
        const byte = (source[i] as number) ^ mask;
        bytes[start++] = byte === 1 ? ((source[++i] as number) ^ mask) - 1 : byte;
      }
      out.length = start;
      return end + 1;
    },
  };
}

/** True is any byte but 0: which, follows. */
function boolean(mask: number): OrderedCodec {
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadEmpty ^ mask);
      const value = source[from] as number;
      if (value === 0) return out.byte(leadValue ^ mask);
      const at = out.take(2);
      out.bytes[at] = (leadValue + 1) ^ mask;
      out.bytes[at + 1] = value ^ mask;
    },
    decode(source, at, out) {
      const lead = (source[at] as number) ^ mask;
      if (lead === leadEmpty) return at + 1;
      out.byte(lead === leadValue ? 0 : (source[at + 1] as number) ^ mask);
      return at + (lead === leadValue ? 1 : 2);
    },
  };
}

/** Negative numbers are complemented; every NaN, with its bits as they were, comes last. */
function floating(size: number, mask: number): OrderedCodec {
  const high = size === 4 ? 0x7f80 : 0x7ff0;
  const leadNaN = leadValue + 1;
  const isNaNAt = (source: Uint8Array, from: number): boolean => {
    const top = ((source[from] as number) << 8) | (source[from + 1] as number);
    if ((top & high) !== high) return false;
    if ((top & ~high & 0x7fff) !== 0) return true;
    for (let i = 2; i < size; i++) if (source[from + i] !== 0) return true;
    return false;
  };
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadEmpty ^ mask);
      const at = out.take(size + 1);
      const { bytes } = out;
      const isNaN = isNaNAt(source, from);
      const negative = !isNaN && (source[from] as number) >= 0x80;
      bytes[at] = (isNaN ? leadNaN : leadValue) ^ mask;
      const flip = negative ? 0xff ^ mask : mask;
      for (let i = 0; i < size; i++) bytes[at + 1 + i] = (source[from + i] as number) ^ flip;
      if (!isNaN && !negative) bytes[at + 1] = (source[from] as number) ^ 0x80 ^ mask;
    },
    decode(source, at, out) {
      const lead = (source[at] as number) ^ mask;
      if (lead === leadEmpty) return at + 1;
      const start = out.take(size);
      const { bytes } = out;
      const first = (source[at + 1] as number) ^ mask;
      const flip = lead === leadNaN || first >= 0x80 ? mask : 0xff ^ mask;
      for (let i = 0; i < size; i++) bytes[start + i] = (source[at + 1 + i] as number) ^ flip;
      if (lead !== leadNaN && first >= 0x80) bytes[start] = first ^ 0x80;
      return at + 1 + size;
    },
  };
}

/** The timestamp's parts from high to low, then each byte with its sign. The first byte is never 0: that is the empty one. */
function timeuuid(mask: number): OrderedCodec {
  const sign = 0x80 ^ mask;
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(mask);
      const at = out.take(16);
      const { bytes } = out;
      timeParts(source, from, bytes, at, mask);
      for (let i = 8; i < 16; i++) bytes[at + i] = (source[from + i] as number) ^ sign;
    },
    decode(source, at, out) {
      if (source[at] === mask) return at + 1;
      const start = out.take(16);
      const { bytes } = out;
      partsOfTime(source, at, bytes, start, mask);
      for (let i = 8; i < 16; i++) bytes[start + i] = (source[at + i] as number) ^ sign;
      return at + 16;
    },
  };
}

/** First the version, which may be any; of version 1 then the timestamp's parts from high to low. */
function uuid(mask: number): OrderedCodec {
  const leadVersion = 0x10;
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadEmpty ^ mask);
      const at = out.take(17);
      const { bytes } = out;
      const version = (source[from + 6] as number) >> 4;
      bytes[at] = (leadVersion + version) ^ mask;
      if (version === 1) timeParts(source, from, bytes, at + 1, mask);
      for (let i = version === 1 ? 8 : 0; i < 16; i++) bytes[at + 1 + i] = (source[from + i] as number) ^ mask;
    },
    decode(source, at, out) {
      const lead = (source[at] as number) ^ mask;
      if (lead === leadEmpty) return at + 1;
      const start = out.take(16);
      const { bytes } = out;
      const timed = lead === leadVersion + 1;
      if (timed) partsOfTime(source, at + 1, bytes, start, mask);
      for (let i = timed ? 8 : 0; i < 16; i++) bytes[start + i] = (source[at + 1 + i] as number) ^ mask;
      return at + 17;
    },
  };
}
function timeParts(source: Uint8Array, from: number, bytes: Uint8Array, at: number, mask: number): void {
  bytes[at] = (source[from + 6] as number) ^ mask;
  bytes[at + 1] = (source[from + 7] as number) ^ mask;
  bytes[at + 2] = (source[from + 4] as number) ^ mask;
  bytes[at + 3] = (source[from + 5] as number) ^ mask;
  for (let i = 0; i < 4; i++) bytes[at + 4 + i] = (source[from + i] as number) ^ mask;
}
function partsOfTime(source: Uint8Array, at: number, bytes: Uint8Array, start: number, mask: number): void {
  bytes[start + 6] = (source[at] as number) ^ mask;
  bytes[start + 7] = (source[at + 1] as number) ^ mask;
  bytes[start + 4] = (source[at + 2] as number) ^ mask;
  bytes[start + 5] = (source[at + 3] as number) ^ mask;
  for (let i = 0; i < 4; i++) bytes[start + i] = (source[at + 4 + i] as number) ^ mask;
}
