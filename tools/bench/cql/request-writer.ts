/** Requests put together from parts that were encoded before: what the generator takes is not the server's. */
import { batchTypes, opcodes, RequestWriter, type PreparedBody } from '@skerry/protocol-cql';

/** Local one. */
const consistency = 10;
const flagValues = 1;
const flagSkipMetadata = 2;

export class BenchRequestWriter extends RequestWriter {
  /** @param values encoded as {@link encodedValues} does it, parts of them one behind the other. */
  executeParts(
    { id, resultId }: PreparedBody,
    stream: number,
    count: number,
    first: Uint8Array,
    rest: Uint8Array,
  ): void {
    const { out, version } = this;
    this.begin(0, 0, stream, opcodes.execute);
    out.shortBytes(id);
    if (version >= 5) out.shortBytes(resultId);
    out.u16(consistency);
    const flags = flagValues | flagSkipMetadata;
    if (version >= 5) out.i32(flags);
    else out.u8(flags);
    out.u16(count);
    out.raw(first);
    out.raw(rest);
    this.finish();
  }
  /** `next` appends the values of one statement: their count is the same for all. */
  batchParts(
    { id }: PreparedBody,
    stream: number,
    statements: number,
    count: number,
    next: (append: Append) => void,
  ): void {
    const { out, version } = this;
    const append: Append = (part) => out.raw(part);
    this.begin(0, 0, stream, opcodes.batch);
    out.u8(batchTypes.unlogged);
    out.u16(statements);
    for (let i = 0; i < statements; i++) {
      out.u8(1);
      out.shortBytes(id);
      out.u16(count);
      next(append);
    }
    out.u16(consistency);
    if (version >= 5) out.i32(0);
    else out.u8(0);
    this.finish();
  }
}
export type Append = (part: Uint8Array) => void;

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
export const noValues = new Uint8Array(0);
