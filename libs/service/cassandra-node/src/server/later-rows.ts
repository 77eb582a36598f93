/** A result that comes in a later turn: its rows are held, since the connection writes one answer after the other. */
import type { RowTarget } from '@skerry/domain-table';
import { HeldRows } from '@skerry/protocol-cql';
import type { Client, ResultColumn, ResultSink, SchemaChange } from '../engine/contract.ts';

/** Where all of it goes in the end. */
export type RowsTarget = ResultSink & {
  /** Between `beginRows` and `endRows`. */
  rows(held: HeldRows): void;
};

export class LaterRows implements ResultSink {
  readonly #target: RowsTarget;
  #held: HeldRows;
  #columns: readonly ResultColumn[];
  #skipMetadata: boolean;

  /** @param held what there is already of rows with `columns`. */
  constructor(target: RowsTarget, held: HeldRows, columns: readonly ResultColumn[], skipMetadata: boolean) {
    this.#target = target;
    this.#held = held;
    this.#columns = columns;
    this.#skipMetadata = skipMetadata;
  }
  get client(): Client {
    return this.#target.client;
  }
  get sizeBytes(): number {
    return this.#held.sizeBytes;
  }
  aside(): ResultSink {
    return this;
  }
  void(): void {
    this.#target.void();
  }
  setKeyspace(name: string): void {
    this.#target.setKeyspace(name);
  }
  schemaChange(change: SchemaChange): void {
    this.#target.schemaChange(change);
  }
  beginRows(columns: readonly ResultColumn[], skipMetadata: boolean): void {
    this.#held = new HeldRows();
    this.#columns = columns;
    this.#skipMetadata = skipMetadata;
  }
  cell(bytes: Uint8Array, from: number, size: number): void {
    this.#held.cell(bytes, from, size);
  }
  cells(bytes: Uint8Array, from: number, size: number): void {
    this.#held.cells(bytes, from, size);
  }
  endRow(): void {
    this.#held.endRow();
  }
  get rowTarget(): RowTarget {
    return this.#held.rowOutput;
  }
  wroteRows(count: number): void {
    this.#held.wroteRows(count);
  }
  endRows(pagingState: Uint8Array | undefined): void {
    this.#target.beginRows(this.#columns, this.#skipMetadata);
    this.#target.rows(this.#held);
    this.#target.endRows(pagingState);
  }
}
