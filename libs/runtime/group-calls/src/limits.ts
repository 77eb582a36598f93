/** Operations under way of one client, beyond which further ones are refused. */
export const operationCountMax = 8_192;
/** The same in bytes of commands and queries. */
export const operationBytesMax = 8 * 1024 * 1024;
/** Operations under way of one stream at a member, beyond which it reads no further. */
export const streamOperationCountMax = 16_384;
/** Operations in one message. */
export const batchCountMax = 512;
/** Bytes of operations in one message; one more passes. */
export const batchBytesMax = 256 * 1024;
/** How long an operation may take in all when its caller does not say, in milliseconds. */
export const operationDeadlineMs = 10_000;
/** Pause before members are asked again after none of them led, in milliseconds: shorter than an election. */
export const retryPauseMs = 25;
/** A stream on which something was asked and nothing was answered for so long is given up, in milliseconds. */
export const silenceMaxMs = 1_000;
