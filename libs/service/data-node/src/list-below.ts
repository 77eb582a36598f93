/** A directory and all that is below, directory by directory, as `ls -R` goes. */
import type { EntryId } from '@skerry/domain-file-tree';
import { listDirectory, namedHead } from '@skerry/domain-file-tree';
import type { data } from '@skerry/proto';
import { listBatchCount, recursiveEntryCountMax } from './limits.ts';
import { type Parts, toDirectoryEntry } from './parts.ts';
import { entryOf } from './places.ts';
import type { Ticket } from './tickets.ts';

type Message = Partial<data.ListResponse>;
/** `path` is relative to where the listing begins; empty there. */
type Level = { readonly path: string; readonly id: EntryId };

export async function* listBelow(parts: Parts, ticket: Ticket): AsyncGenerator<Message, void, undefined> {
  await parts.replica.readBarrier();
  const { state } = parts.replica;
  const { entry, name } = entryOf(state, ticket.path);
  yield { self: toDirectoryEntry(namedHead(entry, name)), entries: [] };
  if (entry.kind === 'file') return;
  const hidden = new Set(ticket.hiddenPaths);
  const top = ticket.path === '/' ? '' : ticket.path;
  const waiting: Level[] = [{ path: '', id: entry.id }];
  let left = recursiveEntryCountMax;
  for (let level = waiting.pop(); level !== undefined; level = waiting.pop()) {
    if (level.path !== '' && hidden.has(`${top}/${level.path}`)) continue;
    yield { directory: level.path, entries: [] };
    const below: Level[] = [];
    let after: string | undefined;
    while (true) {
      const batch = listDirectory(state, level.id, after, Math.min(listBatchCount, left + 1));
      const shown = batch.slice(0, left);
      left -= shown.length;
      if (shown.length > 0) yield { entries: shown.map(toDirectoryEntry) };
      if (batch.length > shown.length) return yield { entries: [], truncated: true };
      const { path } = level;
      for (const { kind, id, name: inner } of shown)
        if (kind === 'directory') below.push({ path: path === '' ? inner : `${path}/${inner}`, id });
      if (batch.length < listBatchCount) break;
      after = batch.at(-1)?.name;
    }
    waiting.push(...below.toReversed());
  }
}
