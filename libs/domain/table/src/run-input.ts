/** A run to be merged with others. */
import type { BlockCodec } from './block.ts';
import type { BlockReader } from './block-store.ts';
import type { PartitionHead } from './partition-head.ts';
import type { PartitionInput } from './partition-input.ts';
import { atEntryFlags, entryContinues, entryHeadSizeBytes, entryPlain } from './run-format.ts';
import { LoadedBlock, type Run } from './run.ts';
import { RunScan } from './run-scan.ts';
import { RunSource } from './run-source.ts';

const noBytes = new Uint8Array(0);

export class RunInput implements PartitionInput {
  readonly #run: Run;
  readonly #scan: RunScan;
  readonly #source: RunSource;

  // What is merged is read once, and from the store itself: no cache.
  constructor(run: Run, codec: BlockCodec, reader: () => BlockReader) {
    this.#run = run;
    this.#scan = new RunScan(new LoadedBlock(codec, reader(), undefined));
    this.#source = new RunSource(codec, reader, undefined);
    this.#scan.openAll(run);
  }
  get isOpen(): boolean {
    return this.#scan.isOpen;
  }
  get tokenHi(): number {
    return this.#scan.tokenHi;
  }
  get tokenLo(): number {
    return this.#scan.tokenLo;
  }
  get keyBytes(): Uint8Array {
    return this.#scan.bytes;
  }
  get keyFrom(): number {
    return this.#scan.keyFrom;
  }
  get keySize(): number {
    return this.#scan.keySize;
  }
  get plainBytes(): Uint8Array {
    return this.#scan.bytes;
  }
  get plainFrom(): number {
    return this.#scan.keyFrom + this.#scan.keySize;
  }
  get plainSize(): number {
    const { loaded, entry, keySize } = this.#scan;
    const flags = loaded.view.getUint8(entry + atEntryFlags);
    if ((flags & (entryPlain | entryContinues)) !== entryPlain) return 0;
    return loaded.view.getUint32(entry) - entryHeadSizeBytes - keySize;
  }
  open(head: PartitionHead): void {
    const source = this.#source;
    source.openEntry(this.#run, this.#scan.loaded, this.#scan.entry, false);
    head.addUnits(source.headBytes, source.headView, source.headFrom, source.headTo);
    source.seek(noBytes, 0, 0, false);
  }
  get bytes(): Uint8Array {
    return this.#source.bytes;
  }
  get view(): DataView {
    return this.#source.view;
  }
  get row(): number {
    return this.#source.row;
  }
  nextRow(): void {
    this.#source.advance();
  }
  nextPartition(): void {
    this.#source.close();
    this.#scan.advance();
  }
}
