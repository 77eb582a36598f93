/** Finding the segments of a log at start, judging its tail, and making new ones. */
import { present, StatusError } from '@skerry/kernel';
import { type DiskFile, makeDurableDirectory } from '@skerry/runtime-world';
import { encodeSegmentHeader, nonceSizeBytes, segmentHeaderSizeBytes, segmentName, segmentPosition } from './format.ts';
import { readSegmentHeader, scanSegment, type Segment, type Tail, writeAgain } from './segment.ts';
import { allocationStepDefaultBytes, segmentSizeDefaultBytes, type WalOptions, type WalReport } from './types.ts';

/** A segment while it is made: it counts only under its final name. */
const unfinishedName = 'next.unfinished';

type Options = WalOptions & { readonly segmentSizeBytes: number; readonly allocationStepBytes: number };
export type Opened = {
  readonly options: Options;
  readonly segments: readonly Segment[];
  /** Of the newest segment. */
  readonly file: DiskFile;
  readonly allocated: number;
  readonly report: WalReport;
};

export async function openSegments(given: WalOptions): Promise<Opened> {
  const options = {
    ...given,
    segmentSizeBytes: given.segmentSizeBytes ?? segmentSizeDefaultBytes,
    allocationStepBytes: given.allocationStepBytes ?? allocationStepDefaultBytes,
  };
  const { world, directory } = options;
  await makeDurableDirectory(world.disk, directory);
  const names = await world.disk.list(directory);
  // Names that a killed process left may be in memory alone: they must be on disk before anyone acts on the records.
  await world.disk.syncDirectory(directory);
  const segments: Segment[] = [];
  // All headers before anything is changed: a newer format is left untouched.
  for (const name of names) {
    const position = segmentPosition(name);
    if (position === undefined) continue;
    const segment = await readSegmentHeader(world.disk, `${directory}/${name}`, world.checksum);
    if (segment.firstPosition !== position)
      throw new StatusError(
        'corrupt',
        `Cannot read log: "${segment.path}" at 0: its header says that it begins with ${segment.firstPosition}`,
      );
    segments.push(segment);
  }
  const tail = await scanAll(options, segments);
  if (names.includes(unfinishedName)) await world.disk.remove(`${directory}/${unfinishedName}`);
  if (segments.length === 0) {
    const created = await createSegment(options, 1);
    const report = {
      firstPosition: 1,
      lastPosition: 0,
      segmentCount: 1,
      closedCleanly: true,
      tornTail: undefined,
    };
    return { options, segments: [created.segment], file: created.file, allocated: created.allocated, report };
  }
  return openNewest(options, segments, tail);
}

/** @throws StatusError `corrupt` unless the segments are one unbroken row of whole records. */
async function scanAll({ world }: Options, segments: readonly Segment[]): Promise<Tail> {
  let tail: Tail = { dirty: false, closed: true, synced: 0 };
  for (const [i, segment] of segments.entries()) {
    const next = segments[i + 1];
    const file = await world.disk.open(segment.path, 'read');
    try {
      tail = await scanSegment(file, segment, next === undefined, world.checksum);
    } finally {
      await file.close();
    }
    if (next !== undefined && next.firstPosition !== segment.lastPosition + 1)
      throw new StatusError(
        'corrupt',
        `Cannot read log: "${segment.path}" at ${segment.end}: record ${segment.lastPosition + 1} is damaged: ` +
          `the next file begins with record ${next.firstPosition}`,
      );
  }
  return tail;
}

async function openNewest(options: Options, segments: readonly Segment[], tail: Tail): Promise<Opened> {
  const newest = present(segments.at(-1), 'newest segment');
  const file = await options.world.disk.open(newest.path, 'write');
  // Records that a killed process wrote are read from memory here: they must be on disk before anyone acts on them.
  if (!tail.closed) {
    await writeAgain(file, newest, tail.synced);
    await file.sync();
  }
  // Cut, not kept: leftovers behind new records could be taken for their successors after the next crash.
  if (tail.dirty) {
    await file.truncate(newest.end);
    await file.sync();
    options.telemetry?.emit({
      event: 'log_tail_cut',
      level: 'warn',
      message: `Cut what a crash left behind record ${newest.lastPosition} in "${newest.path}" at ${newest.end}`,
    });
  }
  const report: WalReport = {
    firstPosition: segments[0]?.firstPosition ?? 1,
    lastPosition: newest.lastPosition,
    segmentCount: segments.length,
    closedCleanly: tail.closed && !tail.dirty,
    tornTail: tail.dirty ? { file: newest.path, offset: newest.end } : undefined,
  };
  return { options, segments, file, allocated: await file.sizeBytes(), report };
}

/**
 * A new newest segment, its header and name durable. Under the name of one that is there it takes its place,
 * atomically.
 * @param fill writes first records behind the header, and tells the segment of them.
 */
export async function createSegment(
  { world, directory, allocationStepBytes }: Options,
  firstPosition: number,
  fill: (file: DiskFile, segment: Segment) => Promise<void> = () => Promise.resolve(),
): Promise<{ readonly segment: Segment; readonly file: DiskFile; readonly allocated: number }> {
  const { disk, checksum } = world;
  const unfinished = `${directory}/${unfinishedName}`;
  if ((await disk.sizeBytes(unfinished)) !== undefined) await disk.remove(unfinished);
  const nonce = world.random(nonceSizeBytes);
  const segment: Segment = {
    path: `${directory}/${segmentName(firstPosition)}`,
    firstPosition,
    seed: checksum(nonce),
    lastPosition: firstPosition - 1,
    end: segmentHeaderSizeBytes,
    marks: [],
  };
  const file = await disk.open(unfinished, 'create');
  try {
    await file.allocate(allocationStepBytes);
    await file.write([encodeSegmentHeader({ firstPosition, nonce }, checksum)], 0);
    await fill(file, segment);
    await file.sync();
    await disk.rename(unfinished, segment.path);
    await disk.syncDirectory(directory);
  } catch (thrown) {
    await file.close();
    // A full disk needs the room; a name left behind is removed at the next attempt.
    await disk.remove(unfinished).catch(() => undefined);
    throw thrown;
  }
  return { segment, file, allocated: Math.max(allocationStepBytes, segment.end) };
}
