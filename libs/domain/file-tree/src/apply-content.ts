/**
 * Commands that touch content: put, compact, forget, and the life of a stage. All checks come before the first write.
 */
import { type BlobId, StatusError, utf8 } from '@skerry/kernel';
import { blobsOf, type Change, quotaFault, stagedFault } from './change.ts';
import type { Compact, DropStage, ExtendStage, Forget, OpenStage, Put, PutTail, SupersedeStage } from './command.ts';
import { type EntryVersion, namedHead } from './entry.ts';
import { type Extent, joinExtents, lengthOf, sameExtents } from './extents.ts';
import type { Place } from './ids.ts';
import { extentCountMax, inlineSizeMaxBytes, ownerSizeMaxBytes } from './limits.ts';
import type { Outcome } from './outcome.ts';
import { nameFault, quote } from './path.ts';
import { entryAt, isDead, isReferenced } from './read.ts';

const done: Outcome = { ok: true };

/** @throws StatusError when the directory is gone or the name cannot be. */
export function checkPlace(change: Change, place: Place): void {
  if (!change.isDirectory(place.directory))
    throw new StatusError('no_such_entry', `Cannot reach ${quote(place.name)}: its directory was removed`);
  const fault = nameFault(place.name);
  if (fault !== undefined) throw fault;
}

export function checkOwner(...names: readonly string[]): void {
  for (const name of names)
    if (name.includes('\0') || utf8(name).length > ownerSizeMaxBytes)
      throw new StatusError(
        'malformed',
        `Cannot use the owner ${quote(name)}: over ${ownerSizeMaxBytes} bytes, or with NUL`,
      );
}

export function fileAt(change: Change, place: Place): EntryVersion | undefined {
  const before = entryAt(change.state, place);
  if (before?.kind === 'directory')
    throw new StatusError('is_a_directory', `Cannot store ${quote(place.name)}: a directory stands there`);
  return before;
}

function checkCondition({ condition, place }: Put, before: EntryVersion | undefined): void {
  if (condition.kind === 'absent' && before !== undefined)
    throw new StatusError('entry_exists', `Cannot store ${quote(place.name)}: something stands there`);
  const version = before?.version ?? 0;
  if (condition.kind === 'version' && condition.version !== version)
    throw new StatusError(
      'version_conflict',
      `Cannot append to ${quote(place.name)}: version ${condition.version} is wanted, ${version} is there`,
    );
}

function checkToken(change: Change, place: Place, user: string, token: number): void {
  const found = change.stage(place, user)?.token;
  if (found !== token)
    throw new StatusError(
      'fenced',
      `Cannot go on with ${quote(place.name)}: upload ${token} was replaced by ${found ?? 'none'}`,
    );
}

const deadBlob = (blob: string): StatusError =>
  new StatusError('blob_dead', `Cannot use content ${blob}: it was removed meanwhile`);

export function checkCount({ length }: readonly Extent[]): void {
  if (length > extentCountMax)
    throw new StatusError(
      'overloaded',
      `Cannot store a file of ${length} pieces: limit ${extentCountMax}; try again later`,
    );
}
function checkShared(change: Change, extents: readonly Extent[]): void {
  for (const { blob } of extents) if (!isReferenced(change.state, blob)) throw deadBlob(blob);
}

/** The tail as an extent. A blob that is not referenced yet is taken while it is not dead. */
function checkTail(change: Change, tail: PutTail): readonly Extent[] {
  if (tail.kind === 'none') return [];
  if (tail.kind === 'inline' && tail.bytes.length > inlineSizeMaxBytes)
    throw new StatusError(
      'too_large',
      `Cannot keep ${tail.bytes.length} bytes in a record: limit ${inlineSizeMaxBytes}`,
    );
  // An id that is used twice would give an old version new bytes.
  if (isDead(change.state, tail.blob) || (tail.kind === 'inline' && change.references(tail.blob) > 0))
    throw deadBlob(tail.blob);
  const length = tail.kind === 'inline' ? tail.bytes.length : tail.length;
  return [{ blob: tail.blob, offset: 0, length }];
}

function keepTail(change: Change, tail: PutTail): void {
  if (tail.kind === 'inline' && tail.bytes.length > 0)
    change.effects.push({ kind: 'content', blob: tail.blob, bytes: tail.bytes });
  if (tail.kind === 'blob') need(change, tail.blob, tail.length);
}
function need(change: Change, blob: BlobId, length: number): void {
  if (length > 0) change.effects.push({ kind: 'needed', blob, length });
}

