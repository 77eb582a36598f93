/** The nearest rows so far, the nearest first, as a result's rows: each is offered by how near it is, then written. */
import { ByteSink } from '@skerry/domain-values';
import type { RowSink } from '../contract.ts';

type Found = { readonly nearness: number; readonly cells: Uint8Array };

export class NearestRows implements RowSink {
  #found: Found[] = [];
  #wanted = 0;
  /** Of the row that is written. */
  #nearness = 0;
  readonly #cells = new ByteSink(256);
  /** No page is cut for its size. */
  readonly sizeBytes = 0;

  begin(wanted: number): void {
    this.#found = [];
    this.#wanted = wanted;
  }
  /** True: it is among the nearest, and written next. */
  offer(nearness: number): boolean {
    const last = this.#found.at(-1);
    if (Number.isNaN(nearness)) return false;
    if (last !== undefined && this.#found.length === this.#wanted && nearness <= last.nearness) return false;
    this.#nearness = nearness;
    this.#cells.length = 0;
    return true;
  }
  cell(bytes: Uint8Array, from: number, size: number): void {
    const at = this.#cells.take(4 + Math.max(0, size));
    const out = this.#cells.bytes;
    new DataView(out.buffer, out.byteOffset).setInt32(at, size);
    if (size > 0) out.set(bytes.subarray(from, from + size), at + 4);
  }
  cells(bytes: Uint8Array, from: number, size: number): void {
    const at = this.#cells.take(size);
    this.#cells.bytes.set(bytes.subarray(from, from + size), at);
  }
  endRow(): void {
    let at = this.#found.length;
    while (at > 0 && (this.#found[at - 1] as Found).nearness < this.#nearness) at -= 1;
    this.#found.splice(at, 0, { nearness: this.#nearness, cells: this.#cells.bytes.slice(0, this.#cells.length) });
    if (this.#found.length > this.#wanted) this.#found.pop();
  }
  /** All that was found, as rows of `sink`. */
  tell(sink: RowSink): void {
    for (const { cells } of this.#found) {
      sink.cells(cells, 0, cells.length);
      sink.endRow();
    }
    this.#found = [];
  }
}
