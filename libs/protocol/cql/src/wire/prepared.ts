/** The answer to PREPARE, encoded once for each version. Source: native_protocol_v3.spec, v4 and v5, §4.2.5.4. */
import type { BodyReader } from './body-reader.ts';
import { metadataFlags, type ProtocolVersion } from './codes.ts';
import { encodeColumns, readColumns, type WireColumn } from './metadata.ts';
import { Output } from './output.ts';

export type PreparedBody = {
  readonly id: Uint8Array;
  /** Of the result's metadata; only v5 tells it, and must. */
  readonly resultId: Uint8Array;
  /** The variables. */
  readonly variables: readonly WireColumn[];
  /** For each partition key column the index of its variable; empty when one has none. v3 does not tell it. */
  readonly partitionKey: readonly number[];
  /** Columns of the result; empty for what is no SELECT. */
  readonly columns: readonly WireColumn[];
};

/** Bytes of one answer to PREPARE. */
const preparedSizeMaxBytes = 32 * 1024 * 1024;

/** What comes behind the result's kind. Undefined: more than 32 MiB. */
export function encodePrepared(body: PreparedBody, version: ProtocolVersion): Uint8Array | undefined {
  const variables = encodeColumns(body.variables, version);
  const columns = encodeColumns(body.columns, version);
  if (variables === undefined || columns === undefined) return undefined;
  const out = new Output(preparedSizeMaxBytes);
  out.shortBytes(body.id);
  if (version >= 5) out.shortBytes(body.resultId);
  out.i32(variables.flags);
  out.i32(variables.columnCount);
  if (version >= 4) {
    out.i32(body.partitionKey.length);
    for (const index of body.partitionKey) out.u16(index);
  }
  out.raw(variables.bytes);
  out.i32(columns.columnCount === 0 ? metadataFlags.noMetadata : columns.flags);
  out.i32(columns.columnCount);
  out.raw(columns.bytes);
  return out.overflown ? undefined : out.take().slice();
}

export function readPrepared(reader: BodyReader, version: ProtocolVersion): PreparedBody {
  const id = reader.shortBytes().slice();
  const resultId = version >= 5 ? reader.shortBytes().slice() : new Uint8Array(0);
  const variableFlags = reader.i32();
  const variableCount = reader.count32('variables', 4);
  const partitionKey: number[] = [];
  if (version >= 4) {
    const count = reader.count32('key indexes', 2);
    for (let i = 0; i < count && reader.problem === undefined; i++) partitionKey.push(reader.u16());
  }
  const variables = readColumns(reader, variableFlags, variableCount);
  const columnFlags = reader.i32();
  const columnCount = reader.count32('columns', 0);
  const columns = (columnFlags & metadataFlags.noMetadata) === 0 ? readColumns(reader, columnFlags, columnCount) : [];
  return { id, resultId, variables, partitionKey, columns };
}
