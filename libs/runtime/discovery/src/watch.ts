/** Follows the table of one discovery node, and of another when that is lost (F11). */
import { type Prng, toStatusError, unreachable } from '@skerry/kernel';
import type { discovery } from '@skerry/proto';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { BackOff, type Clock, type Wake } from '@skerry/runtime-world';
import { retryFirstMs, retryMaxMs, type Link } from './link.ts';
import type { NodeTable } from './node-table.ts';

/** A discovery node that is silent for so long, in ms, is left for another; it says something every 5 s. */
export const watchSilenceMaxMs = 15_000;

export type WatchParts = {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly table: NodeTable;
  readonly prng: Prng;
  /** Ends the rest when there is a new link, or one came up. */
  readonly wake: Wake;
  links(): readonly Link[];
  /** Of a discovery node that the table names. */
  discovered(address: string): void;
};

/** Until `signal` aborts. What is known is kept while nobody answers: old news is better than none. */
export async function watchForGood(parts: WatchParts, signal: AbortSignal): Promise<void> {
  const { clock, prng, wake } = parts;
  const backOff = new BackOff(retryFirstMs, retryMaxMs, () => prng.next());
  let last: Link | undefined;
  while (!signal.aborted) {
    const link = chooseLink(parts, last);
    if (link !== undefined && (await watchOne(parts, link, signal))) backOff.reset();
    last = link;
    if (!signal.aborted) await wake.rest(clock, backOff.next(), signal);
  }
}

/** One that is live, if any; not the one that was just lost, if there is another. */
function chooseLink({ links, prng }: WatchParts, last: Link | undefined): Link | undefined {
  const all = links();
  const live = all.filter((link) => link.isLive);
  const others = (some: readonly Link[]): readonly Link[] => some.filter((link) => link !== last);
  const candidates = [others(live), others(all), all].find((some) => some.length > 0) ?? [];
  return candidates[prng.below(candidates.length)];
}

/** Returns whether it told us anything. */
async function watchOne(parts: WatchParts, link: Link, signal: AbortSignal): Promise<boolean> {
  const { telemetry } = parts;
  // The stream ends with whichever ends first: the directory, or this link, when its node has left.
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const each of [signal, link.signal]) each.addEventListener('abort', end, { once: true });
  if (signal.aborted || link.signal.aborted) end();
  let told = false;
  try {
    const options = { progressDeadlineMs: watchSilenceMaxMs, signal: ending.signal };
    for await (const message of link.client.watch({ roles: [] }, options)) {
      if (!told) takeTable(parts, message.snapshot);
      else takeEvent(parts, message.event);
      told = true;
      link.watching(true);
    }
  } catch (thrown) {
    const { reason, message } = toStatusError(thrown);
    if (!signal.aborted)
      telemetry.emit({ event: 'watch_lost', level: told ? 'warn' : 'debug', message, reason, discovery: link.address });
  } finally {
    for (const each of [signal, link.signal]) each.removeEventListener('abort', end);
    link.watching(false);
  }
  return told;
}

function takeTable({ table, discovered }: WatchParts, records: readonly discovery.NodeRecord[]): void {
  table.replaceAll(records);
  for (const { role, address } of records) if (role === 'discovery') discovered(address);
}

function takeEvent({ table, telemetry, discovered }: WatchParts, event: discovery.WatchEvent | undefined): void {
  table.dropUnconfirmed();
  const change = event?.change;
  if (change === undefined) return;
  const { nodeId, role, address } = change.value;
  switch (change.$case) {
    case 'joined':
    case 'changed':
      table.put(change.value);
      if (role === 'discovery') discovered(address);
      break;
    case 'left':
      table.drop(change.value);
      break;
    default:
      unreachable(change);
  }
  if (change.$case !== 'changed')
    telemetry.emit({ event: `node_${change.$case}`, level: 'debug', peer: nodeId, peerRole: role, address });
}
