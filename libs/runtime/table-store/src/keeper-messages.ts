/** What is said between a store and the thread that keeps its runs. Images of memory, indexes and filters are shared memory. */
import type { MergeTime, RunParts, TableSchema } from '@skerry/domain-table';
import type { Reason } from '@skerry/kernel';
import type { FlushJob } from './keeper.ts';
import type { RunSizes } from './run-keys.ts';

export type KeeperData = { readonly path: string; readonly mapSizeBytes: number };
export type NewRunParts = { readonly run: RunParts; readonly sizes: RunSizes };

export type ToKeeper = { readonly id: number } & (
  | { readonly kind: 'flush'; readonly job: FlushJob }
  | {
      readonly kind: 'merge';
      readonly schema: TableSchema;
      readonly runs: readonly RunParts[];
      /** Words of filters. */
      readonly others: readonly Int32Array[];
      readonly number: number;
      readonly time: MergeTime;
    }
  | { readonly kind: 'remove'; readonly runs: readonly number[] }
  | { readonly kind: 'close' }
);
export type FromKeeper = { readonly id: number } & (
  | { readonly kind: 'runs'; readonly runs: readonly NewRunParts[] }
  | { readonly kind: 'failed'; readonly reason: Reason; readonly message: string }
);
