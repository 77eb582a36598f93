/** Calls that change nothing: Stat, List, Retrieve, GetUsage. */
import { concatBytes, emptyBytes, StatusError } from '@skerry/kernel';
import type { BlobId } from '@skerry/kernel';
import {
  type EntryVersion,
  type Extent,
  listDirectory,
  lookup,
  namedHead,
  stageLength,
  stageOf,
  usageOf,
} from '@skerry/domain-file-tree';
import type { data } from '@skerry/proto';
import { chunkOf, chunkSizeMaxBytes, giveUp } from '@skerry/runtime-rpc';
import { readAhead } from './cuttable.ts';
import { listBatchCount, smallContentMaxBytes } from './limits.ts';
import { assertLeads, type Parts, toDirectoryEntry } from './parts.ts';
import { entryOf } from './places.ts';
import type { Ticket } from './tickets.ts';

export type IsUploading = (user: string, place: { directory: string; name: string }) => boolean;

export async function stat(
  parts: Parts,
  ticket: Ticket,
  uploads: { isUploading: IsUploading },
): Promise<{
  entry: data.DirectoryEntry | undefined;
  stageLength: number | undefined;
}> {
  await parts.replica.readBarrier();
  const found = lookup(parts.replica.state, ticket.path);
  switch (found.kind) {
    case 'unreachable':
      return { entry: undefined, stageLength: undefined };
    case 'root':
      return { entry: toDirectoryEntry(namedHead(found.entry, '/')), stageLength: undefined };
    case 'entry':
    case 'vacant': {
      const { place } = found;
      const entry = found.kind === 'entry' ? toDirectoryEntry(namedHead(found.entry, place.name)) : undefined;
      // A stage is what a cut left behind only while nobody writes to it; after a crash nobody does, whatever its
      // mark says.
      const stage = uploads.isUploading(ticket.user, place)
        ? undefined
        : stageOf(parts.replica.state, ticket.user, place);
      // Only the leader knows whether somebody writes to it.
      if (stage !== undefined) assertLeads(parts);
      const resumable = stage !== undefined && stage.mark !== 'superseded';
      return { entry, stageLength: resumable ? stageLength(stage) : undefined };
    }
  }
}

/** Entries that are kept: whoever gets them may not change them. */
const listed = (entries: data.DirectoryEntry[], self?: data.DirectoryEntry): data.ListResponse =>
  giveUp({ header: undefined, self, entries, directory: undefined, truncated: false });

export async function* list(parts: Parts, ticket: Ticket): AsyncGenerator<Partial<data.ListResponse>, void, undefined> {
  await parts.replica.readBarrier();
  const { state } = parts.replica;
  const { entry, name } = entryOf(state, ticket.path);
  yield listed([], toDirectoryEntry(namedHead(entry, name)));
  if (entry.kind === 'file') return;
  const known = parts.listings.get(entry.id, state);
  if (known !== undefined) {
    for (const entries of known) yield listed([...entries]);
    return;
  }
  const listing = parts.listings.begin(entry.id);
  let after: string | undefined;
  while (true) {
    const batch = listDirectory(state, entry.id, after, listBatchCount).map(toDirectoryEntry);
    listing.add(batch);
    if (batch.length > 0) yield listed(batch);
    if (batch.length < listBatchCount) break;
    after = batch.at(-1)?.name;
  }
  parts.listings.end(entry.id, listing);
}

/** Bytes [offset, offset + length) of the file, blob by blob. */
export async function* readExtents(
  parts: Parts,
  extents: readonly Extent[],
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let [skip, left] = [offset, length];
  for (const extent of extents) {
    if (left <= 0) return;
    if (skip >= extent.length) {
      skip -= extent.length;
      continue;
    }
    const take = Math.min(extent.length - skip, left);
    yield* parts.blobs.read(extent.blob, { offset: extent.offset + skip, length: take });
    left -= take;
    skip = 0;
  }
}

/** Keeps the content of a version readable until the returned function is called. */
export function pinAll(parts: Parts, extents: readonly Extent[]): () => void {
  const releases = [...new Set(extents.map(({ blob }) => blob))].map((blob: BlobId) => parts.blobs.pin(blob));
  return () => {
    for (const release of releases) release();
  };
}

