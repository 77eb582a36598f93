/** The log of one member of a replicated group, as the driver of its Raft machine sees it. See README. */
import type { Configuration, Entry, HardState, Position, SnapshotMark, Stored, Write } from '@skerry/cluster-raft';
import type { Epoch, GroupId, LogIndex, RecordEntry, StatusError, Term } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { recordSizeMaxBytes, type WalReport } from '@skerry/runtime-wal';
import type { World } from '@skerry/runtime-world';

/**
 * A write of the machine. An entry that has a `record` is written verbatim, another is encoded; performed in this
 * order: hard state, snapshot (its mark replaces the log and state that were), truncation, entries.
 */
export type LogWrite = Pick<Write, 'hardState' | 'truncateFrom' | 'snapshot'> & {
  readonly entries: readonly (Entry | RecordEntry)[];
};

/**
 * **When the disk refuses.** The machine believes what it has asked for, in order; so the first write that is refused
 * ends the log: it and all later ones are rejected with the same error, `failure` is set, nothing more is read or
 * sent from here. The driver steps down, closes the log and opens it again; what is found then is as after a crash:
 * all that was acknowledged, nothing of the refused write (of one over 2 MiB perhaps its first entries), nothing behind
 * it. A disk that is full or read-only at that time makes the opening fail with that reason: it is tried again later.
 */
export interface RaftLog {
  /**
   * Performs one write, in the order of calls; all writes of a turn of the event loop share one sync. Entries can be
   * read as soon as the call returns. Resolves when all of it is durable. An entry whose index is not behind the last
   * one cuts off that one and all behind it.
   * @throws StatusError `disk_full`, `read_only_disk`; `overloaded` beyond {@link pendingSizeMaxBytes}, `too_large` beyond
   * {@link entryBodySizeMaxBytes}; each of them
   * ends the log, see above. `disk_failed`: final, `onFatal` was called. `shutting_down`.
   */
  write(write: LogWrite): Promise<void>;
  /**
   * The records in (previous, last], as many as fit into `sizeMaxBytes` of records, at least one; from memory when recent,
   * else from disk, without blocking. Undefined when `previous` is not in the log, or `last` is not, or either was
   * cut off while the disk was read: the message is dropped, Raft sends again. Empty when `last` is `previous`.
   * @throws StatusError `corrupt` with file and offset: bits have rotted.
   */
  read(previous: Position, last: LogIndex, sizeMaxBytes: number): Promise<readonly RecordEntry[] | undefined>;
  /** The same, of what is in memory. Undefined too when the first of them is not. */
  readCached(previous: Position, last: LogIndex, sizeMaxBytes: number): readonly RecordEntry[] | undefined;
  /** From the snapshot's index (its term) to the last; undefined outside. */
  termAt(index: LogIndex): Term | undefined;
  /**
   * The state up to `mark.last`, which must be in the log, is durable elsewhere: records up to there may go, and go by
   * whole segments. Resolves when they are gone. A mark that is not behind the present one only tries to cut again.
   * @throws StatusError as {@link write} does, when the mark itself is refused; `disk_full`, `read_only_disk`,
   * `disk_failed` without `failure` when files could not be removed: to be tried again.
   */
  compact(mark: SnapshotMark): Promise<void>;
  /** The newest mark, and the hard state, as written, durable or not. */
  readonly snapshot: SnapshotMark;
  readonly hardState: HardState;
  /** Of the first entry behind the snapshot, there or not. */
  readonly firstIndex: LogIndex;
  /** Written, durable or not; the snapshot's index when no entry follows it. */
  readonly lastIndex: LogIndex;
  /** On disk, with what is not cut yet. */
  readonly sizeBytes: number;
  /** Bytes of records that wait for the disk: for back-pressure. */
  readonly pendingBytes: number;
  /** Why the log takes nothing more. */
  readonly failure: StatusError | undefined;
  /** Ends what was asked for, then the mark of a clean close. */
  close(): Promise<void>;
}

/**
 * `new`: the folder was empty; `initial` is durable there now. `single`: of a replica without others, written by a program
 * before Raft; its records are the entries. `raft`: written by this package.
 */
export type LogOrigin = 'new' | 'single' | 'raft';
export type RaftLogReport = WalReport & {
  readonly origin: LogOrigin;
  readonly epoch: Epoch;
  readonly entryCount: number;
};

export type RaftLogOptions = {
  readonly world: Pick<World, 'disk' | 'random' | 'checksum'>;
  readonly telemetry?: Pick<Telemetry, 'emit'>;
  /** Folder of this log alone, on the world's disk; made when it is not there. */
  readonly directory: string;
  readonly group: GroupId;
  /** What every record must carry. A function is asked once, with the epoch of the records found, if there are any. */
  readonly epoch: Epoch | ((found: Epoch | undefined) => Epoch);
  /** What an empty folder begins with: hard state, and who votes before the first entry (nobody, for one that joins). */
  readonly initial: { readonly hardState: HardState; readonly configuration: Configuration };
  /** Who votes in a log of origin `single`: its node alone. */
  readonly legacyConfiguration: Configuration;
  /** Of the wal. Default there: 64 MiB. */
  readonly segmentSizeBytes?: number;
  /** Of the wal: zeros written ahead. */
  readonly allocationStepBytes?: number;
  /** Newest records kept in memory, bytes with overhead. Default: {@link cacheSizeMaxBytes}. */
  readonly cacheSizeBytes?: number;
  /** Called once: what the disk holds is not known any more, the process must end (raft.md 49). */
  readonly onFatal?: (error: StatusError) => void;
};

export type OpenedRaftLog = {
  readonly log: RaftLog;
  /** For the machine. Bodies of commands and no-ops have their length, not their bytes; to be iterated once. */
  readonly stored: Omit<Stored, 'applied'>;
  readonly report: RaftLogReport;
};

/** Newest records kept in memory: what followers that keep up, and those some seconds behind, are sent from. */
export const cacheSizeMaxBytes = 16 * 1024 * 1024;
/** What a record in memory costs beside its bytes. */
export const cacheRecordOverheadBytes = 256;
/** Bytes of records that wait for the disk, beyond which a write is refused: above the machine's own limit on undecided ones. */
export const pendingSizeMaxBytes = 128 * 1024 * 1024;
/** Largest body of an entry, for the machine's `entrySizeMaxBytes`: a record of the wal, less the record's head. A larger one is refused as `too_large`, which ends the log. */
export const entryBodySizeMaxBytes = recordSizeMaxBytes - 1024;
