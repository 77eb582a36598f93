/** One record's changes to the tree: entries, references, usage and stages, kept in step with one another. */
import { advanceVector, ByteWriter, prefixEnd, StatusError, versionVectorZero } from '@skerry/kernel';
import type { BlobId, Entry, OrderedWriter, VersionVector } from '@skerry/kernel';
import type { FileTreeEffect, Quota } from './command.ts';
import { encodeEntry, type EntryVersion } from './entry.ts';
import type { Extent } from './extents.ts';
import { type EntryId, type Place, rootDirectory, writeId } from './ids.ts';
import {
  blobInDeadAtKey,
  deadAtKey,
  deadAtPrefix,
  deadKey,
  entryKey,
  parentKey,
  placeInStageKey,
  referencesKey,
  rootKey,
  stageKey,
  stagesOfDirectoryPrefix,
  usageKey,
} from './keys.ts';
import { deadMarkKeptRecords, deadMarkSweepCountMax, stageCountMax, stagedQuotaFactor } from './limits.ts';
import { quote } from './path.ts';
import {
  entryAt,
  isDead,
  placeOfDirectory,
  readUsage,
  referenceCount,
  rootEntry,
  stageOf,
  type Usage,
} from './read.ts';
import { decodeStage, encodeStage, type Stage } from './stage.ts';

const blobsOfStage = (stage: Stage): readonly BlobId[] => [...stage.prefix.map(({ blob }) => blob), stage.blob];

export class Change {
  readonly record: Entry;
  readonly effects: FileTreeEffect[] = [];
  readonly #state: OrderedWriter;
  /** What a record asks for more than once, as it was read or written last. */
  #directory: { readonly id: EntryId; readonly place: Place | undefined } | undefined;
  #references: { readonly blob: BlobId; readonly count: number } | undefined;
  #usage: { readonly owner: string; readonly usage: Usage } | undefined;

  constructor(record: Entry, state: OrderedWriter) {
    this.record = record;
    this.#state = state;
  }