export function applyPut(change: Change, put: Put): Outcome {
  const { place, user } = put;
  checkPlace(change, place);
  checkOwner(user, put.group);
  if (put.token !== undefined) checkToken(change, place, user, put.token);
  const before = fileAt(change, place);
  checkCondition(put, before);
  const tail = checkTail(change, put.tail);
  const extents = joinExtents([...put.prefix, ...tail]);
  checkShared(change, put.prefix);
  checkCount(extents);
  const size = lengthOf(extents);
  const fault = quotaFault(change.usage(user), user, put.quota, size, before);
  if (fault !== undefined) throw fault;

  const stamp = change.stamp(before?.context);
  const version: EntryVersion = {
    kind: 'file',
    id: before?.id ?? put.fileId,
    size,
    modifiedMs: change.nowMs,
    createdMs: before?.createdMs ?? change.nowMs,
    mode: before?.mode ?? put.mode & 0o7777,
    version: stamp.version,
    owner: user,
    group: put.group,
    epoch: stamp.epoch,
    time: stamp.time,
    operation: stamp.operation,
    context: stamp.context,
    extents,
  };
  keepTail(change, put.tail);
  change.addReferences(blobsOf(extents));
  if (before !== undefined) change.releaseVersion(before);
  const stage = change.stage(place, user);
  // A writer without a token leaves another's live stage alone: that one may still publish the whole that it has.
  if (put.token !== undefined || stage?.mark === 'cut') change.dropStage(place, user, stage);
  else if (stage !== undefined) change.changeStage(place, user, stage, { mark: 'superseded' });
  change.addUsage(user, { bytes: size, files: 1 });
  change.writeEntry(place, version);
  change.touch(place.directory);
  return { ok: true, entry: namedHead(version, place.name) };
}

export function applyOpenStage(change: Change, command: OpenStage): Outcome {
  const { place, user, blob, blobLength, prefix, cut } = command;
  checkPlace(change, place);
  checkOwner(user);
  const file = fileAt(change, place);
  const before = change.stage(place, user);
  if (command.from !== 0 && before?.token !== command.from)
    throw new StatusError('stage_moved', `Cannot go on with ${quote(place.name)}: its upload was replaced meanwhile`);
  checkShared(change, prefix);
  checkCount(prefix);
  if (isDead(change.state, blob)) throw deadBlob(blob);
  const usage = change.usage(user);
  const by = { stagedBytes: blobLength - (before?.blobLength ?? 0), stages: before === undefined ? 1 : 0 };
  const fault =
    stagedFault(usage, user, command.quota, by) ??
    quotaFault(usage, user, command.quota, lengthOf(prefix) + blobLength, file);
  if (fault !== undefined) throw fault;

  const openedMs = command.from === 0 ? change.nowMs : (before?.openedMs ?? change.nowMs);
  const token = change.record.index;
  need(change, blob, blobLength);
  const superseded = command.superseded || (command.from !== 0 && before?.mark === 'superseded');
  const mark = superseded ? 'superseded' : cut ? 'cut' : 'live';
  change.writeStage(place, user, { token, prefix, blob, blobLength, mark, openedMs, changedMs: change.nowMs }, before);
  return { ok: true, token };
}

export function applyExtendStage(change: Change, command: ExtendStage): Outcome {
  const { place, user, token, blobLength, cut } = command;
  checkToken(change, place, user, token);
  const before = change.stage(place, user);
  if (before === undefined) return done;
  const usage = change.usage(user);
  const by = { stagedBytes: blobLength - before.blobLength, stages: 0 };
  const fault =
    stagedFault(usage, user, command.quota, by) ??
    quotaFault(usage, user, command.quota, lengthOf(before.prefix) + blobLength, entryAt(change.state, place));
  // What a cut left is kept as it is, whatever the quota says to more of it: it never grows by being cut.
  if (fault !== undefined && !cut) throw fault;
  need(change, before.blob, blobLength);
  const mark = before.mark === 'superseded' ? before.mark : cut ? 'cut' : 'live';
  change.changeStage(place, user, before, { blobLength, mark });
  return done;
}

export function applySupersedeStage(change: Change, { place, user }: SupersedeStage): Outcome {
  const before = change.stage(place, user);
  if (before !== undefined) change.changeStage(place, user, before, { mark: 'superseded' });
  return done;
}

export function applyDropStage(change: Change, { place, user, token }: DropStage): Outcome {
  if (token !== undefined) checkToken(change, place, user, token);
  change.dropStage(place, user);
  return done;
}

export function applyForget(change: Change, { blobs }: Forget): Outcome {
  for (const blob of blobs) if (!isReferenced(change.state, blob)) change.kill(blob);
  return done;
}

export function applyCompact(change: Change, { place, version, first, replaced, tail }: Compact): Outcome {
  const before = entryAt(change.state, place);
  if (before === undefined || before.version !== version)
    throw new StatusError('version_conflict', `Cannot compact ${quote(place.name)}: it was replaced meanwhile`);
  const end = first + replaced.length;
  if (!sameExtents(before.extents.slice(first, end), replaced))
    throw new StatusError('version_conflict', `Cannot compact ${quote(place.name)}: it was compacted meanwhile`);
  const instead = checkTail(change, tail);
  const [length, wanted] = [lengthOf(instead), lengthOf(replaced)];
  if (length !== wanted)
    throw new StatusError(
      'malformed',
      `Cannot compact ${quote(place.name)}: ${wanted} bytes are wanted, ${length} given`,
    );
  const extents = joinExtents([...before.extents.slice(0, first), ...instead, ...before.extents.slice(end)]);
  keepTail(change, tail);
  change.addReferences(blobsOf(extents));
  change.releaseReferences(blobsOf(before.extents));
  change.writeEntry(place, { ...before, extents });
  return { ok: true, entry: namedHead(before, place.name) };
}
