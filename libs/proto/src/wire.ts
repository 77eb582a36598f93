/**
 * What generated code uses in the place of its own (tools/codegen/run.mjs puts it there): numbers of 64 bits without a
 * BigInt and a text for each, and one empty array for all absent bytes.
 *
 * Source: Protocol Buffers encoding (https://protobuf.dev/programming-guides/encoding/).
 */

/** Nothing can be changed in it, so that all messages may share it. */
export const noBytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);

// Of a BinaryReader, private there; what its own `uint64` is made of.
type Varint64 = { varint64(): void; readonly varint64Lo: number; readonly varint64Hi: number };

/** The next varint of a BinaryReader, which must be a safe integer. */
export function uint64Of(reader: object): number {
  const varint = reader as Varint64;
  varint.varint64();
  const value = (varint.varint64Hi >>> 0) * 2 ** 32 + (varint.varint64Lo >>> 0);
  if (value > Number.MAX_SAFE_INTEGER) throw new Error('Value is larger than Number.MAX_SAFE_INTEGER');
  return value;
}
