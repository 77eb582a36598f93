/** Starting a replica: who it is, what the log has that the store has not. */
import {
  decodeLogRecord,
  type Entry,
  Epoch,
  HybridClock,
  type LogRecord,
  randomId,
  StatusError,
  toStatusError,
} from '@skerry/kernel';
import { Wal } from '@skerry/runtime-wal';
import { Applier } from './apply.ts';
import { applyBatchMax, logSegmentBytes, unflushedBytesMax } from './limits.ts';
import { type Identity, readApplied, readIdentity, stateWriter, writeIdentity } from './meta.ts';
import { SingleReplica } from './single-replica.ts';
import type { Replica, ReplicaOptions } from './types.ts';

/**
 * Opens the replica kept in `store` and `logDirectory`, or begins a new one there: a log with one member, this node.
 * @throws StatusError `corrupt`, `format_newer` (nothing touched), `disk_full`, `disk_failed`.
 */
export async function openReplica<Effect>(options: ReplicaOptions<Effect>): Promise<Replica> {
  const { store, world, telemetry, logDirectory } = options;
  const known = readIdentity(store);
  let failed: (error: Error) => void = options.onFatal;
  const { wal, report } = await Wal.open({
    world,
    telemetry,
    directory: logDirectory,
    segmentSizeBytes: options.logSegmentBytes ?? logSegmentBytes,
    onFatal: (error) => failed(error),
  });
  try {
    requireWhole(options, wal);
    const identity = await begin(options, known, wal);
    store.beforeCommit?.(() => options.beforeCut());
    const applier = new Applier(options);
    await replay(options, identity, wal, applier);
    const clock = new HybridClock(applier.time);
    const replica = new SingleReplica(options, { identity, wal, applier, clock });
    failed = (error) => replica.fail(error);
    telemetry.emit({
      event: 'replica_opened',
      group: options.group,
      applied: replica.appliedIndex,
      incarnation: identity.incarnation,
      closedCleanly: report.closedCleanly,
    });
    return replica;
  } catch (thrown) {
    await wal.close();
    throw thrown;
  }
}

/** This start's identity, durable before any record carries it (raft.md 64). */
async function begin<Effect>(
  { store, stateMachine, world }: ReplicaOptions<Effect>,
  known: Identity | undefined,
  wal: Wal,
): Promise<Identity> {
  const identity = {
    epoch: known?.epoch ?? (await loggedEpoch(wal)) ?? Epoch(randomId(world.random)),
    incarnation: (known?.incarnation ?? 0) + 1,
  };
  store.transaction((writer) => {
    if (known === undefined) stateMachine.initialise(stateWriter(writer));
    writeIdentity(writer, identity);
  });
  await store.flush();
  return identity;
}
/** A store that was lost is built again from a log that is whole. */
async function loggedEpoch(wal: Wal): Promise<Epoch | undefined> {
  for await (const { bytes } of wal.read(wal.firstPosition)) return decodeLogRecord(bytes).epoch;
  return undefined;
}

/** A log that ends before what the store has applied, or begins behind it, was damaged or put together wrongly. */
function requireWhole<Effect>({ store, group, logDirectory }: ReplicaOptions<Effect>, wal: Wal): void {
  const { index } = readApplied(store);
  if (wal.lastPosition >= index && wal.firstPosition <= index + 1) return;
  throw new StatusError(
    'corrupt',
    `Cannot open replica "${group}": its store has applied record ${index}, but its log "${logDirectory}" ` +
      `holds ${wal.firstPosition} to ${wal.lastPosition}`,
  );
}

async function replay<Effect>(
  options: ReplicaOptions<Effect>,
  { epoch }: Identity,
  wal: Wal,
  applier: Applier<Effect>,
): Promise<void> {
  const { logDirectory, group } = options;
  let batch: Entry[] = [];
  let unflushedBytes = 0;
  for await (const { position, bytes } of wal.read(applier.index + 1)) {
    const record = decode(bytes, position, logDirectory);
    if (record.index !== position || record.group !== group || record.epoch !== epoch)
      throw new StatusError(
        'corrupt',
        `Cannot open replica "${group}": record ${position} of its log "${logDirectory}" is record ${record.index} ` +
          `of group "${record.group}", epoch ${record.epoch}: wanted epoch ${epoch}`,
      );
    batch.push(record);
    unflushedBytes += bytes.length;
    if (batch.length < applyBatchMax) continue;
    applier.apply(batch);
    batch = [];
    if (unflushedBytes < unflushedBytesMax) continue;
    await options.store.flush();
    unflushedBytes = 0;
  }
  applier.apply(batch);
}

function decode(bytes: Uint8Array, position: number, logDirectory: string): LogRecord {
  try {
    return decodeLogRecord(bytes);
  } catch (thrown) {
    const { reason, message } = toStatusError(thrown);
    if (reason === 'format_newer') throw thrown;
    throw new StatusError('corrupt', `Cannot read record ${position} of log "${logDirectory}": ${message}`, {
      cause: thrown,
    });
  }
}
