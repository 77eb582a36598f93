/** Results of one connection, straight into its writer. */
import type { RowTarget } from '@skerry/domain-table';
import { HeldRows, type ProtocolVersion, type ResponseExtras, type ResponseWriter } from '@skerry/protocol-cql';
import type { Client, ResultColumn, ResultSink, SchemaChange } from '../engine/contract.ts';
import { LaterRows, type RowsTarget } from './later-rows.ts';
import type { ColumnBytes } from './prepared.ts';

export class ConnectionSink implements RowsTarget {
  readonly #writer: ResponseWriter;
  readonly #columnBytes: ColumnBytes;
  readonly #used: (keyspace: string) => void;
  #began = 0;
  #stream = 0;
  #version: ProtocolVersion = 4;
  /** Of the result's metadata, when the client of v5 knows another. */
  #changedId: Uint8Array | undefined;
  #warnings: string[] = [];
  #columns: readonly ResultColumn[] = [];
  #skipMetadata = false;
  #tracingId: Uint8Array | undefined;
  /** A result was written. */
  done = false;
  readonly client: Client;

  /** @param used told of a USE. */
  constructor(writer: ResponseWriter, columnBytes: ColumnBytes, client: Client, used: (keyspace: string) => void) {
    this.#writer = writer;
    this.#columnBytes = columnBytes;
    this.client = client;
    this.#used = used;
  }
  /** Before each request. @param warnings filled while it is executed. */
  begin(
    stream: number,
    version: ProtocolVersion,
    warnings: string[],
    changedId: Uint8Array | undefined,
    tracingId: Uint8Array | undefined,
  ): void {
    this.#stream = stream;
    this.#version = version;
    this.#warnings = warnings;
    this.#changedId = changedId;
    this.#tracingId = tracingId;
    this.done = false;
  }
  aside(warnings: string[], keeps: boolean): ResultSink {
    const own = new ConnectionSink(this.#writer, this.#columnBytes, this.client, this.#used);
    own.begin(this.#stream, this.#version, warnings, this.#changedId, this.#tracingId);
    const rows = this.#writer.takeRows();
    return new LaterRows(own, keeps ? rows : new HeldRows(), this.#columns, this.#skipMetadata);
  }
  get #extras(): ResponseExtras | undefined {
    if (this.#tracingId === undefined && this.#warnings.length === 0) return undefined;
    return {
      ...(this.#tracingId === undefined ? {} : { tracingId: this.#tracingId }),
      ...(this.#warnings.length === 0 ? {} : { warnings: this.#warnings }),
    };
  }
  get sizeBytes(): number {
    return this.#writer.length - this.#began;
  }
  void(): void {
    this.done = true;
    this.#writer.void(this.#stream, this.#extras);
  }
  setKeyspace(name: string): void {
    this.done = true;
    this.#used(name);
    this.#writer.setKeyspace(this.#stream, name, this.#extras);
  }
  schemaChange(change: SchemaChange): void {
    this.done = true;
    this.#writer.schemaChange(this.#stream, wireSchemaChange(change), this.#extras);
  }
  beginRows(columns: readonly ResultColumn[], skipMetadata: boolean): void {
    this.#began = this.#writer.length;
    this.#columns = columns;
    this.#skipMetadata = skipMetadata;
    const encoded = this.#columnBytes.of(columns, this.#version);
    // Warnings come with the end: reading gives rise to them.
    const extras = this.#tracingId === undefined ? undefined : { tracingId: this.#tracingId };
    this.#writer.beginRows(this.#stream, encoded, skipMetadata, this.#changedId, extras);
  }
  cell(bytes: Uint8Array, from: number, size: number): void {
    this.#writer.cell(bytes, from, size);
  }
  cells(bytes: Uint8Array, from: number, size: number): void {
    this.#writer.cells(bytes, from, size);
  }
  endRow(): void {
    this.#writer.endRow();
  }
  get rowTarget(): RowTarget {
    return this.#writer.rowOutput;
  }
  wroteRows(count: number): void {
    this.#writer.wroteRows(count);
  }
  rows(held: HeldRows): void {
    this.#writer.rows(held);
  }
  endRows(pagingState: Uint8Array | undefined): void {
    this.done = true;
    if (this.#warnings.length > 0) this.#writer.lateWarnings(this.#warnings, this.#tracingId !== undefined);
    this.#writer.endRows(pagingState);
  }
}

export function wireSchemaChange({ change, target, keyspace, name, args }: SchemaChange): WireSchemaChange {
  if (target === 'KEYSPACE') return { change, target, keyspace };
  if (target === 'FUNCTION' || target === 'AGGREGATE')
    return { change, target, keyspace, name: name ?? '', argumentTypes: args ?? [] };
  return { change, target, keyspace, name: name ?? '' };
}
type WireSchemaChange = Parameters<ResponseWriter['schemaChange']>[1];
