/** Rows that are not in a frame yet: of a result that takes several turns, while other results are written. */
import { bodySizeMaxBytes } from './frame-reader.ts';
import { Output } from './output.ts';

export class HeldRows {
  readonly #out = new Output(bodySizeMaxBytes);
  #count = 0;

  get count(): number {
    return this.#count;
  }
  get sizeBytes(): number {
    return this.#out.length;
  }
  /** They are more than a frame takes; some are lost. */
  get overflown(): boolean {
    return this.#out.overflown;
  }
  /** They will be more. */
  overflow(): void {
    this.#out.overflown = true;
  }
  /** As the writer's methods of the same names. */
  cell(bytes: Uint8Array, start: number, length: number): void {
    this.#out.prefixedPart(bytes, start, length < 0 ? -1 : length);
  }
  cells(bytes: Uint8Array, start: number, length: number): void {
    this.#out.part(bytes, start, length);
  }
  endRow(): void {
    this.#count += 1;
  }
  get rowOutput(): Output {
    return this.#out;
  }
  wroteRows(count: number): void {
    this.#count += count;
  }
  /** Rows that stand in a frame. */
  add(bytes: Uint8Array, start: number, length: number, count: number): void {
    this.#out.part(bytes, start, length);
    this.#count += count;
  }
  /** All cells of all rows; they are the caller's. */
  take(): Uint8Array {
    return this.#out.take();
  }
}
