/**
 * What can be done to the tree: the commands that travel in log records.
 *
 * Assumes: whoever proposes has drawn every id, so that applying needs no chance; times are those of the record.
 */
import type { BlobId } from '@skerry/kernel';
import type { Extent } from './extents.ts';
import type { EntryId, Place } from './ids.ts';

/** Most that the owner may use; undefined: no quota. */
export type Quota = { readonly bytes: number | undefined; readonly files: number | undefined };

/** What must stand at the place for a put to take effect. */
export type PutCondition =
  /** Anything but a directory: the last commit wins whole. */
  | { readonly kind: 'any' }
  /** Nothing: a unique name. */
  | { readonly kind: 'absent' }
  /** The version with this log index (0: nothing): an append, which must not swallow another's. */
  | { readonly kind: 'version'; readonly version: number };

/** The new bytes of a put, behind the extents that it shares. */
export type PutTail =
  | { readonly kind: 'none' }
  /** At most {@link inlineSizeMaxBytes}, kept under this id. */
  | { readonly kind: 'inline'; readonly blob: BlobId; readonly bytes: Uint8Array }
  /** The first `length` bytes of a blob that is durable. */
  | { readonly kind: 'blob'; readonly blob: BlobId; readonly length: number };

/** Publishes a version. */
export type Put = {
  readonly kind: 'put';
  readonly place: Place;
  /** The writer: owns the version, and the stage that it was or that is in its way. */
  readonly user: string;
  readonly group: string;
  /** For a new file; a replaced one keeps its own, and its id. */
  readonly mode: number;
  readonly fileId: EntryId;
  readonly condition: PutCondition;
  readonly quota: Quota;
  /** Shared with versions or stages that are still there; else `blob_dead`. */
  readonly prefix: readonly Extent[];
  readonly tail: PutTail;
  /**
   * Fencing token of the writer's stage, when it has one. Without it a stage that a cut left is dropped, and one that
   * somebody writes to is superseded.
   */
  readonly token: number | undefined;
};
/** Makes or takes over the user's stage of a place; its log index becomes the fencing token. */
export type OpenStage = {
  readonly kind: 'openStage';
  readonly place: Place;
  readonly user: string;
  /** Token of the stage that this one goes on from; 0: from none, and what is there is dropped. */
  readonly from: number;
  readonly prefix: readonly Extent[];
  readonly blob: BlobId;
  readonly blobLength: number;
  readonly cut: boolean;
  /** Another upload of the user to the place runs beside it. */
  readonly superseded: boolean;
  readonly quota: Quota;
};
/** More bytes of a stage are durable, or it was cut. */
export type ExtendStage = {
  readonly kind: 'extendStage';
  readonly place: Place;
  readonly user: string;
  readonly token: number;
  readonly blobLength: number;
  readonly cut: boolean;
  readonly quota: Quota;
};
/** Another upload of the user to the place begins: what is staged there may be published, and not be resumed. */
export type SupersedeStage = { readonly kind: 'supersedeStage'; readonly place: Place; readonly user: string };
export type DropStage = {
  readonly kind: 'dropStage';
  readonly place: Place;
  readonly user: string;
  /** Undefined: whatever is there. */
  readonly token: number | undefined;
};
/** Makes `names`, each in the one before, below `directory`. */
export type MakeDirectory = {
  readonly kind: 'makeDirectory';
  readonly directory: EntryId;
  readonly names: readonly string[];
  /** One for each name. */
  readonly ids: readonly EntryId[];
  /** Those that are there already are no failure, the last included. */
  readonly parents: boolean;
  readonly user: string;
  readonly group: string;
  readonly mode: number;
};
export type RemoveDirectory = { readonly kind: 'removeDirectory'; readonly place: Place };
/** Also the user's stage of the place; enough when there is only that. */
export type RemoveFile = { readonly kind: 'removeFile'; readonly place: Place; readonly user: string };
/** Replaces a file at `to`, and drops the user's stage there. */
export type Rename = { readonly kind: 'rename'; readonly from: Place; readonly to: Place; readonly user: string };
export type SetAttributes = {
  readonly kind: 'setAttributes';
  readonly place: Place;
  readonly modifiedMs: number | undefined;
  readonly mode: number | undefined;
  readonly createdMs?: number | undefined;
};
/**
 * Appends the files at `parts` to the one at `place`, which may be missing, and removes them: their pieces become its
 * pieces, and no byte is copied.
 */
export type Combine = {
  readonly kind: 'combine';
  readonly place: Place;
  /** Each once, and not the place itself. */
  readonly parts: readonly Place[];
  /** Owns the whole; the stages of this user at all these places are dropped. */
  readonly user: string;
  readonly group: string;
  /** For a new file. */
  readonly mode: number;
  readonly fileId: EntryId;
  readonly quota: Quota;
};
/** Marks dead those of the blobs to which nothing refers. */
export type Forget = { readonly kind: 'forget'; readonly blobs: readonly BlobId[] };
/**
 * Puts one blob in the place of some neighbouring extents that hold the same bytes. Neither version nor times change.
 */
export type Compact = {
  readonly kind: 'compact';
  readonly place: Place;
  readonly version: number;
  /** Index of the first of them. */
  readonly first: number;
  readonly replaced: readonly Extent[];
  readonly tail: PutTail;
};

export type FileTreeCommand =
  | Put
  | OpenStage
  | ExtendStage
  | SupersedeStage
  | DropStage
  | MakeDirectory
  | RemoveDirectory
  | RemoveFile
  | Rename
  | SetAttributes
  | Forget
  | Compact
  | Combine;

/** What the host does beside the state. Idempotent: a crash may repeat it. */
export type FileTreeEffect =
  | { readonly kind: 'content'; readonly blob: BlobId; readonly bytes: Uint8Array }
  /** A version or a stage names the first `length` bytes of a blob, which came beside the log. */
  | { readonly kind: 'needed'; readonly blob: BlobId; readonly length: number }
  | { readonly kind: 'forget'; readonly blob: BlobId };