/** What a RETR is about: the version that is current now. */
function versionOf(parts: Parts, ticket: Ticket): ReturnType<typeof entryOf> {
  const found = entryOf(parts.replica.state, ticket.path);
  const { entry } = found;
  if (entry.kind === 'directory')
    throw new StatusError('is_a_directory', `Cannot send ${JSON.stringify(ticket.path)}: it is a directory`);
  if (ticket.offset > entry.size)
    throw new StatusError(
      'offset_past_end',
      `Cannot send ${JSON.stringify(ticket.path)} from byte ${ticket.offset}: it has ${entry.size}`,
    );
  return found;
}

/** The version that is current now; what is written meanwhile does not disturb it. */
export async function* retrieve(
  parts: Parts,
  ticket: Ticket,
  lengthMax: number | undefined,
): AsyncGenerator<{ part: data.RetrieveResponse['part'] }, void, undefined> {
  await parts.replica.readBarrier();
  const { entry, name } = versionOf(parts, ticket);
  // Between the look at the state and the pin nothing else can run.
  const release = pinAll(parts, entry.extents);
  let sent = 0;
  try {
    yield { part: { $case: 'start', value: toDirectoryEntry(namedHead(entry, name)) } };
    const length = Math.min(entry.size - ticket.offset, lengthMax ?? entry.size);
    for await (const bytes of readAhead(readExtents(parts, entry.extents, ticket.offset, length)))
      for (let at = 0; at < bytes.length; at += chunkSizeMaxBytes) {
        const piece = bytes.length <= chunkSizeMaxBytes ? bytes : bytes.subarray(at, at + chunkSizeMaxBytes);
        yield { part: { $case: 'chunk', value: chunkOf(piece, parts.world.crc32) } };
        sent += piece.length;
      }
  } catch (thrown) {
    reportDamage(parts, ticket.path, entry, ticket.offset + sent, thrown);
    throw thrown;
  } finally {
    parts.metrics.sent.add(sent);
    release();
  }
}

/** The same in one answer: without content where that is too long for one. */
export async function retrieveSmall(
  parts: Parts,
  ticket: Ticket,
  lengthMax: number | undefined,
): Promise<data.RetrieveSmallResponse> {
  await parts.replica.readBarrier();
  const { entry, name } = versionOf(parts, ticket);
  const head = toDirectoryEntry(namedHead(entry, name));
  const length = Math.min(entry.size - ticket.offset, lengthMax ?? entry.size);
  if (length > smallContentMaxBytes) return giveUp({ entry: head, content: undefined });
  const release = pinAll(parts, entry.extents);
  try {
    const bytes = await wholeOf(readExtents(parts, entry.extents, ticket.offset, length));
    parts.metrics.sent.add(bytes.length);
    return giveUp({ entry: head, content: chunkOf(bytes, parts.world.crc32) });
  } catch (thrown) {
    reportDamage(parts, ticket.path, entry, ticket.offset, thrown);
    throw thrown;
  } finally {
    release();
  }
}
/** One piece, as most small files are, is given as it is. */
async function wholeOf(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of content) pieces.push(bytes);
  return pieces.length === 1 ? (pieces[0] ?? emptyBytes) : concatBytes(pieces);
}

export function reportDamage(
  parts: Parts,
  path: string,
  { version }: EntryVersion,
  offset: number,
  error: unknown,
): void {
  if (!(error instanceof StatusError)) return;
  // A blob that a version names and the disk has not is damage too.
  if (error.reason !== 'corrupt' && error.reason !== 'no_such_entry') return;
  parts.telemetry.emit({
    event: 'content_damaged',
    level: 'error',
    path,
    version,
    offset,
    error,
    message: error.message,
  });
}

export async function usage(parts: Parts, user: string): Promise<data.GetUsageResponse> {
  await parts.replica.readBarrier();
  const { bytes, files } = usageOf(parts.replica.state, user);
  return { bytes, files, freeBytes: await parts.freeBytes?.() };
}

/** For compaction: the same reading. */
export const readContent = (parts: Parts, extents: readonly Extent[]): AsyncIterable<Uint8Array> =>
  readExtents(
    parts,
    extents,
    0,
    extents.reduce((sum, { length }) => sum + length, 0),
  );
