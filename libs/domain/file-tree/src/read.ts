/** Questions to the tree. Pure functions over the store: the same on a replica's state and inside an apply. */
import { ByteReader, compareBytes, concatBytes, crc32c, prefixEnd, present, StatusError } from '@skerry/kernel';
import type { BlobId, OrderedReader } from '@skerry/kernel';
import { decodeEntry, decodeHead, decodeNamedHead, type EntryVersion, type NamedHead } from './entry.ts';
import { type EntryId, type Place, readEntryId, rootDirectory } from './ids.ts';
import {
  deadKey,
  entriesOfAllPrefix,
  entriesPrefix,
  entryKey,
  nameInKey,
  parentKey,
  placeInStageKey,
  referencesKey,
  rootKey,
  stageKey,
  stagesPrefix,
  treePrefixes,
  usageKey,
} from './keys.ts';
import type { Extent } from './extents.ts';
import { formatPath, parsePath, quote } from './path.ts';
import { decodeStage, type Stage } from './stage.ts';

/** What an owner has: `bytes` and `files` published, the rest in uploads that are no versions yet. */
export type Usage = {
  readonly bytes: number;
  readonly files: number;
  readonly stagedBytes: number;
  readonly stages: number;
};
export const usageZero: Usage = { bytes: 0, files: 0, stagedBytes: 0, stages: 0 };

/** What a path leads to. */
export type Found =
  | { readonly kind: 'root'; readonly entry: EntryVersion }
  | { readonly kind: 'entry'; readonly place: Place; readonly entry: EntryVersion }
  /** The directory is there, the name is free. */
  | { readonly kind: 'vacant'; readonly place: Place }
  /** A directory on the way is missing (`no_such_entry`) or no directory. */
  | { readonly kind: 'unreachable'; readonly error: StatusError };

/** The place that a path names; the directory on the way is there. */
export type Reached =
  | { readonly kind: 'root' }
  | { readonly kind: 'place'; readonly place: Place }
  | Extract<Found, { kind: 'unreachable' }>;

export function entryAt(reader: OrderedReader, place: Place): EntryVersion | undefined {
  const bytes = reader.get(entryKey(place));
  return bytes === undefined ? undefined : decodeEntry(bytes)[0];
}
/** What a listing shows of it. */
export function headAt(reader: OrderedReader, place: Place): NamedHead | undefined {
  const bytes = reader.get(entryKey(place));
  return bytes === undefined ? undefined : decodeNamedHead(bytes, place.name);
}
/** @throws AssertionError in a store that was not initialised. */
export const rootEntry = (reader: OrderedReader): EntryVersion =>
  present(decodeEntry(present(reader.get(rootKey), 'root entry'))[0], 'root entry');

/** Where a path leads, whatever stands there. @throws StatusError `path_invalid`, `name_too_long`. */
export function placeAt(reader: OrderedReader, path: string): Reached {
  const names = parsePath(path);
  const last = names.at(-1);
  if (last === undefined) return { kind: 'root' };
  let directory = rootDirectory;
  for (const name of names.slice(0, -1)) {
    const bytes = reader.get(entryKey({ directory, name }));
    const head = bytes === undefined ? undefined : decodeHead(bytes);
    if (head?.kind !== 'directory') {
      const [reason, state] =
        head === undefined ? (['no_such_entry', 'is not there'] as const) : (['not_a_directory', 'is a file'] as const);
      const message = `Cannot reach ${quote(path)}: ${quote(name)} on the way ${state}`;
      return { kind: 'unreachable', error: new StatusError(reason, message) };
    }
    directory = head.id;
  }
  return { kind: 'place', place: { directory, name: last } };
}

/** @throws StatusError `path_invalid`, `name_too_long`. */
export function lookup(reader: OrderedReader, path: string): Found {
  const reached = placeAt(reader, path);
  if (reached.kind === 'unreachable') return reached;
  if (reached.kind === 'root') return { kind: 'root', entry: rootEntry(reader) };
  const { place } = reached;
  const entry = entryAt(reader, place);
  return entry === undefined ? { kind: 'vacant', place } : { kind: 'entry', place, entry };
}

/**
 * The entries of a directory in order of their names' bytes.
 * @param after the name behind which to go on; undefined: from the beginning.
 */
export function listDirectory(
  reader: OrderedReader,
  directory: EntryId,
  after: string | undefined,
  limit: number,
): readonly NamedHead[] {
  const prefix = entriesPrefix(directory);
  // No name holds NUL, so that the name with NUL behind it is the next key.
  const from = after === undefined ? prefix : entryKey({ directory, name: `${after}\0` });
  const heads: NamedHead[] = [];
  for (const [key, value] of reader.range({ from, to: prefixEnd(prefix), limit }))
    heads.push(decodeNamedHead(value, nameInKey(key)));
  return heads;
}

