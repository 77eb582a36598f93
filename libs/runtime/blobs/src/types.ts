/** Immutable content by id. See README. */
import type { BlobId, OrderedReader, OrderedWriter } from '@skerry/kernel';

export interface Blobs {
  /** A new large blob. It stays a stage until {@link BlobWriter.publish}. @throws StatusError `entry_exists`. */
  create(id: BlobId): Promise<BlobWriter>;
  /**
   * Goes on with a stage at `length` bytes, which must be durable there; what is beyond is cut. @throws
   * `no_such_entry`, `corrupt`.
   */
  resume(id: BlobId, length: number): Promise<BlobWriter>;
  /**
   * Bytes [offset, offset + length) of a published blob, stage or small content, every chunk's checksum verified
   * before its bytes are given. They may be given back (`giveBack` of runtime/world). @throws StatusError `corrupt` (file
   * and offset named), `no_such_entry`.
   */
  read(id: BlobId, range: { readonly offset: number; readonly length: number }): AsyncIterable<Uint8Array>;
  /** Keeps a blob readable until the returned release is called, even when it is forgotten meanwhile. */
  pin(id: BlobId): () => void;
  /**
   * Small content (≤ 64 KiB) that came with a log record. Inside the replica's transaction; `local` is this node's own
   * part of the store. Durable once the log is, or after {@link Blobs.sync}.
   */
  putSmall(id: BlobId, content: Uint8Array, local: OrderedWriter): void;
  /** The log said that nothing refers to it. Idempotent; the file goes once no pin is left. */
  forget(id: BlobId, local: OrderedWriter): void;
  /** Makes all small contents durable beside the log: before the log is cut. */
  sync(): Promise<void>;
  /** Ids of all large blobs and stages on this disk, for the search for orphans. */
  list(): AsyncIterable<{ readonly id: BlobId; readonly published: boolean; readonly lengthBytes: number }>;
  /** Reads and verifies everything, slowly; yields what is damaged. */
  scrub(signal?: AbortSignal): AsyncIterable<{ readonly id: BlobId; readonly error: Error }>;
  close(): Promise<void>;
}

/** What a node has of one content. */
export type Held = {
  /** `stage`: nobody writes it; only {@link CopyKeeper.recover} tells what of it is sound, after a crash. */
  readonly kind: 'small' | 'published' | 'stage' | 'writing';
  /** Of a stage that is written: what is durable. */
  readonly lengthBytes: number;
};

/** What a node needs whose contents have copies elsewhere. */
export interface CopyKeeper extends Blobs {
  describe(id: BlobId): Promise<Held | undefined>;
  /**
   * Verifies a stage that nobody writes and cuts it to what is sound: resolves with its length, in bytes; undefined
   * when not even its header is, then it is gone. @throws StatusError `no_such_entry`, `entry_exists`.
   */
  recover(id: BlobId): Promise<number | undefined>;
  /** A damaged large copy is read no more; its file is kept until {@link CopyKeeper.dropSetAside}. Idempotent. */
  setAside(id: BlobId): Promise<void>;
  dropSetAside(id: BlobId): Promise<void>;
  /** All small contents, in the order of their ids. */
  listSmall(): Iterable<BlobId>;
}

export interface BlobWriter {
  readonly id: BlobId;
  /** Bytes written, and of those the bytes known durable. */
  readonly length: number;
  readonly durableLength: number;
  /**
   * Resolves when more may be written (back-pressure). The bytes are the writer's from now on: written, it gives them
   * back (`giveBack` of runtime/world). @throws `disk_full`, `disk_failed`.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** All bytes so far are on disk; resolves with their number. */
  sync(): Promise<number>;
  /** Syncs, then gives the blob its final name, durably. */
  publish(): Promise<void>;
  /** Keeps the stage and closes the file, synced. */
  suspend(): Promise<void>;
  /** Closes and removes. */
  discard(): Promise<void>;
}

/** Where the small contents' places are kept: a part of the replica's store that is this node's own. */
export type LocalStore = OrderedReader;
