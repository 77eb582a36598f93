/**
 * Cassandra's old `LexicalUUIDType`, the one class without a CQL name that its drivers' own tests still make columns of:
 * sixteen bytes in the order of Java's `UUID.compareTo`, two signed numbers of eight bytes.
 *
 * Source: Cassandra's `db/marshal/LexicalUUIDType.java`.
 */
import { marshalPackage } from './marshal.ts';
import type { OrderedCodec } from './ordered-codec.ts';
import type { CustomType, ValueType } from './type.ts';

export const lexicalUuid: CustomType = { kind: 'custom', className: `${marshalPackage}LexicalUUIDType` };
export const isLexicalUuid = (type: ValueType): boolean =>
  type.kind === 'custom' && type.className === lexicalUuid.className;

const size = 16;
/** The number's sign is the highest bit of its first byte. */
const signAt = (i: number): number => (i === 0 || i === 8 ? 0x80 : 0);

/** Of two values that are not empty. */
export function compareLexicalUuids(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number): number {
  for (let i = 0; i < size; i++) {
    const difference = ((a[aFrom + i] as number) ^ signAt(i)) - ((b[bFrom + i] as number) ^ signAt(i));
    if (difference !== 0) return difference;
  }
  return 0;
}

/** After a byte that says whether there is anything. @param mask 255 for the reverse order. */
export function orderedLexicalUuid(leadEmpty: number, leadValue: number, mask: number): OrderedCodec {
  return {
    append(out, source, from, to) {
      if (from === to) return out.byte(leadEmpty ^ mask);
      const at = out.take(size + 1);
      const { bytes } = out;
      bytes[at] = leadValue ^ mask;
      for (let i = 0; i < size; i++) bytes[at + 1 + i] = (source[from + i] as number) ^ signAt(i) ^ mask;
    },
    decode(source, at, out) {
      if (((source[at] as number) ^ mask) === leadEmpty) return at + 1;
      const start = out.take(size);
      const { bytes } = out;
      for (let i = 0; i < size; i++) bytes[start + i] = (source[at + 1 + i] as number) ^ signAt(i) ^ mask;
      return at + 1 + size;
    },
  };
}
