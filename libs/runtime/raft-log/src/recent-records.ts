/** The newest records, in memory: an unbroken row up to the last one of the log, bounded in bytes. */
import { AssertionError, type RecordEntry } from '@skerry/kernel';
import { cacheRecordOverheadBytes } from './types.ts';

/** Places that are empty at the front before the array is cut. */
const emptyCountMax = 4_096;
const costBytes = ({ record }: RecordEntry): number => record.length + cacheRecordOverheadBytes;

export class RecentRecords {
  /** Forgotten ones are empty places at the front. */
  #records: (RecordEntry | undefined)[] = [];
  #start = 0;
  #bytes = 0;

  /** Of the oldest one; undefined when there is none. */
  get firstIndex(): number | undefined {
    return this.#records[this.#start]?.index;
  }
  /** With what they cost beside their bytes. */
  get sizeBytes(): number {
    return this.#bytes;
  }
  push(entry: RecordEntry): void {
    const last = this.#records.at(-1);
    if (last !== undefined && last.index + 1 !== entry.index)
      throw new AssertionError(`record ${entry.index} leaves a gap in memory`);
    this.#records.push(entry);
    this.#bytes += costBytes(entry);
  }
  dropFirst(): void {
    const first = this.#records[this.#start];
    if (first === undefined) return;
    this.#records[this.#start] = undefined;
    this.#start += 1;
    this.#bytes -= costBytes(first);
    if (this.#start < emptyCountMax && this.#start < this.#records.length) return;
    this.#records.splice(0, this.#start);
    this.#start = 0;
  }
  truncateFrom(index: number): void {
    for (let last = this.#records.at(-1); last !== undefined && last.index >= index; last = this.#records.at(-1)) {
      this.#records.pop();
      this.#bytes -= costBytes(last);
    }
  }
  clear(): void {
    this.#records = [];
    this.#start = 0;
    this.#bytes = 0;
  }
  /** Those in [first, last], as many as fit, at least one; undefined when `first` is not there. */
  take(first: number, last: number, sizeMaxBytes: number): readonly RecordEntry[] | undefined {
    const { firstIndex } = this;
    if (firstIndex === undefined || first < firstIndex) return undefined;
    const from = this.#start + first - firstIndex;
    return takeFitting(this.#records, from, from + last - first + 1, sizeMaxBytes);
  }
}

/** Records [from, end) as far as they fit, at least one; undefined when there is none at `from`. */
export function takeFitting(
  records: readonly (RecordEntry | undefined)[],
  from: number,
  end: number,
  sizeMaxBytes: number,
): readonly RecordEntry[] | undefined {
  const taken: RecordEntry[] = [];
  let bytes = 0;
  for (let at = from; at < end; at++) {
    const entry = records[at];
    if (entry === undefined) break;
    bytes += entry.record.length;
    if (taken.length > 0 && bytes > sizeMaxBytes) break;
    taken.push(entry);
  }
  return taken.length === 0 ? undefined : taken;
}
