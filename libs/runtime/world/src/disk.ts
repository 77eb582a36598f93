/**
 * Files, as logs and blobs need them. Paths are relative to the disk's root, with `/`, the root itself is `''`;
 * nothing outside it can be named (`path_invalid`, see parseDiskPath).
 *
 * Failures are StatusErrors: `no_such_entry`, `entry_exists`, `disk_full`, `read_only_disk`, `overloaded` when too many
 * files are open, `cancelled` for a file that was closed, and `disk_failed` for all else that the operating system
 * reports. What was written but not synced may be lost, or half there, after a crash; a created, renamed or removed name
 * is durable only after {@link Disk.syncDirectory} of its directory.
 */
export interface Disk {
  /** `create` fails with `entry_exists` when there is one; `write` and `read` fail with `no_such_entry` when there is none. */
  open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile>;
  /** Replaces `to` atomically. */
  rename(from: string, to: string): Promise<void>;
  /** A file or an empty directory. */
  remove(path: string): Promise<void>;
  /** Names in a directory, sorted; `no_such_entry` when there is none. */
  list(directory: string): Promise<readonly string[]>;
  /** With all parents; no failure when it is there. */
  makeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  /** Undefined when there is none. */
  sizeBytes(path: string): Promise<number | undefined>;
}

export interface DiskFile {
  /** Bytes read into `into`; fewer than its length only at the end of the file. */
  read(into: Uint8Array, offset: number): Promise<number>;
  /** The same into several parts, one behind the other in the file. */
  readParts(into: readonly Uint8Array[], offset: number): Promise<number>;
  /** Writes the parts one behind the other, all of them. The parts must not change before it resolves. */
  write(parts: readonly Uint8Array[], offset: number): Promise<void>;
  /** The same, before it returns, for small records on a hot path (no thread hop). */
  writeNow(parts: readonly Uint8Array[], offset: number): void;
  /** Makes the file at least this long with zeros on disk, so that a later sync writes no metadata. */
  allocate(sizeBytes: number): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** Data and what is needed to read it are durable afterwards (fdatasync). A failure is final: the pages are lost (raft.md 49). */
  sync(): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}
