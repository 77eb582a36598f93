/** The Store call: start, chunks, finish → staged, commit → committed. */
import { StatusError } from '@skerry/kernel';
import type { NamedHead, Place } from '@skerry/domain-file-tree';
import { data } from '@skerry/proto';
import { giveUp, verifiedBytes } from '@skerry/runtime-rpc';
import type { Compactor } from './compactor.ts';
import { assertLeads, type Parts, toDirectoryEntry } from './parts.ts';
import { placeOf, uniquePlace } from './places.ts';
import { beginsAnew, planUpload } from './plan.ts';
import { quotaUse } from './quota-use.ts';
import type { Slot, UploadRegistry } from './registry.ts';
import type { Ticket, Tickets } from './tickets.ts';
import { Upload } from './upload.ts';

const replyOf = (part: data.StoreResponse['part']): data.StoreResponse => giveUp({ header: undefined, part });
export type StoreParts = {
  readonly parts: Parts;
  readonly tickets: Tickets;
  readonly registry: UploadRegistry;
  readonly compactor: Compactor;
};

const unexpected = (wanted: string, request: data.StoreRequest): StatusError =>
  new StatusError(
    'malformed',
    `Cannot go on with upload: ${wanted} is wanted, got ${request.part?.$case ?? 'nothing'}`,
  );

export async function* store(
  all: StoreParts,
  requests: AsyncIterable<data.StoreRequest>,
): AsyncGenerator<data.StoreResponse, void, undefined> {
  const iterator = requests[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new StatusError('malformed', 'Cannot begin upload: the stream ended before its start');
  if (first.value.part?.$case !== 'start') throw unexpected('start', first.value);
  const ticket = all.tickets.open(first.value.part.value.ticket, data.Operation.STORE, data.Operation.APPEND);
  // Its commit would be refused: better before the client has sent anything, and before the ticket is used.
  assertLeads(all.parts);
  all.tickets.use(ticket);
  const { slot, path } = await enter(all, ticket);
  const upload = await begin(all, slot, ticket);
  let failure: unknown;
  let published = false;
  try {
    yield replyOf({ $case: 'ready', value: { offset: upload.offset, path } });
    for (;;) {
      const next = await slot.unlessCut(iterator.next());
      if (next.done === true) break;
      const { part } = next.value;
      switch (part?.$case) {
        case 'chunk':
          await upload.write(verifiedBytes(part.value, all.parts.world));
          break;
        case 'finish':
          yield replyOf({ $case: 'staged', value: { length: await upload.finish() } });
          break;
        case 'content': {
          const { chunk } = part.value;
          if (chunk !== undefined) await upload.write(verifiedBytes(chunk, all.parts.world));
          await upload.finish();
          const entry = await upload.commit();
          published = true;
          yield committed(all.parts, ticket, entry);
          return;
        }
        case 'commit': {
          const entry = await upload.commit();
          published = true;
          yield committed(all.parts, ticket, entry);
          return;
        }
        case 'start':
        case undefined:
          throw new StatusError(
            'malformed',
            `Cannot go on with upload: got ${part?.$case ?? 'nothing'} after its start`,
          );
      }
    }
  } catch (thrown) {
    failure = thrown;
    throw thrown;
  } finally {
    // Also when the caller went away while a reply was on its way.
    await upload.leave(failure);
    if (published) all.compactor.consider(slot.place);
  }
}

function committed(parts: Parts, ticket: Ticket, head: NamedHead): data.StoreResponse {
  const { usedBytes, quotaBytes, usedFiles, quotaFiles } = quotaUse(parts, ticket);
  const entry = toDirectoryEntry(head);
  return replyOf({ $case: 'committed', value: { entry, usedBytes, quotaBytes, usedFiles, quotaFiles } });
}

async function enter({ parts, registry }: StoreParts, ticket: Ticket): Promise<{ slot: Slot; path: string }> {
  await parts.replica.readBarrier();
  const { state } = parts.replica;
  if (parts.replica.remembered(ticket.operationId) !== undefined)
    throw new StatusError('ticket_used', `Cannot use ticket ${ticket.operationId}: its upload was published before`);
  const { place, path }: { place: Place; path: string } = ticket.uniqueName
    ? uniquePlace(state, ticket.path, parts.world.random)
    : { place: placeOf(state, ticket.path), path: ticket.path };
  return { slot: await registry.take(ticket.user, place, beginsAnew(ticket)), path };
}

async function begin({ parts, registry, compactor }: StoreParts, slot: Slot, ticket: Ticket): Promise<Upload> {
  try {
    await compactor.settle(slot.place);
    return await Upload.begin(parts, registry, slot, ticket, planUpload(parts.replica.state, ticket, slot.place));
  } catch (thrown) {
    slot.release();
    throw thrown;
  }
}
