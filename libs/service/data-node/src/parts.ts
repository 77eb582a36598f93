/** What every part of the data role works with. */
import { type OperationId, randomId, StatusError, toStatusError } from '@skerry/kernel';
import {
  decodeOutcome,
  encodeCommand,
  type FileTreeCommand,
  type NamedHead,
  type Outcome,
  type Place,
} from '@skerry/domain-file-tree';
import { data } from '@skerry/proto';
import type { Blobs } from '@skerry/runtime-blobs';
import type { Replica } from '@skerry/runtime-replica';
import type { Counter, Telemetry } from '@skerry/runtime-telemetry';
import type { World } from '@skerry/runtime-world';
import type { Copies } from './copies/copies.ts';
import type { Listings } from './listings.ts';
import type { DataConfig } from './settings.ts';

export type Parts = {
  readonly config: DataConfig;
  readonly world: World;
  readonly telemetry: Telemetry;
  readonly replica: Replica;
  readonly blobs: Blobs;
  readonly listings: Listings;
  readonly metrics: Metrics;
  /** Absent: nobody else can have a copy. */
  readonly copies?: Copies;
  /** Free on the node's disk, in bytes. Absent: nobody knows. */
  readonly freeBytes?: () => Promise<number>;
};

export type Metrics = { readonly received: Counter; readonly sent: Counter };
export const createMetrics = (telemetry: Telemetry): Metrics => ({
  received: telemetry.counter('content_received_bytes_total', 'Bytes of uploads, published or not'),
  sent: telemetry.counter('content_sent_bytes_total', 'Bytes of downloads'),
});

export type Done = Extract<Outcome, { ok: true }>;

/** Durable and applied when it resolves. @throws StatusError: the outcome's, or the replica's own. */
export async function propose(parts: Parts, command: FileTreeCommand, operationId?: OperationId): Promise<Done> {
  const operation = operationId ?? (randomId(parts.world.random) as OperationId);
  try {
    const { result } = await parts.replica.propose(encodeCommand(command), operation);
    return doneOf(decodeOutcome(result));
  } catch (thrown) {
    if (toStatusError(thrown).reason !== 'not_leader' || operationId === undefined) throw thrown;
    return settled(parts, operation, thrown);
  }
}
/**
 * The leadership went while the record was on its way: the next leader has decided, by its first record, whether it is
 * in the log. So an upload is not told to have failed that was published.
 */
async function settled({ replica }: Parts, operation: OperationId, thrown: unknown): Promise<Done> {
  await replica.readBarrier();
  const result = replica.remembered(operation);
  if (result === undefined) throw thrown;
  return doneOf(decodeOutcome(result));
}
/** What only the leader does. @throws StatusError `not_leader`: another node is to be asked. */
export function assertLeads({ replica }: Parts): void {
  if (!replica.isLeader)
    throw new StatusError('not_leader', `Cannot do this here: ${replica.leader ?? 'nobody yet'} leads the data nodes`);
}

export function doneOf(outcome: Outcome): Done {
  if (!outcome.ok) throw outcome.error;
  return outcome;
}

/** Names a place in the maps of what is under way. */
export const placeKey = ({ directory, name }: Place): string => `${directory}/${name}`;

export function toDirectoryEntry(head: NamedHead): data.DirectoryEntry {
  return {
    name: head.name,
    kind: head.kind === 'file' ? data.EntryKind.FILE : data.EntryKind.DIRECTORY,
    size: head.size,
    modifiedAtMs: head.modifiedMs,
    createdAtMs: head.createdMs,
    mode: head.mode,
    owner: head.owner,
    group: head.group,
    id: head.id,
    version: head.version,
  };
}
