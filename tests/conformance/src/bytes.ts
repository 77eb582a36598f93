import { createCipheriv } from 'node:crypto';

const key = Buffer.alloc(16, 0x5e);
const start = Buffer.alloc(16);

/**
 * Bytes that are always the same and never alike at two offsets of one block: a cipher's key stream. A loop over the bytes would
 * hold up all cases for seconds, in a test's own realm above all.
 */
export const bytesOf = (size: number): Buffer => createCipheriv('aes-128-ctr', key, start).update(Buffer.alloc(size));
