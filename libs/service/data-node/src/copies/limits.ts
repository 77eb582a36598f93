/** Every limit of the copies between data nodes that is no setting, with its unit and reason. */

/** Content of an upload that waits in memory for one follower, in bytes: beyond it the follower is fed from the disk. */
export const pushWindowBytes = 8 * 1024 * 1024;
/** An upload whose majority makes no progress for so long fails and leaves a stage, in ms: below a client's patience. */
export const majorityWaitMs = 10_000;
/** A cut upload waits so long for a majority to have what came, in ms: below what the router waits for it. */
export const suspendWaitMs = 3_000;
/** Longest silence of a stream between data nodes, in ms: an upload may trickle; a dead connection is noticed by TCP. */
export const pushSilenceMaxMs = 600_000;
/** Longest silence of a node that sends a copy, in ms; then another one is asked. */
export const fetchSilenceMaxMs = 10_000;
/** Between two looks whether a follower that fell behind is needed after all, in ms. */
export const lagPauseMs = 100;
/** First and longest pause before a follower is tried again during an upload, in ms. */
export const pushRetryMinMs = 50;
export const pushRetryMaxMs = 1_000;
/** Followers that are still being fed after their upload was published; of one more, the oldest must fetch it. */
export const lingeringPushCountMax = 64;
/** Copies that are fetched at once: the disk is the clients'. */
export const fetchCountMax = 2;
/** First and longest pause before a blob is looked for again that no node could give, in ms. */
export const fetchRetryMinMs = 250;
export const fetchRetryMaxMs = 30_000;
/** Blobs known to be missing that are kept in memory; when there are more, state and disk are compared again. */
export const needCountMax = 10_000;
/** After that, state and disk are compared again, in ms: some of it was fetched meanwhile. */
export const compareAgainMs = 30_000;
/** Versions and stages looked at in one go while state and disk are compared, so that the event loop is not held. */
export const walkBatchCount = 100;
/** Between two looks for blobs that nothing names, in ms: a failed upload may leave one. */
export const orphanPauseMs = 600_000;
/** First look for them after a start, and after a failure, in ms: a leader must be there. */
export const orphanRetryMs = 1_000;
/** Blobs in one message about orphans: some 16 KiB. */
export const orphanBatchCount = 512;
/** Between two scrubs of everything, in ms: a day. */
export const scrubPauseMs = 86_400_000;
/** Longest burst of throttled work, in ms: so much of a second's share is saved up. */
export const throttleBurstMs = 250;
/** Before members change, each is asked what it holds; it has so long to answer, in ms. */
export const askCopiesMs = 2_000;
/** Between two such questions to a node that has not applied all yet, in ms. */
export const askCopiesPauseMs = 50;
