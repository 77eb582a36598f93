/** Which tokens and sessions are void before their time. */
import type { RevocationList } from './types.ts';

/**
 * Ids kept, on each of the two lists; the oldest is forgotten for the newest. A service token lives for minutes, so
 * whoever was voided 100,000 ids ago has expired; at some 100 bytes an id this is 10 MB at most.
 */
export const revokedIdsMax = 100_000;
/** Longest id kept, in characters: ours have 36 (a UUID), what is longer is no id of ours. */
export const revokedIdLengthMax = 128;

/**
 * `version` is that of the list from discovery alone: ids added here stay when a newer list comes, and do not make it
 * look old. The node that owns the list gives it out with `replace(version + 1, …)`.
 */
export function createRevocationList(): RevocationList {
  let version = 0;
  let listed = new Set<string>();
  const added = new Set<string>();
  const listeners: (() => void)[] = [];
  const keep = (ids: Set<string>, id: string): void => {
    if (id.length > revokedIdLengthMax) return;
    ids.delete(id);
    ids.add(id);
    if (ids.size <= revokedIdsMax) return;
    for (const oldest of ids) {
      ids.delete(oldest);
      return;
    }
  };
  return {
    get version() {
      return version;
    },
    get ids() {
      return [...new Set([...listed, ...added])];
    },
    has: (id) => listed.has(id) || added.has(id),
    replace(newer, ids) {
      if (newer <= version) return;
      const next = new Set<string>();
      for (const id of ids) keep(next, id);
      version = newer;
      listed = next;
      for (const listener of listeners) listener();
    },
    add(ids) {
      for (const id of ids) keep(added, id);
      for (const listener of listeners) listener();
    },
    listen: (listener) => void listeners.push(listener),
  };
}
