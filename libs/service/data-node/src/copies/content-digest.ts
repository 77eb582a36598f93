/** One hash of all content that this node's state names, as its own disk has it: how nodes are compared. */
import { ByteWriter, idToBytes, toStatusError } from '@skerry/kernel';
import type { Extent } from '@skerry/domain-file-tree';
import type { copies } from '@skerry/proto';
import type { Replica } from '@skerry/runtime-replica';
import { DigestThread } from '@skerry/runtime-workers';
import type { Clock } from '@skerry/runtime-world';
import { digestStepBytes } from '../limits.ts';
import type { Shelf } from './shelf.ts';
import { namedContent } from './walk.ts';

type Source = { readonly clock: Clock; readonly shelf: Shelf; readonly replica: () => Replica };
type Message = Partial<copies.DigestContentResponse>;

/** Says now and then how much it has read, and at the end what it found. @throws `signal`'s reason when it aborts. */
export async function* digestContent(
  { clock, shelf, replica }: Source,
  signal: AbortSignal,
): AsyncGenerator<Message, void, undefined> {
  const thread = new DigestThread();
  const hash = thread.open('sha256');
  const appliedFirst = replica().appliedIndex;
  let [sizeBytes, toldBytes, extentCount, missing, damaged] = [0, 0, 0, 0, 0];
  try {
    for await (const extent of namedContent({ clock, state: () => replica().state })) {
      signal.throwIfAborted();
      extentCount += 1;
      await hash.update(headOf(extent));
      if (!(await isHere(shelf, extent))) {
        missing += 1;
        continue;
      }
      try {
        for await (const bytes of shelf.blobs.read(extent.blob, extent)) {
          sizeBytes += bytes.length;
          await hash.update(bytes);
          if (sizeBytes - toldBytes < digestStepBytes) continue;
          toldBytes = sizeBytes;
          yield { sizeBytes };
          signal.throwIfAborted();
        }
      } catch (thrown) {
        const { reason } = toStatusError(thrown);
        if (reason === 'corrupt') damaged += 1;
        else if (reason === 'no_such_entry') missing += 1;
        else throw thrown;
      }
    }
    const sha256 = await hash.finish();
    const appliedLast = replica().appliedIndex;
    yield { sizeBytes, digest: { appliedFirst, appliedLast, sha256, extentCount, missing, damaged } };
  } finally {
    hash.abandon();
    await thread.close();
  }
}

const headOf = ({ blob, offset, length }: Extent): Uint8Array =>
  new ByteWriter(32).raw(idToBytes(blob)).u64(offset).u64(length).finish();

/** What is on its way here is not waited for. */
async function isHere(shelf: Shelf, { blob, offset, length }: Extent): Promise<boolean> {
  const held = await shelf.held(blob);
  return held !== undefined && held.lengthBytes >= offset + length;
}
