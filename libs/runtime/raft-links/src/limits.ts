/** What waits on the way between two members, and how long. docs/LIMITS.md lists them. */

/** Votes, heartbeats, replies and reads that wait for one stream. A replica that has more to say says it again. */
export const smallCountMax = 8_192;
/** Appends that wait for one stream, in number: twice the machine's window of messages. */
export const bulkCountMax = 512;
/** Records of appends that wait for one stream, in bytes: twice the machine's window; one append more passes. */
export const bulkQueueMaxBytes = 8 * 1024 * 1024;
/**
 * Records of appends that are sent and not yet taken in by the other side, in bytes; one append more passes. What is
 * under way is ahead of a heartbeat: 2 MiB are 17 ms at 1 Gbit/s.
 */
export const bulkWindowMaxBytes = 2 * 1024 * 1024;
/** Records of one append, in bytes: the machine's 256 KiB and one entry of 1 MiB more, with their heads. A larger one is dropped. */
export const recordsMaxBytes = 2 * 1024 * 1024;
/** Records in one frame, in bytes; one append more passes. What is sent after it can overtake the next frame. */
export const frameBulkMaxBytes = 256 * 1024;
/** Messages taken from one frame. */
export const frameMessagesCountMax = 16_384;
/** Records taken from one append: as many as the smallest fit into 2 MiB. */
export const recordsCountMax = 32_768;

/** Members named in one list of a configuration or a change. */
export const configurationIdsCountMax = 64;

/** A stream over which nothing came for so long is cut and opened again, in ms. Also the wait for the first frame. */
export const silenceMaxMs = 2_000;
/** A stream over which nothing was sent for so long gets an empty frame, in ms. */
export const keepaliveIntervalMs = 500;
/** Pause before a stream is opened again, shortest and longest, in ms; each is drawn from [half, whole]. */
export const redialPauseMinMs = 20;
export const redialPauseMaxMs = 250;
/** How long the larger node id of a pair waits for the smaller to open the stream before it does itself, in ms. */
export const dialGraceMaxMs = 1_000;
/** A stream to a node that is no member is closed when it was of no use for so long, in ms. */
export const idleMaxMs = 60_000;
/** A stream whose bytes the transport does not move for so long is cut, in ms; silence is noticed before. */
export const streamProgressMs = 10_000;
/** Nodes with which one group talks at once: those that come and go are no more, and members always may. */
export const peersCountMax = 128;
/** Groups behind one door. */
export const groupsCountMax = 64;
/** Of a group's name, in bytes. */
export const groupNameMaxBytes = 255;

/** Of one chunk of a snapshot, in bytes. */
export const snapshotChunkMaxBytes = 256 * 1024;
/** Chunks of a snapshot that are sent and not yet kept by the receiver. */
export const snapshotWindowCountMax = 8;
/** A snapshot's call on which the other side is silent for so long is cut, in ms. */
export const snapshotSilenceMaxMs = 20_000;
/** A receiver of a snapshot that is at work says so as often, in ms. */
export const snapshotProgressIntervalMs = 1_000;
/** Of a snapshot's id, in characters. */
export const snapshotIdLengthMax = 255;

/** Refusals of one kind are an event once in so many ms, with their count; all are counted. */
export const refusalEventIntervalMs = 10_000;

export type LinkLimits = {
  readonly bulkQueueMaxBytes: number;
  readonly silenceMaxMs: number;
  readonly keepaliveIntervalMs: number;
  readonly redialPauseMinMs: number;
  readonly redialPauseMaxMs: number;
  readonly dialGraceMaxMs: number;
  readonly idleMaxMs: number;
  readonly snapshotSilenceMaxMs: number;
  readonly snapshotProgressIntervalMs: number;
  /** Sent to one node, in bytes per second. Undefined: as fast as it takes them. Asked before each chunk. */
  readonly snapshotBytesPerSecond: (() => number | undefined) | undefined;
};
export const defaultLimits: LinkLimits = {
  bulkQueueMaxBytes,
  silenceMaxMs,
  keepaliveIntervalMs,
  redialPauseMinMs,
  redialPauseMaxMs,
  dialGraceMaxMs,
  idleMaxMs,
  snapshotSilenceMaxMs,
  snapshotProgressIntervalMs,
  snapshotBytesPerSecond: undefined,
};