  get nowMs(): number {
    return this.record.time.wallMs;
  }
  get state(): OrderedWriter {
    return this.#state;
  }
  isDirectory(id: EntryId): boolean {
    return id === rootDirectory || this.#placeOf(id) !== undefined;
  }
  /** Of a directory but the root. */
  #placeOf(id: EntryId): Place | undefined {
    if (this.#directory?.id === id) return this.#directory.place;
    const place = placeOfDirectory(this.#state, id);
    this.#directory = { id, place };
    return place;
  }
  isEmpty(directory: EntryId): boolean {
    const prefix = entryKey({ directory, name: '' });
    for (const _ of this.#state.range({ from: prefix, to: prefixEnd(prefix), limit: 1 })) return false;
    return true;
  }

  /** What this record adds to every version that it writes. */
  stamp(
    before: VersionVector = versionVectorZero,
  ): Pick<EntryVersion, 'epoch' | 'version' | 'time' | 'operation' | 'context'> {
    const { epoch, index, time, operationId } = this.record;
    return { epoch, version: index, time, operation: operationId, context: advanceVector(before, epoch, index) };
  }

  writeEntry(place: Place, version: EntryVersion): void {
    this.#state.put(entryKey(place), encodeEntry([version]));
    if (version.kind !== 'directory') return;
    this.#directory = undefined;
    this.#state.put(parentKey(version.id), writeId(new ByteWriter(64), place.directory).text(place.name).finish());
  }
  /** Only the name; references and usage are the caller's. */
  removeName(place: Place): void {
    this.#state.delete(entryKey(place));
  }
  removeDirectory(place: Place, id: EntryId): void {
    this.removeName(place);
    this.#directory = undefined;
    this.#state.delete(parentKey(id));
    const prefix = stagesOfDirectoryPrefix(id);
    const stages = [];
    for (const [key, value] of this.#state.range({ from: prefix, to: prefixEnd(prefix) }))
      stages.push({ ...placeInStageKey(key), stage: decodeStage(value) });
    for (const { place: at, user, stage } of stages) this.#removeStage(at, user, stage);
  }
  /** A name in the directory came, went or was replaced. */
  touch(directory: EntryId): void {
    if (directory === rootDirectory) {
      this.#state.put(rootKey, encodeEntry([{ ...rootEntry(this.#state), modifiedMs: this.nowMs }]));
      return;
    }
    const place = this.#placeOf(directory);
    const version = place === undefined ? undefined : entryAt(this.#state, place);
    // Its place is as it was.
    if (place !== undefined && version !== undefined)
      this.#state.put(entryKey(place), encodeEntry([{ ...version, modifiedMs: this.nowMs }]));
  }

  /** Versions and stages that hold pieces of the blob, each piece counted. */
  references(blob: BlobId): number {
    if (this.#references?.blob === blob) return this.#references.count;
    const count = referenceCount(this.#state, blob);
    this.#references = { blob, count };
    return count;
  }
  addReferences(blobs: Iterable<BlobId>): void {
    for (const blob of blobs) this.#countReferences(blob, this.references(blob) + 1);
  }
  /** A blob to which nothing refers any more is dead from here. Add references before others are released. */
  releaseReferences(blobs: Iterable<BlobId>): void {
    for (const blob of blobs) {
      const count = this.references(blob) - 1;
      if (count > 0) this.#countReferences(blob, count);
      else this.kill(blob);
    }
  }
  #countReferences(blob: BlobId, count: number): void {
    this.#references = { blob, count };
    this.#state.put(referencesKey(blob), new ByteWriter(8).u64(count).finish());
  }
  kill(blob: BlobId): void {
    const { index } = this.record;
    this.#references = undefined;
    this.#state.delete(referencesKey(blob));
    if (!isDead(this.#state, blob)) {
      this.#state.put(deadKey(blob), new ByteWriter(8).u64(index).finish());
      this.#state.put(deadAtKey(index, blob), new Uint8Array(0));
    }
    this.effects.push({ kind: 'forget', blob });
  }
  /** The log decides when a mark goes, not a clock: every replica forgets it at the same record. */
  sweepDeadMarks(): void {
    const upTo = this.record.index - deadMarkKeptRecords;
    if (upTo <= 0) return;
    const range = { from: deadAtPrefix, to: deadAtKey(upTo), limit: deadMarkSweepCountMax };
    const keys = [];
    for (const [key] of this.#state.range(range)) keys.push(key.slice());
    for (const key of keys) {
      this.#state.delete(deadKey(blobInDeadAtKey(key)));
      this.#state.delete(key);
    }
  }

  usage(owner: string): Usage {
    if (this.#usage?.owner === owner) return this.#usage.usage;
    const usage = readUsage(this.#state.get(usageKey(owner)));
    this.#usage = { owner, usage };
    return usage;
  }
  addUsage(owner: string, by: Partial<Usage>): void {
    const before = this.usage(owner);
    const bytes = before.bytes + (by.bytes ?? 0);
    const files = before.files + (by.files ?? 0);
    const stagedBytes = before.stagedBytes + (by.stagedBytes ?? 0);
    const stages = before.stages + (by.stages ?? 0);
    const key = usageKey(owner);
    this.#usage = { owner, usage: { bytes, files, stagedBytes, stages } };
    if (bytes + files + stagedBytes + stages === 0) this.#state.delete(key);
    else this.#state.put(key, new ByteWriter(32).u64(bytes).u64(files).u64(stagedBytes).u64(stages).finish());
  }

  stage(place: Place, user: string): Stage | undefined {
    return stageOf(this.#state, user, place);
  }
  /** In the place of `before`, whose blobs stay when the new stage shares them. */
  writeStage(place: Place, user: string, stage: Stage, before: Stage | undefined): void {
    this.addReferences(blobsOfStage(stage));
    if (before !== undefined) this.#removeStage(place, user, before);
    this.addUsage(user, { stagedBytes: stage.blobLength, stages: 1 });
    this.#state.put(stageKey(place, user), encodeStage(stage));
  }
  changeStage(place: Place, user: string, before: Stage, to: Partial<Pick<Stage, 'blobLength' | 'mark'>>): void {
    const after: Stage = { ...before, ...to, changedMs: this.nowMs };
    this.addUsage(user, { stagedBytes: after.blobLength - before.blobLength });
    this.#state.put(stageKey(place, user), encodeStage(after));
  }
  /** True when there was one. @param stage as it is there. */
  dropStage(place: Place, user: string, stage: Stage | undefined = this.stage(place, user)): boolean {
    if (stage !== undefined) this.#removeStage(place, user, stage);
    return stage !== undefined;
  }
  #removeStage(place: Place, user: string, stage: Stage): void {
    this.releaseReferences(blobsOfStage(stage));
    this.addUsage(user, { stagedBytes: -stage.blobLength, stages: -1 });
    this.#state.delete(stageKey(place, user));
  }

  /** A file's version went: its owner has less, its blobs lose a reference. */
  releaseVersion(version: EntryVersion): void {
    this.releaseReferences(blobsOf(version.extents));
    this.addUsage(version.owner, { bytes: -version.size, files: -1 });
  }
}

export const blobsOf = (extents: readonly Extent[]): readonly BlobId[] => extents.map(({ blob }) => blob);

/** What the quota says to a file of `size` bytes in the place of `before`; what does not grow is always allowed. */
export function quotaFault(
  usage: Usage,
  user: string,
  quota: Quota,
  size: number,
  before: { readonly owner: string; readonly size: number } | undefined,
): StatusError | undefined {
  const own = before !== undefined && before.owner === user ? before : undefined;
  const after = { bytes: usage.bytes + size - (own?.size ?? 0), files: usage.files + (own === undefined ? 1 : 0) };
  return usageFault(usage, user, quota, size, after);
}

/** The same where more changes than one file. `after`: what the user would use; `size`: of the file, for the message. */
export function usageFault(
  usage: Usage,
  user: string,
  quota: Quota,
  size: number,
  { bytes, files }: Pick<Usage, 'bytes' | 'files'>,
): StatusError | undefined {
  if (quota.bytes !== undefined && bytes > quota.bytes && bytes > usage.bytes)
    return new StatusError(
      'quota',
      `Cannot store ${size} bytes: ${quote(user)} would use ${bytes} bytes of ${quota.bytes}`,
    );
  if (quota.files !== undefined && files > quota.files && files > usage.files)
    return new StatusError('quota', `Cannot store a file: ${quote(user)} would have ${files} files of ${quota.files}`);
  return undefined;
}

/** The same for uploads that are no versions yet. `by`: bytes and stages more. */
export function stagedFault(
  usage: Usage,
  user: string,
  quota: Quota,
  by: Pick<Usage, 'stagedBytes' | 'stages'>,
): StatusError | undefined {
  const stages = usage.stages + by.stages;
  if (stages > stageCountMax && by.stages > 0)
    return new StatusError(
      'quota',
      `Cannot begin an upload: ${quote(user)} has ${usage.stages} unfinished ones, limit ${stageCountMax}`,
    );
  const bytes = usage.stagedBytes + by.stagedBytes;
  if (quota.bytes !== undefined && bytes > stagedQuotaFactor * quota.bytes && by.stagedBytes > 0)
    return new StatusError(
      'quota',
      `Cannot go on with an upload: the unfinished ones of ${quote(user)} would use ${bytes} bytes, ` +
        `limit ${stagedQuotaFactor * quota.bytes}`,
    );
  return undefined;
}
