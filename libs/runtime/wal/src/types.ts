import type { StatusError } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { World } from '@skerry/runtime-world';

export type WalOptions = {
  readonly world: Pick<World, 'disk' | 'random' | 'checksum'>;
  /** Folder of this log alone, on the world's disk; made when it is not there. */
  readonly directory: string;
  readonly telemetry?: Pick<Telemetry, 'emit'>;
  /** A segment takes no further record beyond this. Default: {@link segmentSizeDefaultBytes}. */
  readonly segmentSizeBytes?: number;
  /**
   * Zeros are written this far ahead of the records, so that a sync writes no metadata. Default: {@link
   * allocationStepDefaultBytes}.
   */
  readonly allocationStepBytes?: number;
  /** Called once when the log can take no more records for good: what the disk holds is not known (raft.md 49). */
  readonly onFatal?: (error: StatusError) => void;
};

/** What was found at open. */
export type WalReport = {
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly segmentCount: number;
  /** The log was closed in order, not cut off by a crash. */
  readonly closedCleanly: boolean;
  /** Bytes behind the last whole record that were cut away: of records that were never acknowledged. */
  readonly tornTail: { readonly file: string; readonly offset: number } | undefined;
};

/** 64 MiB: a few seconds of full speed; the grain in which the log is cut. */
export const segmentSizeDefaultBytes = 64 * 1024 * 1024;
/** 4 MiB: some milliseconds of writing zeros, and the least that a log takes on disk. */
export const allocationStepDefaultBytes = 4 * 1024 * 1024;
/** Bytes of records waiting for the disk, beyond which appends are refused: a tenth of a second of a slow disk. */
export const pendingBytesMax = 16 * 1024 * 1024;
/** Records waiting for the disk, beyond which appends are refused. */
export const pendingCountMax = 65_536;
/** Bytes written and synced together, at most: bounds how long one group keeps the next waiting. */
export const groupSizeMaxBytes = 2 * 1024 * 1024;
