/**
 * What a result's columns and a statement's variables are called, encoded once and copied into each answer.
 *
 * Source: native_protocol_v3.spec, v4 and v5, §4.2.5.2 and §4.2.5.4.
 */
import type { BodyReader } from './body-reader.ts';
import { metadataFlags, type ProtocolVersion } from './codes.ts';
import { Output } from './output.ts';
import { readType, writeType } from './type-option.ts';
import type { WireType } from './wire-type.ts';

export type WireColumn = {
  readonly keyspace: string;
  readonly table: string;
  readonly name: string;
  readonly type: WireType;
};

/** Columns as bytes of one protocol version. */
export type EncodedColumns = {
  readonly version: ProtocolVersion;
  readonly columnCount: number;
  /** `globalTable`, or nothing. */
  readonly flags: number;
  readonly bytes: Uint8Array;
};

/** Bytes that the names and types of one result's columns may take. */
const columnsSizeMaxBytes = 16 * 1024 * 1024;

/** The table is told once when all columns are of one. Undefined: it would take more than 16 MiB. */
export function encodeColumns(columns: readonly WireColumn[], version: ProtocolVersion): EncodedColumns | undefined {
  const out = new Output(columnsSizeMaxBytes);
  const [first] = columns;
  const isOfOneTable =
    first !== undefined &&
    columns.every((column) => column.keyspace === first.keyspace && column.table === first.table);
  if (isOfOneTable) {
    out.string(first.keyspace);
    out.string(first.table);
  }
  for (const column of columns) {
    if (!isOfOneTable) {
      out.string(column.keyspace);
      out.string(column.table);
    }
    out.string(column.name);
    writeType(out, column.type, version);
  }
  if (out.overflown) return undefined;
  return {
    version,
    columnCount: columns.length,
    flags: isOfOneTable ? metadataFlags.globalTable : 0,
    bytes: out.take().slice(),
  };
}

/** Reads `count` columns; the global table's names come first when the flags say so. */
export function readColumns(reader: BodyReader, flags: number, count: number): WireColumn[] {
  const isOfOneTable = (flags & metadataFlags.globalTable) !== 0;
  let keyspace = isOfOneTable ? reader.string() : '';
  let table = isOfOneTable ? reader.string() : '';
  const columns: WireColumn[] = [];
  for (let i = 0; i < count && reader.problem === undefined; i++) {
    if (!isOfOneTable) {
      keyspace = reader.string();
      table = reader.string();
    }
    const name = reader.string();
    columns.push({ keyspace, table, name, type: readType(reader) });
  }
  return columns;
}
