/**
 * Proposals logged or waiting for it, beyond which further ones are refused: a second's worth of small ones on a slow
 * disk.
 */
export const proposalCountMax = 8_192;
/** The same in bytes of commands: half of what the log takes. */
export const proposalBytesMax = 8 * 1024 * 1024;
/** Records applied in one transaction, at most: some milliseconds during which nothing else runs. */
export const applyBatchMax = 256;
/**
 * Bytes of records applied since the store was last flushed, beyond which applying waits: a quarter of what the store
 * keeps in memory.
 */
export const unflushedBytesMax = 16 * 1024 * 1024;
/**
 * Bytes logged since the log was last cut, after which it is cut again: bounds the log on disk and the replay at
 * start.
 */
export const checkpointBytes = 64 * 1024 * 1024;
/** A segment of the log: half of the above, so that a cut always finds a whole one. */
export const logSegmentBytes = 32 * 1024 * 1024;
/** Between two attempts to apply while the disk is full. */
export const stallPauseMs = 500;
