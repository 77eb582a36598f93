/** Commands that touch names: directories, removal, rename, attributes. All checks come before the first write. */
import { mergeVectors, present, StatusError, versionVectorZero } from '@skerry/kernel';
import { checkOwner, checkPlace } from './apply-content.ts';
import type { Change } from './change.ts';
import type { MakeDirectory, RemoveDirectory, RemoveFile, Rename, SetAttributes } from './command.ts';
import { type EntryVersion, namedHead } from './entry.ts';
import { type EntryId, type Place, rootDirectory } from './ids.ts';
import { depthMax } from './limits.ts';
import type { Outcome } from './outcome.ts';
import { nameFault, quote } from './path.ts';
import { entryAt, placeOfDirectory } from './read.ts';

const done: Outcome = { ok: true };
const shown = (place: Place, entry: EntryVersion): Outcome => ({ ok: true, entry: namedHead(entry, place.name) });

export function presentAt(change: Change, place: Place): EntryVersion {
  const entry = entryAt(change.state, place);
  if (entry === undefined)
    throw new StatusError('no_such_entry', `Cannot find ${quote(place.name)}: nothing stands there`);
  return entry;
}

/** Directories from `directory` up to the root, itself included, the root not. */
function* ancestors(change: Change, directory: EntryId): Iterable<EntryId> {
  for (let id = directory; id !== rootDirectory;) {
    yield id;
    id = present(placeOfDirectory(change.state, id), `place of directory ${id}`).directory;
  }
}
function checkDepth(change: Change, directory: EntryId, more: number): void {
  const depth = [...ancestors(change, directory)].length + more;
  if (depth > depthMax)
    throw new StatusError('name_too_long', `Cannot make a directory: it would be at depth ${depth}, limit ${depthMax}`);
}

export function applyMakeDirectory(change: Change, command: MakeDirectory): Outcome {
  const { names, parents, user, group } = command;
  const [first, last] = [names[0], names.at(-1)];
  if (first === undefined || last === undefined || (names.length > 1 && !parents))
    throw new StatusError('malformed', `Cannot make a directory: ${names.length} names`);
  checkPlace(change, { directory: command.directory, name: first });
  checkOwner(user, group);
  for (const name of names) {
    const fault = nameFault(name);
    if (fault !== undefined) throw fault;
  }
  checkDepth(change, command.directory, names.length);

  // Down what is there; from the first that is missing on, all are made.
  let { directory } = command;
  let made = 0;
  let entry: EntryVersion | undefined;
  for (const name of names) {
    const found = entryAt(change.state, { directory, name });
    if (found === undefined) break;
    if (found.kind === 'file' && parents && made < names.length - 1)
      throw new StatusError('not_a_directory', `Cannot make a directory in ${quote(name)}: a file stands there`);
    if (found.kind === 'file' || !parents)
      throw new StatusError('entry_exists', `Cannot make the directory ${quote(name)}: something stands there`);
    directory = found.id;
    entry = found;
    made += 1;
  }
  for (const [i, name] of names.entries()) {
    if (i < made) continue;
    const [nowMs, id] = [change.nowMs, present(command.ids[i], 'directory id')];
    const times = { createdMs: nowMs, modifiedMs: nowMs };
    entry = {
      kind: 'directory',
      id,
      size: 0,
      ...times,
      mode: command.mode & 0o7777,
      owner: user,
      group,
      extents: [],
      ...change.stamp(),
    };
    change.writeEntry({ directory, name }, entry);
    change.touch(directory);
    directory = id;
  }
  return shown({ directory, name: last }, present(entry, 'directory'));
}

export function applyRemoveDirectory(change: Change, { place }: RemoveDirectory): Outcome {
  const entry = presentAt(change, place);
  if (entry.kind !== 'directory')
    throw new StatusError('not_a_directory', `Cannot remove the directory ${quote(place.name)}: a file stands there`);
  if (!change.isEmpty(entry.id))
    throw new StatusError('directory_not_empty', `Cannot remove the directory ${quote(place.name)}: it is not empty`);
  change.removeDirectory(place, entry.id);
  change.touch(place.directory);
  return done;
}

export function applyRemoveFile(change: Change, { place, user }: RemoveFile): Outcome {
  const entry = entryAt(change.state, place);
  if (entry?.kind === 'directory')
    throw new StatusError('is_a_directory', `Cannot remove the file ${quote(place.name)}: a directory stands there`);
  const dropped = change.dropStage(place, user);
  if (entry === undefined) {
    if (dropped) return done;
    throw new StatusError('no_such_entry', `Cannot remove ${quote(place.name)}: nothing stands there`);
  }
  change.releaseVersion(entry);
  change.removeName(place);
  change.touch(place.directory);
  return done;
}

export function applyRename(change: Change, { from, to, user }: Rename): Outcome {
  const entry = presentAt(change, from);
  checkPlace(change, to);
  if (from.directory === to.directory && from.name === to.name) return shown(to, entry);
  const before = entryAt(change.state, to);
  if (before !== undefined && (before.kind === 'directory' || entry.kind === 'directory'))
    throw new StatusError(
      'entry_exists',
      `Cannot rename ${quote(from.name)} to ${quote(to.name)}: something stands there`,
    );
  if (entry.kind === 'directory') {
    for (const id of ancestors(change, to.directory))
      if (id === entry.id)
        throw new StatusError('directory_cycle', `Cannot rename ${quote(from.name)}: the new place is inside it`);
    checkDepth(change, to.directory, 1);
  }
  if (before !== undefined) change.releaseVersion(before);
  change.dropStage(to, user);
  change.removeName(from);
  const moved = { ...entry, ...change.stamp(mergeVectors(entry.context, before?.context ?? versionVectorZero)) };
  change.writeEntry(to, moved);
  change.touch(from.directory);
  if (from.directory !== to.directory) change.touch(to.directory);
  return shown(to, moved);
}

export function applySetAttributes(change: Change, { place, modifiedMs, mode, createdMs }: SetAttributes): Outcome {
  const entry = presentAt(change, place);
  const changed: EntryVersion = {
    ...entry,
    modifiedMs: modifiedMs ?? entry.modifiedMs,
    createdMs: createdMs ?? entry.createdMs,
    mode: (mode ?? entry.mode) & 0o7777,
    ...change.stamp(entry.context),
  };
  change.writeEntry(place, changed);
  return shown(place, changed);
}
