/**
 * How the callee tells a finished stream of requests from one that was cut.
 *
 * Node's HTTP/2 ends the data of a stream before it resets it, so at the other end a cancelled call looks finished for a
 * moment, and half an upload would look whole. Our clients therefore say in metadata that they mark the end, and send a
 * last message that no service has: a field of the range that Protocol Buffers keep free (19000 to 19999). Strangers
 * (grpcurl) do not, and are believed.
 */
export const endMarkedKey = 'skerry-end-marked';

/** Field 19000, a varint, 1. */
export const endMark: Buffer = Buffer.from([0xc0, 0xa3, 0x09, 0x01]);

export const isEndMark = (bytes: Buffer): boolean => bytes.length === endMark.length && endMark.equals(bytes);
