/** Over all content that the state names, a few versions at a time; sound while the state changes. */
import { type ContentCursor, type Extent, listContent } from '@skerry/domain-file-tree';
import type { OrderedReader } from '@skerry/kernel';
import { type Clock, pause } from '@skerry/runtime-world';
import { walkBatchCount } from './limits.ts';

type Walked = { readonly clock: Clock; state(): OrderedReader };

export async function* namedContent({ clock, state }: Walked): AsyncGenerator<Extent, void, undefined> {
  let after: ContentCursor | undefined;
  do {
    const batch = listContent(state(), after, walkBatchCount);
    yield* batch.extents;
    ({ after } = batch);
    await pause(clock, 0);
  } while (after !== undefined);
}

/** @returns whether it came to the end before `signal` aborted. */
export async function walkContent(
  walked: Walked,
  visit: (extent: Extent) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const extent of namedContent(walked)) {
    if (signal.aborted) return false;
    await visit(extent);
  }
  return !signal.aborted;
}
