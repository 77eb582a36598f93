/** Every limit of the data role that is no setting, with its unit and reason. */

/** Entries in one message of a listing: some 100 KiB, a few milliseconds of work. */
export const listBatchCount = 1_000;
/** Content that is sent, and taken, in one message with all that belongs to it, in bytes: what a log record takes too. */
export const smallContentMaxBytes = 64 * 1024;
/** Entries of a directory from which its listing is kept: a smaller one is read in a millisecond. */
export const listedFromCount = 500;
/** Entries of all listings that are kept: some 6 MB of memory. A longer listing is read each time. */
export const listedEntryCountMax = 20_000;
/** Names of a kept listing that changed since it was read last; for one more it is forgotten, and read anew. */
export const listedChangeCountMax = 1_000;
/** Directories whose listings are kept or being read; for one more the one used longest ago is forgotten. */
export const listedDirectoryCountMax = 64;
/** Durable bytes after which a stage's new length goes into the log: what a crash can cost the client that resumes. */
export const extendStepBytes = 8 * 1024 * 1024;
/**
 * Least time between two such records, in ms: each is a sync of the blob and of the log on a majority of disks, which a
 * fast upload would do a hundred times in a gibibyte.
 */
export const extendIntervalMs = 500;
/** Entries of one recursive listing: what a client can make the node read with one command. */
export const recursiveEntryCountMax = 10_000;
/** Checksums at once; one more is answered `overloaded`. They share one thread and read one after the other. */
export const digestCountMax = 16;
/** Bytes of a checksum between two signs of life: less than a second's work, far below a stream's deadline. */
export const digestStepBytes = 16 * 1024 * 1024;
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
