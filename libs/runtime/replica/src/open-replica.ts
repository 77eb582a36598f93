/** Starting a replica: who it is, what the log has that the store has not. */
import type { HardState } from '@skerry/cluster-raft';
import { Epoch, HybridClock, type LogIndex, type NodeId, randomId, StatusError, Term } from '@skerry/kernel';
import { openRaftLog, type OpenedRaftLog } from '@skerry/runtime-raft-log';
import { Applier } from './apply.ts';
import { incarnationBlock, logSegmentBytes } from './limits.ts';
import {
  type Identity,
  nobody,
  readApplied,
  readIdentity,
  readIncoming,
  votersOf,
  writeApplied,
  writeIdentity,
  writeIncoming,
  writeJoining,
} from './meta.ts';
import { RaftReplica } from './raft-replica.ts';
import { Slots } from './slots.ts';
import type { Beginning, OpenedReplica, ReplicaOptions } from './types.ts';

const alone = (node: NodeId): Beginning => ({ founders: [node], epoch: undefined });
const firstHardState: HardState = { term: Term(0), vote: undefined, standing: 'new' };

/**
 * Opens the replica kept in `store` and `logDirectory`, or begins one there. One without others leads, and has applied
 * what it has logged, when this resolves; with others a leader is found meanwhile.
 * @throws StatusError `corrupt`, `format_newer` (nothing touched), `disk_full`, `disk_failed`.
 */
export async function openReplica<Effect>(options: ReplicaOptions<Effect>): Promise<OpenedReplica> {
  const { store, telemetry, group } = options;
  const known = readIdentity(store);
  // Of a member with a past its log tells who votes.
  const beginning = (known === undefined ? await options.begin?.() : undefined) ?? alone(options.node);
  let failed: (error: Error) => void = options.onFatal;
  const open = (): Promise<OpenedRaftLog> => openLog(options, known?.epoch, beginning, (error) => failed(error));
  const opened = await open();
  try {
    const slots = new Slots(store);
    requireWhole(options, opened, slots);
    const joins = known === undefined && opened.report.origin === 'new' && !beginning.founders.includes(options.node);
    const identity = await begin(options, known, opened.report.epoch, slots, joins);
    store.beforeCommit?.(() => options.beforeCut());
    const applier = new Applier(options, slots);
    const clock = new HybridClock(applier.time);
    const replica = new RaftReplica(options, { identity, opened, reopen: open, applier, slots, clock });
    failed = (error) => replica.fail(error);
    telemetry.emit({
      event: 'replica_opened',
      group,
      applied: replica.appliedIndex,
      incarnation: identity.incarnation,
      closedCleanly: opened.report.closedCleanly,
    });
    await startOrClose(replica);
    return replica;
  } catch (thrown) {
    await opened.log.close();
    throw thrown;
  }
}

async function startOrClose<Effect>(replica: RaftReplica<Effect>): Promise<void> {
  try {
    await replica.start();
  } catch (thrown) {
    await replica.close();
    throw thrown;
  }
}

function openLog<Effect>(
  { world, telemetry, logDirectory, group, node, logSegmentBytes: size }: ReplicaOptions<Effect>,
  known: Epoch | undefined,
  { founders, epoch }: Beginning,
  onFatal: (error: Error) => void,
): Promise<OpenedRaftLog> {
  return openRaftLog({
    world,
    telemetry,
    directory: logDirectory,
    group,
    // A store that was lost is built again from a log that is whole.
    epoch: (found) => known ?? found ?? epoch ?? Epoch(randomId(world.random)),
    initial: {
      hardState: firstHardState,
      configuration: founders.includes(node) ? votersOf(founders) : nobody,
    },
    legacyConfiguration: votersOf([node]),
    segmentSizeBytes: size ?? logSegmentBytes,
    onFatal,
  });
}

/** This start's identity, its lives durable before any record carries them (raft.md 64). */
async function begin<Effect>(
  { store, stateMachine }: ReplicaOptions<Effect>,
  known: Identity | undefined,
  epoch: Epoch,
  slots: Slots,
  joins: boolean,
): Promise<Identity> {
  const incarnation = known?.incarnation ?? 1;
  store.transaction((writer) => {
    if (known === undefined) stateMachine.initialise(slots.writer(writer));
    writeIdentity(writer, { epoch, incarnation: incarnation + incarnationBlock });
    if (joins) writeJoining(writer, true);
  });
  await store.flush();
  return { epoch, incarnation };
}

/** A log that ends before what the store has applied, or begins behind it, was damaged or put together wrongly. */
function requireWhole<Effect>(
  { store, group, logDirectory }: ReplicaOptions<Effect>,
  { log }: OpenedRaftLog,
  slots: Slots,
): void {
  finishInstall({ store }, log.snapshot.last.index, slots);
  const { index } = readApplied(store);
  if (log.lastIndex >= index && log.snapshot.last.index <= index) return;
  throw new StatusError(
    'corrupt',
    `Cannot open replica "${group}": its store has applied record ${index}, but its log "${logDirectory}" ` +
      `holds ${log.firstIndex} to ${log.lastIndex}`,
  );
}

/** A crash came after the log took a snapshot's mark, and before its state took the old one's place (raft.md 31). */
function finishInstall<Effect>({ store }: Pick<ReplicaOptions<Effect>, 'store'>, base: LogIndex, slots: Slots): void {
  const incoming = readIncoming(store);
  if (incoming === undefined || !incoming.whole || incoming.mark.last.index !== base) return;
  if (readApplied(store).index >= base) return;
  store.transaction((writer) => {
    slots.switch(writer);
    writeApplied(writer, { index: base, time: incoming.time });
    writeIncoming(writer, undefined);
  });
}
