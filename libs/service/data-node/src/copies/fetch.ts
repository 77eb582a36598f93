/** A blob's bytes from another node, and the other end of that. */
import { type BlobId, type Checksum, StatusError } from '@skerry/kernel';
import type { copies } from '@skerry/proto';
import type { Blobs } from '@skerry/runtime-blobs';
import { type ChunkChecksums, chunkOf, chunkSizeMaxBytes, verifiedBytes } from '@skerry/runtime-rpc';
import { fetchSilenceMaxMs } from './limits.ts';
import type { CopyClient } from './members.ts';
import type { Shelf } from './shelf.ts';

export type Source = Pick<copies.FetchStart, 'length' | 'small' | 'published'>;
export type Fetched = { readonly source: Source; readonly content: AsyncIterable<Uint8Array> };

/**
 * @param length undefined: to the end of what the other node has.
 * @throws StatusError `no_such_entry` when it has not so much, `corrupt`, and those of the way to it; also while reading.
 */
export async function fetchFrom(
  client: CopyClient,
  range: { readonly blob: BlobId; readonly offset: number; readonly length: number | undefined },
  checksums: ChunkChecksums,
  signal?: AbortSignal,
): Promise<Fetched> {
  const options = { progressDeadlineMs: fetchSilenceMaxMs, ...(signal === undefined ? {} : { signal }) };
  const messages = client.fetch(range, options)[Symbol.asyncIterator]();
  const first = await messages.next();
  if (first.done === true || first.value.part?.$case !== 'start') {
    await messages.return?.();
    throw new StatusError('malformed', `Cannot fetch blob ${range.blob}: the answer begins without its start`);
  }
  return { source: first.value.part.value, content: contentOf(messages, checksums) };
}

async function* contentOf(
  messages: AsyncIterator<copies.FetchResponse>,
  checksums: ChunkChecksums,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      const { part } = next.value;
      if (part?.$case !== 'chunk') throw new StatusError('malformed', `Cannot go on with fetch: got ${part?.$case}`);
      yield verifiedBytes(part.value, checksums);
    }
  } finally {
    await messages.return?.();
  }
}

/** Only of what this node holds itself. @throws StatusError `no_such_entry`, `corrupt`. */
export async function* give(
  { shelf, blobs, crc32 }: { readonly shelf: Shelf; readonly blobs: Blobs; readonly crc32: Checksum },
  { blob, offset, length }: { readonly blob: BlobId; readonly offset: number; readonly length: number | undefined },
): AsyncGenerator<{ part: copies.FetchResponse['part'] }, void, undefined> {
  const held = await shelf.held(blob);
  const there = held?.lengthBytes ?? 0;
  const wanted = length ?? there - offset;
  if (held === undefined || wanted < 0 || offset + wanted > there)
    throw new StatusError('no_such_entry', `Cannot give blob ${blob} to byte ${offset + wanted}: ${there} are here`);
  const release = blobs.pin(blob);
  try {
    const { kind } = held;
    const start = { length: there, small: kind === 'small', published: kind === 'published' };
    yield { part: { $case: 'start', value: start } };
    if (wanted === 0) return;
    for await (const bytes of blobs.read(blob, { offset, length: wanted }))
      for (let at = 0; at < bytes.length; at += chunkSizeMaxBytes)
        yield { part: { $case: 'chunk', value: chunkOf(bytes.subarray(at, at + chunkSizeMaxBytes), crc32) } };
  } finally {
    release();
  }
}
