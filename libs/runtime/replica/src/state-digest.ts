/** One hash of all that a member has applied: how members are compared, each by its own word. */
import { createHash } from 'node:crypto';
import { ByteWriter, type OrderedReader, type OrderedStore } from '@skerry/kernel';
import type { StateDigest } from '@skerry/runtime-raft-links';
import { type Clock, pause } from '@skerry/runtime-world';
import { applySliceMs } from './limits.ts';
import { readApplied } from './meta.ts';
import type { Slots } from './slots.ts';

/** Rows between two looks at the clock. */
const rowsPerLookCount = 64;

type Source = { readonly store: OrderedStore; readonly slots: Slots; readonly clock: Clock };

/** Of one moment, with pauses for others. @throws `signal`'s reason when it aborts. */
export async function digestState({ store, slots, clock }: Source, signal: AbortSignal): Promise<StateDigest> {
  const view = await store.openView();
  try {
    const { index } = readApplied(view);
    return { applied: index, ...(await digestRows(slots.reader(view), clock, signal)) };
  } finally {
    view.close();
  }
}

async function digestRows(
  state: OrderedReader,
  clock: Clock,
  signal: AbortSignal,
): Promise<Omit<StateDigest, 'applied'>> {
  const hash = createHash('sha256');
  let [rowCount, sizeBytes] = [0, 0];
  let sinceMs = clock.monotonicMs();
  for (const [key, value] of state.range({ from: new Uint8Array(0) })) {
    hash.update(new ByteWriter(8 + key.length + value.length).bytes(key).bytes(value).finish());
    rowCount += 1;
    sizeBytes += key.length + value.length;
    if (rowCount % rowsPerLookCount !== 0 || clock.monotonicMs() - sinceMs < applySliceMs) continue;
    await pause(clock, 0);
    signal.throwIfAborted();
    sinceMs = clock.monotonicMs();
  }
  return { sha256: Uint8Array.from(hash.digest()), rowCount, sizeBytes };
}
