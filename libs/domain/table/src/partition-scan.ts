/** The partitions of a token range in memory and runs, each once, in their order. */
import { assert } from '@skerry/kernel';
import type { BlockCodec } from './block.ts';
import type { BlockCache } from './block-cache.ts';
import type { BlockReader } from './block-store.ts';
import { type Layers, nothingStored } from './layers.ts';
import type { LoneRow } from './lone-row.ts';
import type { Memtable } from './memtable.ts';
import { LoadedBlock } from './run.ts';
import { RunScan } from './run-scan.ts';
import { MemoryScan } from './scan.ts';
import { compareHalves, compareRanges } from './sink.ts';
import type { TokenRange } from './store.ts';

const noBytes = new Uint8Array(0);

export class PartitionScan {
  readonly active = new MemoryScan();
  readonly sealed = new MemoryScan();
  /** As many of them are used as {@link runCount} says. */
  readonly runs: RunScan[] = [];
  runCount = 0;
  tokenHi = 0;
  tokenLo = 0;
  /** Valid until the next step. */
  keyBytes: Uint8Array = noBytes;
  keyFrom = 0;
  keySize = 0;
  /** Who has the partition: numbers among `runs`. */
  readonly having: number[] = [];
  /** So many of them are meant. */
  havingCount = 0;
  inActive = false;
  inSealed = false;
  #any = false;
  readonly #codec: BlockCodec;
  readonly #reader: () => BlockReader;
  readonly #cache: BlockCache;
  #range: TokenRange | undefined;

  constructor(codec: BlockCodec, reader: () => BlockReader, cache: BlockCache) {
    this.#codec = codec;
    this.#reader = reader;
    this.#cache = cache;
  }
  open({ active, sealed, tables }: Layers, table: number, range: TokenRange): void {
    this.#range = range;
    this.#any = false;
    this.havingCount = 0;
    this.inActive = false;
    this.inSealed = false;
    this.active.open(active, table, range);
    if (sealed === undefined) this.sealed.close();
    else this.sealed.open(sealed, table, range);
    const { runs } = tables.get(table) ?? nothingStored;
    this.runCount = runs.length;
    for (const [i, run] of runs.entries()) {
      const scan = (this.runs[i] ??= new RunScan(new LoadedBlock(this.#codec, this.#reader(), this.#cache)));
      scan.openRange(run, range);
      this.#close(scan, range);
    }
  }
  #close(scan: RunScan, { toHi, toLo }: TokenRange): void {
    if (scan.isOpen && compareHalves(scan.tokenHi, scan.tokenLo, toHi, toLo) > 0) scan.close();
  }
  /** Goes to the next partition. */
  next({ active, sealed }: Layers): boolean {
    this.#advance();
    this.havingCount = 0;
    this.inActive = false;
    this.inSealed = false;
    this.#any = false;
    if (this.active.partition >= 0) {
      this.#takeMemory(active, this.active);
      this.inActive = true;
    }
    if (this.sealed.partition >= 0) {
      assert(sealed !== undefined, 'what is scanned is there');
      const order = this.#order(sealed, this.sealed.partition);
      if (order < 0) {
        this.#takeMemory(sealed, this.sealed);
        this.inActive = false;
      }
      if (order <= 0) this.inSealed = true;
    }
    for (let i = 0; i < this.runCount; i++) this.#considerRun(i);
    return this.#any;
  }
  /** The partition is one row and nothing else: then `lone` has it. */
  isLone({ active, sealed }: Layers, lone: LoneRow): boolean {
    if (this.inActive) {
      return !this.inSealed && this.havingCount === 0 && lone.inMemory(active, this.active.partition);
    }
    if (this.inSealed)
      return this.havingCount === 0 && sealed !== undefined && lone.inMemory(sealed, this.sealed.partition);
    if (this.havingCount !== 1) return false;
    const { loaded, entry } = this.runs[this.having[0] as number] as RunScan;
    return lone.inBlock(loaded, entry);
  }
  #considerRun(i: number): void {
    const scan = this.runs[i] as RunScan;
    if (!scan.isOpen) return;
    let order = -1;
    if (this.#any) {
      order = compareHalves(scan.tokenHi, scan.tokenLo, this.tokenHi, this.tokenLo);
      if (order === 0)
        order = compareRanges(
          scan.bytes,
          scan.keyFrom,
          scan.keyFrom + scan.keySize,
          this.keyBytes,
          this.keyFrom,
          this.keyFrom + this.keySize,
        );
    }
    if (order > 0) return;
    if (order < 0) {
      this.havingCount = 0;
      this.inActive = false;
      this.inSealed = false;
      this.#any = true;
      this.tokenHi = scan.tokenHi;
      this.tokenLo = scan.tokenLo;
      this.keyBytes = scan.bytes;
      this.keyFrom = scan.keyFrom;
      this.keySize = scan.keySize;
    }
    this.having[this.havingCount++] = i;
  }
  #takeMemory(memtable: Memtable, { partition }: MemoryScan): void {
    this.#any = true;
    this.tokenHi = memtable.tokenHi(partition);
    this.tokenLo = memtable.tokenLo(partition);
    this.keyBytes = memtable.bytes;
    this.keyFrom = memtable.keyFrom(partition);
    this.keySize = memtable.keySize(partition);
  }
  /** Of a partition in memory and the one found so far. */
  #order(memtable: Memtable, partition: number): number {
    if (!this.#any) return -1;
    const order = compareHalves(memtable.tokenHi(partition), memtable.tokenLo(partition), this.tokenHi, this.tokenLo);
    if (order !== 0) return order;
    const from = memtable.keyFrom(partition);
    return compareRanges(
      memtable.bytes,
      from,
      from + memtable.keySize(partition),
      this.keyBytes,
      this.keyFrom,
      this.keyFrom + this.keySize,
    );
  }
  /** Behind the partition that was shown. */
  #advance(): void {
    if (this.inActive) this.active.advance();
    if (this.inSealed) this.sealed.advance();
    const range = this.#range;
    if (range === undefined) return;
    for (let i = 0; i < this.havingCount; i++) {
      const scan = this.runs[this.having[i] as number] as RunScan;
      scan.advance();
      this.#close(scan, range);
    }
    this.havingCount = 0;
    this.inActive = false;
    this.inSealed = false;
  }
}
