/** What nobody asks for: orphans of a crash go at start, stages that nobody resumed go after their time. */
import type { BlobId } from '@skerry/kernel';
import { forgetCountMax, isReferenced, listStages, type PlacedStage } from '@skerry/domain-file-tree';
import { pause } from '@skerry/runtime-world';
import { sweepBatchCount, sweepPauseMs } from './limits.ts';
import { type Parts, propose } from './parts.ts';
import type { UploadRegistry } from './registry.ts';

const hourMs = 3_600_000;

/** Marks dead the blobs on disk to which no version or stage refers; gives their number. */
export async function forgetOrphans(parts: Parts, registry: UploadRegistry): Promise<number> {
  let orphans: BlobId[] = [];
  let count = 0;
  const forget = async (): Promise<void> => {
    // What became a version or stage since it was listed is spared, here and again when the record is applied.
    const blobs = orphans.filter((id) => !registry.blobs.has(id) && !isReferenced(parts.replica.state, id));
    orphans = [];
    if (blobs.length === 0) return;
    await propose(parts, { kind: 'forget', blobs });
    count += blobs.length;
  };
  for await (const { id } of parts.blobs.list()) {
    if (!registry.blobs.has(id) && !isReferenced(parts.replica.state, id)) orphans.push(id);
    if (orphans.length === forgetCountMax) await forget();
  }
  await forget();
  if (count > 0) parts.telemetry.emit({ event: 'orphans_forgotten', count });
  return count;
}

/**
 * Drops the stages that are older than the configured time, by the log's clock, and those that nobody may resume; gives
 * their number.
 */
export async function dropExpiredStages(parts: Parts, registry: UploadRegistry): Promise<number> {
  const before = parts.replica.now().wallMs - parts.config.stageKeepHours * hourMs;
  let count = 0;
  let after: PlacedStage | undefined;
  while (true) {
    const batch = listStages(parts.replica.state, after, sweepBatchCount);
    for (const { place, user, stage } of batch) {
      const over = stage.mark === 'superseded' || stage.changedMs <= before;
      if (!over || registry.isUploading(user, place)) continue;
      await propose(parts, { kind: 'dropStage', place, user, token: stage.token });
      count += 1;
    }
    after = batch.at(-1);
    if (batch.length < sweepBatchCount) break;
    await pause(parts.world.clock, 0);
  }
  if (count > 0) parts.telemetry.emit({ event: 'stages_expired', count });
  return count;
}

/** Until `signal` aborts. A failure is reported, and met again at the next turn. */
export async function keepHouse(parts: Parts, registry: UploadRegistry, signal: AbortSignal): Promise<void> {
  const attempt = async (work: Promise<number>): Promise<void> => {
    await work.catch((error: unknown) => {
      if (!signal.aborted) parts.telemetry.emit({ event: 'housekeeping_failed', level: 'warn', error });
    });
  };
  // In a group the copies look for orphans, again and again: each node has others.
  if (parts.copies?.isAlone !== false) await attempt(forgetOrphans(parts, registry));
  while (!signal.aborted) {
    if (parts.replica.isLeader) await attempt(dropExpiredStages(parts, registry));
    await pause(parts.world.clock, sweepPauseMs, signal);
  }
}
