/** Where an upload begins: on nothing, on the committed version, or on the stage that a cut left (ftp.md). */
import { StatusError } from '@skerry/kernel';
import type { BlobId, OrderedReader } from '@skerry/kernel';
import {
  entryAt,
  type EntryVersion,
  type Extent,
  lengthOf,
  type Place,
  prefixOf,
  type PutCondition,
  quotaFault,
  type Stage,
  stageLength,
  stageOf,
  usageOf,
} from '@skerry/domain-file-tree';
import { data } from '@skerry/proto';
import type { Ticket } from './tickets.ts';

export type Plan = {
  /** What stands before the blob that grows. */
  readonly prefix: readonly Extent[];
  /** The first byte that the client sends stands here. */
  readonly offset: number;
  readonly condition: PutCondition;
  /** The stage that it goes on with, and the bytes of its blob that it keeps; undefined: a new blob. */
  readonly resumed: { readonly blob: BlobId; readonly blobLength: number; readonly token: number } | undefined;
  /** A stage that is in the way: the client begins anew. */
  readonly dropped: number | undefined;
  /** Longest that the file may become, in bytes, by the quota. */
  readonly lengthMax: number;
};

/** From byte 0, whatever is there: STOR without REST. */
export const beginsAnew = ({ operation, offset }: Ticket): boolean =>
  operation !== data.Operation.APPEND && offset === 0;

/** @throws StatusError `is_a_directory`, `offset_past_end`, `version_conflict`, `quota`. */
export function planUpload(state: OrderedReader, ticket: Ticket, place: Place): Plan {
  const entry = entryAt(state, place);
  if (entry?.kind === 'directory')
    throw new StatusError('is_a_directory', `Cannot store ${JSON.stringify(ticket.path)}: a directory stands there`);
  const stage = stageOf(state, ticket.user, place);
  const base = baseOf(ticket, entry, stage);
  const quota = { bytes: ticket.quotaBytes, files: ticket.quotaFiles };
  const usage = usageOf(state, ticket.user);
  const fault = quotaFault(usage, ticket.user, quota, base.offset, entry);
  if (fault !== undefined) throw fault;
  const own = entry?.owner === ticket.user ? entry.size : 0;
  const lengthMax = quota.bytes === undefined ? Infinity : Math.max(own, quota.bytes - usage.bytes + own);
  // Field by field: see `namedHead`.
  const { prefix, offset, condition, resumed, dropped } = base;
  return { prefix, offset, condition, resumed, dropped, lengthMax };
}

const stageLengthOf = (stage: Stage | undefined): number | undefined =>
  stage === undefined ? undefined : stageLength(stage);

function baseOf(ticket: Ticket, entry: EntryVersion | undefined, found: Stage | undefined): Omit<Plan, 'lengthMax'> {
  const append = ticket.operation === data.Operation.APPEND;
  const any: PutCondition = ticket.uniqueName ? { kind: 'absent' } : { kind: 'any' };
  if (beginsAnew(ticket)) return { prefix: [], offset: 0, condition: any, resumed: undefined, dropped: found?.token };

  // What a crash left of uploads that ran side by side.
  const isLost = found?.mark === 'superseded';
  // Of a crash, a stage of which the log knows no byte: who appends, and was told no length, means the file that it sees.
  const isNothing = append && ticket.expectedLength === undefined && entry !== undefined && stageLengthOf(found) === 0;
  const [stage, dropped] = isLost || isNothing ? [undefined, found?.token] : [found, undefined];
  const length = stage === undefined ? (entry?.size ?? 0) : stageLength(stage);
  if (append && ticket.expectedLength !== undefined && ticket.expectedLength !== length)
    throw new StatusError(
      'version_conflict',
      `Cannot append to ${JSON.stringify(ticket.path)}: ${ticket.expectedLength} bytes were told, it has ${length}`,
    );
  const offset = append ? length : ticket.offset;
  if (offset > length)
    throw new StatusError(
      'offset_past_end',
      `Cannot store ${JSON.stringify(ticket.path)} from byte ${offset}: it has ${length}`,
    );
  if (stage !== undefined) {
    const prefix = prefixOf(stage.prefix, offset);
    // When the offset lies before the stage's own blob, that is cut to nothing and used again.
    const resumed = { blob: stage.blob, blobLength: offset - lengthOf(prefix), token: stage.token };
    return { prefix, offset, condition: any, resumed, dropped: undefined };
  }
  // REST publishes the whole that its writer saw; an append must not swallow what another appended meanwhile.
  const condition: PutCondition = append ? { kind: 'version', version: entry?.version ?? 0 } : any;
  return { prefix: prefixOf(entry?.extents ?? [], offset), offset, condition, resumed: undefined, dropped };
}
