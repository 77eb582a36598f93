/**
 * The one binary form of what a partition is made of: in a mutation, in the commit log, in memory and in stored blocks.
 *
 * All numbers big-endian. A unit begins with a head of 20 bytes:
 *   0 u32 size of the whole unit · 4 u8 flags · 5 u8 columns of a dense row · 6 u16 size of the ordered clustering bytes ·
 *   8 u32 size of the clustering cells · 12 i32, u32 timestamp in microseconds, upper and lower half
 * A row goes on with: ordered clustering bytes; (dense) a u16 column id for each cell; the clustering's cells, then
 * - dense: a cell `[i32 size or -1][bytes]` for each column, all of the head's timestamp, none with a TTL;
 * - else: (expiring) u32 local expiry in seconds, u32 TTL; (row deletion) i32, u32 timestamp, u32 local time; then cells:
 *   u16 column id · u8 flags · i32, u32 timestamp · (tombstone, deletion, expiring) u32 local time · (expiring) u32 TTL ·
 *   (element) u16 size, ordered path, then the key's cell or -1 · (not a tombstone nor a deletion) the value's cell;
 *   sorted by column id, a collection's deletion first, its elements by path.
 * A partition deletion goes on with its u32 local time; a range deletion with that and its two bounds, whose sizes take
 * the places of the clustering's.
 *
 * A mutation: u32 size of all · u32 table number · i32, u32 token · u32 key size · i32, u32 its newest timestamp · key ·
 * units.
 */

export const unitHeadSizeBytes = 20;
export const mutationHeadSizeBytes = 28;

/** Kinds of units, in the order in which a partition holds them. */
export const kindPartitionDeletion = 0;
export const kindRangeDeletion = 1;
export const kindStatic = 2;
export const kindRow = 3;
export const kindMask = 3;

/** Flags of rows. */
export const flagDense = 4;
/** It was inserted: it lives without any cell. The head's timestamp is the insertion's. */
export const flagLive = 8;
export const flagExpiring = 16;
export const flagDeletion = 32;

/** Flags of cells. */
export const cellTombstone = 1;
export const cellExpiring = 2;
export const cellElement = 4;
/** All elements of the collection up to its timestamp are gone. */
export const cellDeletion = 8;
export const cellCounter = 16;

/** Ordered bytes of a row's clustering: two bytes tell their size. */
export const clusteringSizeMaxBytes = 65_535;
/** Bytes of a partition key, as Cassandra limits them. */
export const partitionKeySizeMaxBytes = 65_535;
/** Columns of a row in the dense form: one byte tells how many. */
export const denseColumnsMax = 255;

/** Where a row's clustering cells begin. */
export const wireOffset = (view: DataView, row: number): number =>
  row + unitHeadSizeBytes + view.getUint16(row + 6) + (view.getUint8(row + 5) << 1);
/** Where a row's own cells begin. */
export const bodyOffset = (view: DataView, row: number): number => wireOffset(view, row) + view.getUint32(row + 8);
