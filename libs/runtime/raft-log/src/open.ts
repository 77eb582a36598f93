/** Finding out at start what a log holds, and whose it is. */
import type { HardState } from '@skerry/cluster-raft';
import { type Epoch, peekRecord, RecordCodec, type RecordIdentity, Term } from '@skerry/kernel';
import { Wal, type WalReport } from '@skerry/runtime-wal';
import { encodeControl, isControl, peekControl } from './control-record.ts';
import { Replay, type Replayed } from './replay.ts';
import type { LogOrigin, OpenedRaftLog, RaftLogOptions } from './types.ts';
import { WalRaftLog } from './wal-raft-log.ts';

/** Of a replica without others: nobody was elected, nobody voted. */
const singleHardState: HardState = { term: Term(1), vote: undefined, standing: 'member' };

/**
 * Opens the log in a folder, or begins one there. A torn tail is cut. An empty log, and one of a replica without others,
 * gets a first mark, durable before this returns.
 * @throws StatusError `corrupt` (of what was durable: file and offset named; or records of another group or epoch, or
 * that do not hold together), `format_newer`: with nothing changed; `disk_full`, `read_only_disk`, `disk_failed`.
 */
export async function openRaftLog(options: RaftLogOptions): Promise<OpenedRaftLog> {
  const { wal, report } = await Wal.open(options);
  try {
    const identity = await identityOf(options, wal);
    const codec = new RecordCodec(identity);
    const { origin, replayed } = await replay(options, identity, codec, wal, report);
    const { hardState, snapshot, table, log, entryCount, keepFrom } = replayed;
    if (origin !== 'raft')
      await wal.append(encodeControl(identity, { hardState, mark: { kind: 'compacted', snapshot } }));
    return {
      log: new WalRaftLog(options, { wal, codec, identity, table, hardState, snapshot, keepFrom }),
      stored: { hardState, snapshot, log },
      report: { ...report, origin, epoch: identity.epoch, entryCount },
    };
  } catch (thrown) {
    await wal.close();
    throw thrown;
  }
}

async function identityOf({ group, epoch }: RaftLogOptions, wal: Wal): Promise<RecordIdentity> {
  return { group, epoch: typeof epoch === 'string' ? epoch : epoch(await foundEpoch(wal)) };
}
async function foundEpoch(wal: Wal): Promise<Epoch | undefined> {
  for await (const { bytes } of wal.read(wal.firstPosition))
    return (isControl(bytes) ? peekControl(bytes) : peekRecord(bytes).identity).epoch;
  return undefined;
}

async function replay(
  { directory, initial, legacyConfiguration }: RaftLogOptions,
  identity: RecordIdentity,
  codec: RecordCodec,
  wal: Wal,
  { firstPosition, lastPosition }: WalReport,
): Promise<{ readonly origin: LogOrigin; readonly replayed: Replayed }> {
  const replayed = new Replay(identity, codec, directory);
  for await (const { position, bytes } of wal.read(firstPosition)) replayed.take(position, bytes);
  if (replayed.hasMark) return { origin: 'raft', replayed: replayed.end() };
  // A log of this package is never cut before a mark is in it.
  const origin = lastPosition === 0 ? 'new' : 'single';
  if (origin === 'new') replayed.adopt(1, initial.hardState, initial.configuration);
  else replayed.adopt(firstPosition, singleHardState, legacyConfiguration);
  return { origin, replayed: replayed.end() };
}
