/** Key bytes of values of several parts. */
import type { ByteSink } from './byte-sink.ts';
import { int32At } from './integers.ts';
import type { OrderedCodec } from './ordered-codec.ts';
import { readOrderedCount, writeOrderedCount } from './ordered-numbers.ts';
import { fixedSizeBytes, vectorParts } from './parts.ts';
import type { VectorType } from './type.ts';
import { writeUnsignedVint } from './vint.ts';

/** No bytes at all. */
const leadNothing = 0x00;
/** Less than whatever could follow. */
const leadEnd = 0x01;
const leadNull = 0x02;
const leadPart = 0x03;

function decodePart(codec: OrderedCodec, source: Uint8Array, at: number, out: ByteSink): number {
  const head = out.take(4);
  const next = codec.decode(source, at, out);
  out.setInt32(head, out.length - head - 4);
  return next;
}

/** @param codecs of one element, or of key and value. */
export function orderedCollection(codecs: readonly OrderedCodec[], mask: number): OrderedCodec {
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadNothing ^ mask);
      const count = int32At(source, from);
      let at = from + 4;
      for (let i = 0; i < count; i++) {
        out.byte(leadPart ^ mask);
        for (const codec of codecs) {
          const length = int32At(source, at);
          codec.append(out, source, at + 4, at + 4 + length);
          at += 4 + length;
        }
      }
      out.byte(leadEnd ^ mask);
    },
    decode(source, at, out) {
      if (source[at] === (leadNothing ^ mask)) return at + 1;
      const head = out.take(4);
      let count = 0;
      let next = at;
      for (; source[next] === (leadPart ^ mask); count++) {
        next++;
        for (const codec of codecs) next = decodePart(codec, source, next, out);
      }
      out.setInt32(head, count);
      return next + 1;
    },
  };
}

/**
 * Missing fields at the end are as null ones, so both end after the last that is there, and how many there were stands behind
 * the end. A type may get another field: the key of an old value stays what it was.
 */
export function orderedFields(codecs: readonly OrderedCodec[], mask: number): OrderedCodec {
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadNothing ^ mask);
      let fields = 0;
      let nulls = 0;
      let at = from;
      for (const codec of codecs) {
        if (at >= to) break;
        const length = int32At(source, at);
        at += 4;
        fields++;
        if (length < 0) {
          nulls++;
          continue;
        }
        for (; nulls > 0; nulls--) out.byte(leadNull ^ mask);
        out.byte(leadPart ^ mask);
        codec.append(out, source, at, at + length);
        at += length;
      }
      out.byte(leadEnd ^ mask);
      writeOrderedCount(out, fields, mask);
    },
    decode(source, at, out) {
      if (source[at] === (leadNothing ^ mask)) return at + 1;
      let next = at;
      let fields = 0;
      for (const codec of codecs) {
        const lead = (source[next] ?? 0) ^ mask;
        if (lead === leadEnd) break;
        next++;
        fields++;
        if (lead === leadNull) out.int32(-1);
        else next = decodePart(codec, source, next, out);
      }
      const count = readOrderedCount(source, next + 1, mask);
      for (; fields < count.value; fields++) out.int32(-1);
      return count.next;
    },
  };
}

/** The dimension says how many. */
export function orderedVector(type: VectorType, codec: OrderedCodec, mask: number): OrderedCodec {
  const size = fixedSizeBytes(type.element);
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadNothing ^ mask);
      out.byte(leadPart ^ mask);
      const parts = vectorParts(type, source.subarray(from, to));
      for (const part of parts.ok ? parts.value : []) codec.append(out, part, 0, part.length);
    },
    decode(source, at, out) {
      if (source[at] === (leadNothing ^ mask)) return at + 1;
      let next = at + 1;
      for (let i = 0; i < type.dimension; i++) {
        if (size !== undefined) {
          next = codec.decode(source, next, out);
          continue;
        }
        const start = out.length;
        next = codec.decode(source, next, out);
        const part = out.bytes.slice(start, out.length);
        out.length = start;
        writeUnsignedVint(out, BigInt(part.length));
        out.raw(part);
      }
      return next;
    },
  };
}
