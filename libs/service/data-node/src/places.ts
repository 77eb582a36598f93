/** From the path of a ticket to a place in the tree. */
import { StatusError, toHex } from '@skerry/kernel';
import type { OrderedReader, RandomBytes } from '@skerry/kernel';
import { type EntryVersion, type Found, lookup, type Place, placeAt } from '@skerry/domain-file-tree';
import { uniqueNameTriesMax } from './limits.ts';

/**
 * What stands there, or could. @throws StatusError `path_invalid`, `name_too_long`, `no_such_entry`,
 * `not_a_directory`.
 */
export function reach(state: OrderedReader, path: string): Exclude<Found, { kind: 'unreachable' }> {
  const found = lookup(state, path);
  if (found.kind === 'unreachable') throw found.error;
  return found;
}

/** @throws as {@link reach}, and `access_denied` for the root. */
export function placeOf(state: OrderedReader, path: string): Place {
  const reached = placeAt(state, path);
  if (reached.kind === 'unreachable') throw reached.error;
  if (reached.kind === 'root')
    throw new StatusError('access_denied', 'Cannot change "/": it is always there, and has no name');
  return reached.place;
}

/** @throws as {@link reach}, and `no_such_entry` when nothing stands there. */
export function entryOf(state: OrderedReader, path: string): { readonly entry: EntryVersion; readonly name: string } {
  const found = reach(state, path);
  if (found.kind === 'vacant')
    throw new StatusError('no_such_entry', `Cannot find ${JSON.stringify(path)}: nothing stands there`);
  return { entry: found.entry, name: found.kind === 'root' ? '/' : found.place.name };
}

/** A free name in the directory at `path` (STOU, RFC 959 §4.1.3). */
export function uniquePlace(state: OrderedReader, path: string, random: RandomBytes): { place: Place; path: string } {
  const { entry } = entryOf(state, path);
  if (entry.kind !== 'directory')
    throw new StatusError('not_a_directory', `Cannot choose a name in ${JSON.stringify(path)}: it is a file`);
  for (let tries = 0; tries < uniqueNameTriesMax; tries++) {
    const name = `upload-${toHex(random(4))}`;
    const whole = path === '/' ? `/${name}` : `${path}/${name}`;
    const found = reach(state, whole);
    if (found.kind === 'vacant') return { place: found.place, path: whole };
  }
  throw new StatusError('overloaded', `Cannot choose a name in ${JSON.stringify(path)}: no free one was found`);
}
