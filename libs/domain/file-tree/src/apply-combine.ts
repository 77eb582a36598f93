/** Files that become one. All checks come before the first write. */
import { StatusError } from '@skerry/kernel';
import { checkCount, checkOwner, checkPlace, fileAt } from './apply-content.ts';
import { presentAt } from './apply-names.ts';
import { blobsOf, type Change, usageFault } from './change.ts';
import type { Combine } from './command.ts';
import { type EntryVersion, namedHead } from './entry.ts';
import { joinExtents, lengthOf } from './extents.ts';
import type { Place } from './ids.ts';
import type { Outcome } from './outcome.ts';
import { quote } from './path.ts';

type Part = { readonly place: Place; readonly entry: EntryVersion };
const samePlace = (a: Place, b: Place): boolean => a.directory === b.directory && a.name === b.name;

function partsOf(change: Change, { place, parts }: Combine): readonly Part[] {
  return parts.map((at, i) => {
    if (samePlace(at, place) || parts.slice(0, i).some((other) => samePlace(at, other)))
      throw new StatusError('malformed', `Cannot combine ${quote(at.name)}: it is named twice`);
    const entry = presentAt(change, at);
    if (entry.kind === 'directory')
      throw new StatusError('is_a_directory', `Cannot combine ${quote(at.name)}: a directory stands there`);
    return { place: at, entry };
  });
}

export function applyCombine(change: Change, command: Combine): Outcome {
  const { place, user, group, quota } = command;
  checkPlace(change, place);
  checkOwner(user, group);
  const before = fileAt(change, place);
  const parts = partsOf(change, command);
  const replaced = [...(before === undefined ? [] : [before]), ...parts.map(({ entry }) => entry)];
  const extents = joinExtents(replaced.flatMap((entry) => entry.extents));
  checkCount(extents);
  const size = lengthOf(extents);
  const usage = change.usage(user);
  const own = replaced.filter(({ owner }) => owner === user);
  const fault = usageFault(usage, user, quota, size, {
    bytes: usage.bytes + size - own.reduce((sum, entry) => sum + entry.size, 0),
    files: usage.files + 1 - own.length,
  });
  if (fault !== undefined) throw fault;

  const version: EntryVersion = {
    kind: 'file',
    id: before?.id ?? command.fileId,
    size,
    modifiedMs: change.nowMs,
    createdMs: before?.createdMs ?? change.nowMs,
    mode: before?.mode ?? command.mode & 0o7777,
    owner: user,
    group,
    extents,
    ...change.stamp(before?.context),
  };
  change.addReferences(blobsOf(extents));
  for (const entry of replaced) change.releaseVersion(entry);
  for (const part of parts) {
    change.dropStage(part.place, user);
    change.removeName(part.place);
  }
  change.dropStage(place, user);
  change.addUsage(user, { bytes: size, files: 1 });
  change.writeEntry(place, version);
  for (const directory of new Set([place, ...parts.map((part) => part.place)].map((each) => each.directory)))
    change.touch(directory);
  return { ok: true, entry: namedHead(version, place.name) };
}
