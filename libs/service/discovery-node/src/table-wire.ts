/** Entries of the table between discovery nodes (`skerry.discovery.v1`). */
import { departedCountMax, nodeCountMax, type EntryVersion, type ToldEntry } from '@skerry/cluster-registry';
import { StatusError } from '@skerry/kernel';
import type { discovery } from '@skerry/proto';
import { checkShape } from './record.ts';

/** Entries, or versions of them, in one message: all that a table holds. */
export const entriesPerMessageMax = nodeCountMax + departedCountMax;
/** Entries of one message, in bytes; the rest goes with the next. With the revocations it stays below a message's limit. */
export const entriesSizeMaxBytes = 1024 * 1024;

const refuseMany = (what: string, count: number): never => {
  throw new StatusError('too_large', `Cannot exchange tables: at most ${entriesPerMessageMax} ${what}: got ${count}`);
};

export const toWireVersions = (versions: readonly EntryVersion[]): discovery.EntryVersion[] =>
  versions.map(({ nodeId, incarnation, heartbeat, state }) => ({
    nodeId,
    incarnation,
    heartbeat,
    left: state === 'left',
  }));
/** @throws StatusError `too_large`. */
export function fromWireVersions(versions: readonly discovery.EntryVersion[]): readonly EntryVersion[] {
  if (versions.length > entriesPerMessageMax) refuseMany('versions', versions.length);
  return versions.map(({ nodeId, incarnation, heartbeat, left }) => ({
    nodeId,
    incarnation,
    heartbeat,
    state: left ? 'left' : 'up',
  }));
}

/** Those that fit into one message, from the first. */
export function toWireEntries(entries: readonly ToldEntry[], tickMs: number): discovery.TableEntry[] {
  const taken: discovery.TableEntry[] = [];
  let sizeBytes = 0;
  for (const { record, heartbeat, state, quietTicks } of entries) {
    const node = { ...record, endpoints: { ...record.endpoints } };
    sizeBytes += sizeOf(node);
    if (sizeBytes > entriesSizeMaxBytes && taken.length > 0) break;
    taken.push({ node, heartbeat, left: state === 'left', quietMs: Math.round(quietTicks * tickMs) });
  }
  return taken;
}
/** At most: a character may take three bytes. */
function sizeOf({ nodeId, role, site, address, endpoints }: discovery.NodeRecord): number {
  const texts = [nodeId, role, site, address, ...Object.entries(endpoints).flat()];
  return 64 + texts.reduce((sum, text) => sum + 3 * text.length + 8, 0);
}

/** @throws StatusError `too_large`, `malformed`. */
export function fromWireEntries(entries: readonly discovery.TableEntry[], tickMs: number): readonly ToldEntry[] {
  if (entries.length > entriesPerMessageMax) refuseMany('entries', entries.length);
  return entries.map(({ node, heartbeat, left, quietMs }) => ({
    record: checkShape(node),
    heartbeat,
    state: left ? 'left' : 'up',
    // Never younger than it was told.
    quietTicks: Math.ceil(quietMs / tickMs),
  }));
}
