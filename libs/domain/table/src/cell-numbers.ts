/** What the numbers of a cell are in {@link CellTable.cells}. */
import { cellDeletion, cellTombstone } from './format.ts';

/** Numbers that a cell takes in a `CellTable`, and what each is. */
export const cellStride = 13;
export const atId = 0;
export const atFlags = 1;
export const atHi = 2;
export const atLo = 3;
/** Seconds since 1970: of an expiry or a deletion. Unsigned: read it with `>>> 0`. */
export const atLocal = 4;
export const atTtl = 5;
export const atPath = 6;
export const atPathSize = 7;
/** The bytes of a set's element or a map's key, without their size before them; of size -1 when there is none. */
export const atKey = 8;
export const atKeySize = 9;
/** The same of a value. */
export const atValue = 10;
export const atValueSize = 11;
/** Which of the buffers. */
export const atSource = 12;

/** Flags of cells that say that there is none. */
export const deadFlags = cellTombstone | cellDeletion;
