/**
 * Proposals logged or waiting for it, beyond which further ones are refused: a second's worth of small ones on a slow
 * disk.
 */
export const proposalCountMax = 8_192;
/** The same in bytes of commands: half of what the log takes. */
export const proposalBytesMax = 8 * 1024 * 1024;
/** Reads that wait for the leader's word at one node. */
export const readWaitersMax = 65_536;
/** Without an answer a read's question is asked again after so many ticks. */
export const readRepeatTicks = 10;
/** After so many ticks without an answer a read is refused: some elections long. */
export const readWaitTicksMax = 200;
/** Records applied in one transaction, at most: some milliseconds during which nothing else runs. */
export const applyBatchMax = 256;
/** Records read from the log at once to be applied, in bytes; one more passes. */
export const applyReadMaxBytes = 1024 * 1024;
/** Applying without a pause for others, in milliseconds. */
export const applySliceMs = 8;
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
/** Entries that a cut leaves for a follower that is behind but answers; one that misses more gets a snapshot. */
export const cutKeepCountMax = 200_000;
/** Between two attempts to go on while the disk is full. */
export const stallPauseMs = 500;
/** The tick of the machine, in milliseconds: a heartbeat's interval. */
export const tickMs = 30;
/** The same of a member without others, which waits for nobody. */
export const aloneTickMs = 300;
/** Ticks that were missed and are made up for: half of the least election timeout, so that they alone begin none. */
export const ticksBehindMax = 5;
/** Least election timeout, in ticks: 300 ms; each is drawn from [this, 2 x this). */
export const electionTicks = 10;
/** A write that is not on disk after so many ticks: a leader gives up its place. */
export const writeStallTicks = 60;
/** The same, after which the node stops: a disk that hangs does not come back (raft.md 55). */
export const writeStallFatalTicks = 2_000;
/** Bytes that wait for this node's disk, beyond which no more appends are taken from others. */
export const writePendingMaxBytes = 16 * 1024 * 1024;
/** Lives taken in advance, so that the machine can begin anew while the disk takes nothing. */
export const incarnationBlock = 1_000;
/** A follower that misses less, in bytes of entries, gets them from the log whatever the state's size. */
export const snapshotWorthMinBytes = 4 * 1024 * 1024;
/** One that misses so many times as much as the state takes gets the state: a row costs it twice what an entry does. */
export const snapshotWorthFactor = 2;
/** A snapshot's chunk, in bytes; a value that does not fit goes on in the next. */
export const snapshotChunkBytes = 192 * 1024;
/** A snapshot's view is kept so long after its last use, in milliseconds: for a transfer that was cut. */
export const snapshotKeepMs = 60_000;
/** Bytes of chunks taken in, after which they are made durable. */
export const snapshotFlushBytes = 1024 * 1024;
/** Rows removed at once from a state that is no longer used. */
export const clearRowsMax = 1_000;
/** How long an operator's change of members or leader is waited for, in ticks. */
export const adminWaitTicksMax = 300;
