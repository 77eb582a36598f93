/** Over all content that the state names, a few versions at a time; sound while the state changes. */
import { type ContentCursor, type Extent, listContent } from '@skerry/domain-file-tree';
import type { OrderedReader } from '@skerry/kernel';
import { type Clock, pause } from '@skerry/runtime-world';
import { walkBatchCount } from './limits.ts';

/** @returns whether it came to the end before `signal` aborted. */
export async function walkContent(
  { clock, state }: { readonly clock: Clock; state(): OrderedReader },
  visit: (extent: Extent) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  let after: ContentCursor | undefined;
  do {
    const batch = listContent(state(), after, walkBatchCount);
    for (const extent of batch.extents) {
      if (signal.aborted) return false;
      await visit(extent);
    }
    ({ after } = batch);
    await pause(clock, 0);
  } while (after !== undefined && !signal.aborted);
  return !signal.aborted;
}
