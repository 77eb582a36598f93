/** Checksums: asked of a data node, which tells now and then that it works; so a large file has its time. */
import { StatusError, toStatusError } from '@skerry/kernel';
import type { data, processing } from '@skerry/proto';
import { digestAlgorithm, digestReply, replyForFailure, type Reply } from '@skerry/protocol-ftp';
import type { Door } from './door.ts';

/** Over this, waiting for the data node's first message fails, in ms: 16 MiB are read until then. */
const openDeadlineMs = 30_000;
/** Longest time between two signs of life, in ms: 16 MiB from a disk that is busy with others. */
const digestProgressMs = 60_000;

/** @param signal aborts when nobody waits for the reply. */
export async function digestOf(door: Door, directive: processing.Digest, signal: AbortSignal): Promise<Reply> {
  const { ticket, length } = directive;
  const request = { ticket, algorithm: digestAlgorithm(directive.algorithm), length };
  const { clock } = door.environment.world;
  try {
    const { messages, first } = await door.nodes.call(
      async (client) => {
        const options = { signal, progressDeadlineMs: digestProgressMs };
        const opened = client.digest(request, options)[Symbol.asyncIterator]();
        return { messages: opened, first: await opened.next() };
      },
      { atMs: clock.monotonicMs() + openDeadlineMs, signal },
    );
    return digestReply(directive, ...(await lastOf(messages, first)));
  } catch (thrown) {
    const { code, text } = replyForFailure(toStatusError(thrown).reason, 'digest');
    return { code, lines: [text] };
  }
}

async function lastOf(
  messages: AsyncIterator<data.DigestResponse>,
  first: IteratorResult<data.DigestResponse>,
): Promise<[digest: Uint8Array, lengthBytes: number]> {
  for (let next = first; next.done !== true; next = await messages.next()) {
    const { digest, doneBytes } = next.value;
    if (digest !== undefined) {
      // To the end of the stream, so that the node counts it as done.
      await messages.next();
      return [digest, doneBytes];
    }
  }
  throw new StatusError('unexpected', 'Cannot digest: the stream ended without a result');
}
