/**
 * Runs: what was flushed or merged at once, of one table, in the order of tokens and keys. A run never changes. It is cut
 * into blocks, numbered from 0, each one stored value with its checksum:
 *
 * A block: u32 checksum of run, number and what follows · u8 format · u8 zero · entries.
 * An entry, a partition or a part of one: u32 size of all of it in this block · i32, u32 token · u8 flags · u8 zero · u16
 * key size · key · units (`format.ts`). A partition that outgrows its block goes on in the next with another entry, without
 * its key; its deletions and its static row are in the first.
 */

export const blockFormat = 2;
export const blockHeadSizeBytes = 6;
export const entryHeadSizeBytes = 16;

export const atEntryTokenHi = 4;
export const atEntryTokenLo = 8;
export const atEntryFlags = 12;
export const atEntryKeySize = 14;

/** It goes on from the block before. */
export const entryContinued = 1;
/** It goes on in the next block. */
export const entryContinues = 2;
/** Nothing but dense rows: there is nothing to purge in it. */
export const entryPlain = 4;

/**
 * A block is closed before it grows beyond, when it can be: with LMDB's own 16 bytes it takes two of its pages. Larger ones
 * would make reads of one row slower, smaller ones scans.
 */
export const blockSizeMaxBytes = 8 * 1024 - 16;
