/** Unary calls that change names. Each is idempotent by its ticket's operation id: a repeat gets the first answer. */
import { randomId, StatusError } from '@skerry/kernel';
import {
  decodeOutcome,
  EntryId,
  type FileTreeCommand,
  namedHead,
  type NamedHead,
  parsePath,
  rootDirectory,
} from '@skerry/domain-file-tree';
import type { data } from '@skerry/proto';
import type { Compactor } from './compactor.ts';
import { type Done, doneOf, type Parts, propose, toDirectoryEntry } from './parts.ts';
import { placeOf, reach } from './places.ts';
import type { Ticket } from './tickets.ts';

/** POSIX bits of a new directory: FTP has no umask; who may enter is decided by auth's rules. */
const directoryMode = 0o755;

/** POSIX bits of a new file; who may read it is decided by auth's rules. */
export const fileMode = 0o644;

/** The command is built from the state as it is now, unless the operation took effect before. */
async function once(parts: Parts, ticket: Ticket, command: () => FileTreeCommand): Promise<Done> {
  await parts.replica.readBarrier();
  const before = parts.replica.remembered(ticket.operationId);
  if (before !== undefined) return doneOf(decodeOutcome(before));
  return propose(parts, command(), ticket.operationId);
}

function shown(entry: NamedHead | undefined, ticket: Ticket): { entry: data.DirectoryEntry } {
  if (entry === undefined)
    throw new StatusError('unexpected', `Cannot answer operation ${ticket.operationId}: its outcome names no entry`);
  return { entry: toDirectoryEntry(entry) };
}

export async function makeDirectory(parts: Parts, ticket: Ticket): Promise<{ entry: data.DirectoryEntry }> {
  const names = parsePath(ticket.path);
  if (names.length === 0) {
    const found = reach(parts.replica.state, '/');
    if (ticket.parents && found.kind === 'root') return { entry: toDirectoryEntry(namedHead(found.entry, '/')) };
    throw new StatusError('entry_exists', 'Cannot make the directory "/": it is always there');
  }
  const done = await once(parts, ticket, () => {
    const place = ticket.parents ? undefined : placeOf(parts.replica.state, ticket.path);
    const wanted = place === undefined ? names : [place.name];
    return {
      kind: 'makeDirectory',
      directory: place?.directory ?? rootDirectory,
      names: wanted,
      ids: wanted.map(() => EntryId(randomId(parts.world.random))),
      parents: ticket.parents,
      user: ticket.user,
      group: ticket.group,
      mode: directoryMode,
    };
  });
  return shown(done.entry, ticket);
}

export async function removeDirectory(parts: Parts, ticket: Ticket): Promise<data.RemoveDirectoryResponse> {
  await once(parts, ticket, () => ({ kind: 'removeDirectory', place: placeOf(parts.replica.state, ticket.path) }));
  return {};
}

export async function removeFile(parts: Parts, ticket: Ticket): Promise<data.RemoveFileResponse> {
  const { user } = ticket;
  await once(parts, ticket, () => ({ kind: 'removeFile', place: placeOf(parts.replica.state, ticket.path), user }));
  return {};
}

export async function rename(parts: Parts, ticket: Ticket): Promise<{ entry: data.DirectoryEntry }> {
  const done = await once(parts, ticket, () => ({
    kind: 'rename',
    from: placeOf(parts.replica.state, ticket.path),
    to: placeOf(parts.replica.state, ticket.targetPath),
    user: ticket.user,
  }));
  return shown(done.entry, ticket);
}

export async function setAttributes(
  parts: Parts,
  ticket: Ticket,
  { modifiedAtMs, createdAtMs, mode }: data.SetAttributesRequest,
): Promise<{ entry: data.DirectoryEntry }> {
  const done = await once(parts, ticket, () => ({
    kind: 'setAttributes',
    place: placeOf(parts.replica.state, ticket.path),
    modifiedMs: modifiedAtMs,
    createdMs: createdAtMs,
    mode,
  }));
  return shown(done.entry, ticket);
}

/** The parts become one file, without a byte copied; many pieces are made one later, behind the client's back. */
export async function combine(
  parts: Parts,
  compactor: Compactor,
  ticket: Ticket,
): Promise<{ entry: data.DirectoryEntry }> {
  const { state } = parts.replica;
  const done = await once(parts, ticket, () => ({
    kind: 'combine',
    place: placeOf(state, ticket.path),
    parts: ticket.partPaths.map((path) => placeOf(state, path)),
    user: ticket.user,
    group: ticket.group,
    mode: fileMode,
    fileId: EntryId(randomId(parts.world.random)),
    quota: { bytes: ticket.quotaBytes, files: ticket.quotaFiles },
  }));
  const found = reach(state, ticket.path);
  if (found.kind === 'entry') compactor.consider(found.place);
  return shown(done.entry, ticket);
}
