/** Requests put together from parts that were encoded before: what the generator takes is not the server's. */
import { concatBytes } from '@skerry/kernel';
import { batchTypes, opcodes, RequestWriter, type PreparedBody } from '@skerry/protocol-cql';

/** Local one. */
const consistency = 10;
const flagValues = 1;
const flagSkipMetadata = 2;

export class BenchRequestWriter extends RequestWriter {
  /** @param first and `rest` encoded as {@link encodedValues} does it. */
  executeParts({ id, resultId }: PreparedBody, stream: number, count: number, first: Part, rest: Part): void {
    const { out, version } = this;
    this.begin(0, 0, stream, opcodes.execute);
    out.shortBytes(id);
    if (version >= 5) out.shortBytes(resultId);
    out.u16(consistency);
    const flags = flagValues | flagSkipMetadata;
    if (version >= 5) out.i32(flags);
    else out.u8(flags);
    out.u16(count);
    out.part(first.bytes, first.from, first.size);
    out.part(rest.bytes, rest.from, rest.size);
    this.finish();
  }
  /** @param appendRows appends statements with their values, parts that are encoded already. */
  batchParts(stream: number, statements: number, appendRows: (append: Append) => void): void {
    const { out, version } = this;
    this.begin(0, 0, stream, opcodes.batch);
    out.u8(batchTypes.unlogged);
    out.u16(statements);
    appendRows(this.#append);
    out.u16(consistency);
    if (version >= 5) out.i32(0);
    else out.u8(0);
    this.finish();
  }
  readonly #append: Append = ({ bytes, from, size }) => this.out.part(bytes, from, size);
}
export type Append = (part: Part) => void;

/** Bytes that were encoded before. */
export type Part = { readonly bytes: Uint8Array; readonly from: number; readonly size: number };
export const partOf = (bytes: Uint8Array): Part => ({ bytes, from: 0, size: bytes.length });
/** All in the same bytes: to copy from ever others costs a view for each. */
export function joined(parts: readonly Uint8Array[]): readonly Part[] {
  const bytes = concatBytes(parts);
  let at = 0;
  return parts.map(({ length: size }) => {
    at += size;
    return { bytes, from: at - size, size };
  });
}

/** A statement of a batch, before its values but with the first of `count`. */
export function encodedStatement({ id }: PreparedBody, count: number, first: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(1, id.length >>> 8, id.length), id, Uint8Array.of(count >>> 8, count), first]);
}

/** `[i32 size][bytes]` each. */
export function encodedValues(values: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const value of values) {
    view.setInt32(at, value.length);
    bytes.set(value, at + 4);
    at += 4 + value.length;
  }
  return bytes;
}
export const noValues: Part = partOf(new Uint8Array(0));
