/** Goes through the partitions of one run in their order. */
import { compareHalves, compareRanges } from './sink.ts';
import {
  atEntryFlags,
  atEntryKeySize,
  atEntryTokenHi,
  atEntryTokenLo,
  blockHeadSizeBytes,
  entryContinued,
  entryContinues,
  entryHeadSizeBytes,
} from './run-format.ts';
import type { LoadedBlock, Run } from './run.ts';
import type { TokenRange } from './store.ts';

export class RunScan {
  /** The block that it stands in. */
  readonly loaded: LoadedBlock;
  run: Run | undefined;
  /** Where its entry begins. */
  entry = 0;
  isOpen = false;
  tokenHi = 0;
  tokenLo = 0;
  keyFrom = 0;
  keySize = 0;

  constructor(loaded: LoadedBlock) {
    this.loaded = loaded;
  }
  get bytes(): Uint8Array {
    return this.loaded.bytes;
  }
  close(): void {
    this.isOpen = false;
  }
  openAll(run: Run): void {
    this.run = run;
    this.isOpen = run.index.count > 0;
    if (!this.isOpen) return;
    this.loaded.load(run, 0);
    this.entry = blockHeadSizeBytes;
    this.#settle(run);
  }
  /** At the first partition in the range, or behind it. */
  openRange(run: Run, range: TokenRange): void {
    this.run = run;
    this.isOpen = run.index.count > 0;
    if (!this.isOpen) return;
    const { loaded } = this;
    loaded.load(run, run.index.before(range.fromHi, range.fromLo));
    this.entry = blockHeadSizeBytes;
    if ((loaded.view.getUint8(this.entry + atEntryFlags) & entryContinued) !== 0)
      this.entry += loaded.view.getUint32(this.entry);
    this.#settle(run);
    while (this.isOpen && this.#isBefore(range)) this.advance();
  }
  #isBefore({ fromHi, fromLo, fromInclusive, afterKey }: TokenRange): boolean {
    const order = compareHalves(this.tokenHi, this.tokenLo, fromHi, fromLo);
    if (order !== 0) return order < 0;
    if (afterKey === undefined) return !fromInclusive;
    const { keyFrom, keySize } = this;
    return compareRanges(this.bytes, keyFrom, keyFrom + keySize, afterKey, 0, afterKey.length) <= 0;
  }
  advance(): void {
    const { run, loaded } = this;
    if (run === undefined) return;
    const { view } = loaded;
    if ((view.getUint8(this.entry + atEntryFlags) & entryContinues) !== 0) {
      // Behind its last part, with which a block begins.
      loaded.load(run, run.index.lastOf(loaded.block));
      this.entry = blockHeadSizeBytes + loaded.view.getUint32(blockHeadSizeBytes);
    } else this.entry += view.getUint32(this.entry);
    this.#settle(run);
  }
  #settle(run: Run): void {
    const { loaded } = this;
    if (this.entry >= loaded.size) {
      if (loaded.block + 1 >= run.index.count) {
        this.isOpen = false;
        return;
      }
      loaded.load(run, loaded.block + 1);
      this.entry = blockHeadSizeBytes;
    }
    const { view } = loaded;
    const { entry } = this;
    this.tokenHi = view.getInt32(entry + atEntryTokenHi);
    this.tokenLo = view.getInt32(entry + atEntryTokenLo);
    this.keyFrom = entry + entryHeadSizeBytes;
    this.keySize = view.getUint16(entry + atEntryKeySize);
  }
}
