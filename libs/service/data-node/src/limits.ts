/** Every limit of the data role that is no setting, with its unit and reason. */

/** Entries in one message of a listing: some 100 KiB, a few milliseconds of work. */
export const listBatchCount = 1_000;
/** Durable bytes after which a stage's new length goes into the log: what a crash can cost the client that resumes. */
export const extendStepBytes = 8 * 1024 * 1024;
/** Tickets remembered as used until they expire: at a ticket's life of a minute, 1,600 uploads per second. */
export const usedTicketCountMax = 100_000;
/** Names tried for a unique one; each has 32 random bits, so that a second try is rare. */
export const uniqueNameTriesMax = 16;
/** Between two looks for stages that have expired, in milliseconds: their life is counted in hours. */
export const sweepPauseMs = 60_000;
/** Stages read in one go of that look, so that the event loop is not held. */
export const sweepBatchCount = 200;
/** An append onto so many pieces waits until they were compacted; below it, compaction follows behind. */
export const extentCountToWait = 512;
/** Files waiting to be compacted; one that finds no room is found again at its next append. */
export const compactionQueueMax = 1_000;
/** Between two looks whether the transfers under way have ended while the node stops, in milliseconds. */
export const drainPauseMs = 20;