/** Undefined for the root, and for what is no directory. */
export function placeOfDirectory(reader: OrderedReader, directory: EntryId): Place | undefined {
  const bytes = reader.get(parentKey(directory));
  if (bytes === undefined) return undefined;
  const fields = new ByteReader(bytes);
  return { directory: readEntryId(fields), name: fields.text() };
}

/** The path of a place now; undefined when its directory is gone. */
export function pathOf(reader: OrderedReader, place: Place): string | undefined {
  const names = [place.name];
  for (let { directory } = place; directory !== rootDirectory;) {
    const above = placeOfDirectory(reader, directory);
    if (above === undefined) return undefined;
    names.push(above.name);
    directory = above.directory;
  }
  return formatPath(names.toReversed());
}

export function stageOf(reader: OrderedReader, user: string, place: Place): Stage | undefined {
  const bytes = reader.get(stageKey(place, user));
  return bytes === undefined ? undefined : decodeStage(bytes);
}

export type PlacedStage = { readonly place: Place; readonly user: string; readonly stage: Stage };

/** All stages in order of their keys, behind `after`. */
export function listStages(
  reader: OrderedReader,
  after: PlacedStage | undefined,
  limit: number,
): readonly PlacedStage[] {
  const from = after === undefined ? stagesPrefix : stageKey(after.place, `${after.user}\0`);
  const stages: PlacedStage[] = [];
  for (const [key, value] of reader.range({ from, to: prefixEnd(stagesPrefix), limit }))
    stages.push({ ...placeInStageKey(key), stage: decodeStage(value) });
  return stages;
}

/** Where a walk over all content goes on. */
export type ContentCursor = Uint8Array;

/**
 * Pieces of blobs that versions and stages name, `limit` versions and stages at a time, in order of their keys; sound
 * while the tree changes between two calls.
 * @param after where the call before ended; undefined: from the beginning.
 */
export function listContent(
  reader: OrderedReader,
  after: ContentCursor | undefined,
  limit: number,
): { readonly extents: readonly Extent[]; readonly after: ContentCursor | undefined } {
  const extents: Extent[] = [];
  let from = after ?? entriesOfAllPrefix;
  let left = limit;
  for (const [prefix, decode] of contentParts) {
    const to = prefixEnd(prefix);
    if (to !== undefined && compareBytes(from, to) >= 0) continue;
    if (compareBytes(from, prefix) < 0) from = prefix;
    for (const [key, value] of reader.range({ from, to, limit: left })) {
      extents.push(...decode(value));
      left -= 1;
      // The next key: no other is between.
      from = concatBytes([key, new Uint8Array(1)]);
    }
    if (left === 0) return { extents, after: from };
  }
  return { extents, after: undefined };
}
const contentParts: readonly (readonly [Uint8Array, (value: Uint8Array) => readonly Extent[]])[] = [
  [entriesOfAllPrefix, (value) => decodeEntry(value).flatMap((version) => version.extents)],
  [
    stagesPrefix,
    (value) => {
      const { prefix, blob, blobLength } = decodeStage(value);
      return blobLength === 0 ? prefix : [...prefix, { blob, offset: 0, length: blobLength }];
    },
  ],
];

export function readUsage(bytes: Uint8Array | undefined): Usage {
  if (bytes === undefined) return usageZero;
  const reader = new ByteReader(bytes);
  return { bytes: reader.u64(), files: reader.u64(), stagedBytes: reader.u64(), stages: reader.u64() };
}
export const usageOf = (reader: OrderedReader, owner: string): Usage => readUsage(reader.get(usageKey(owner)));

/** Versions and stages that hold pieces of the blob, each piece counted. */
export function referenceCount(reader: OrderedReader, blob: BlobId): number {
  const bytes = reader.get(referencesKey(blob));
  return bytes === undefined ? 0 : new ByteReader(bytes).u64();
}
export const isReferenced = (reader: OrderedReader, blob: BlobId): boolean => referenceCount(reader, blob) > 0;
export const isDead = (reader: OrderedReader, blob: BlobId): boolean => reader.get(deadKey(blob)) !== undefined;

/** Equal for equal trees, stages and counts: two replicas that applied the same records. For tests and scrubbing. */
export function treeHash(reader: OrderedReader): string {
  let keys = 0;
  let values = 0;
  for (const prefix of treePrefixes)
    for (const [key, value] of reader.range({ from: prefix, to: prefixEnd(prefix) })) {
      keys = crc32c(key, keys);
      values = crc32c(value, values);
    }
  return `${keys.toString(16).padStart(8, '0')}${values.toString(16).padStart(8, '0')}`;
}
