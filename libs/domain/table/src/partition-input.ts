/** What a run is written from: partitions in their order, of memory or of another run. */
import type { PartitionHead } from './partition-head.ts';

export interface PartitionInput {
  /** It stands at a partition. */
  readonly isOpen: boolean;
  readonly tokenHi: number;
  readonly tokenLo: number;
  readonly keyBytes: Uint8Array;
  readonly keyFrom: number;
  readonly keySize: number;
  /** Where in `plainBytes` all there is of the partition, dense rows, is in one piece; `plainSize` 0: it is not so. */
  readonly plainBytes: Uint8Array;
  readonly plainFrom: number;
  readonly plainSize: number;
  /** Begins to read the partition: what it has beside rows is added to `head`. It stands at its first row. */
  open(head: PartitionHead): void;
  /** The row; -1 behind the last. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly row: number;
  nextRow(): void;
  nextPartition(): void;
}
