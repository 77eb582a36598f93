/** What a peer may make us hold, and how long we wait. docs/LIMITS.md lists them. */

/** In bytes, encoded. Chunks have at most 1 MiB; four times that leaves room for batches. */
export const messageSizeMaxBytes = 4 * 1024 * 1024;
/** HTTP/2 flow-control window of a connection and of each stream, in bytes: 64 KiB, the default, halves the speed of bulk. */
export const flowControlWindowBytes = 4 * 1024 * 1024;
/** Encoded messages of one stream that wait to be written, in bytes; one message more passes. Keeps the socket busy. */
export const sendBufferMaxBytes = 1024 * 1024;
/** Messages of one stream that came and wait to be taken, in bytes; beyond it the peer is held back. */
export const receiveBufferMaxBytes = 1024 * 1024;
/** What a waiting message counts besides its bytes: so small ones are bounded in number too. In bytes. */
export const messageOverheadBytes = 512;
/** Of a stream whose first answer has not come: grpc-js takes so much at once, without back-pressure. In bytes. */
export const earlySendBufferMaxBytes = 64 * 1024;
/** Calls under way at one node's door, streams included; one more is answered `overloaded`. */
export const callsInFlightMax = 10_000;
/** Calls under way on one connection (HTTP/2 MAX_CONCURRENT_STREAMS); the peer's transport queues what is more. */
export const callsPerConnectionMax = 1_000;
/** Connections kept to other nodes; the one unused longest is closed for a new one. A cluster of today has 30 nodes. */
export const connectionsMax = 256;

/** For unary calls, in all, in ms. */
export const deadlineDefaultMs = 5_000;
/** For streams: longest time without a message either way, in ms. */
export const progressDeadlineDefaultMs = 30_000;
/** Longest of either that a peer may ask for, in ms: a day; setTimeout takes 24. */
export const deadlineMaxMs = 86_400_000;
/** After a drain, when {@link RpcNode.close} is given no grace, in ms. */
export const closeGraceDefaultMs = 5_000;

/** First pause between tries, in ms; doubles up to {@link retryPauseMaxMs}; each is drawn from [half, whole]. */
export const retryPauseMinMs = 25;
export const retryPauseMaxMs = 1_000;

/** Silence on a connection with calls under way before it is probed, and wait for the answer, in ms. */
export const keepaliveTimeMs = 10_000;
export const keepaliveTimeoutMs = 5_000;
/** Pause before a lost connection is tried again, shortest and longest, in ms. */
export const reconnectPauseMinMs = 50;
export const reconnectPauseMaxMs = 1_000;

/** Of an error's message, in characters: it travels in a header, all of which must fit 16 KiB. */
export const errorMessageLengthMax = 1_024;
/** A header goes with the first message of a stream and then with each that begins a batch of so many. */
export const headerEveryMessages = 64;
