/** What one owner may make all others hold. */

/** Rows of one owner, in bytes as {@link rowSizeBytes} counts them; then its oldest row gives way. Some 5,000 sessions. */
export const ownedSizeMaxBytes = 1024 * 1024;
/** Longest key, in characters: two names of 64 and an address. */
export const keyLengthMax = 256;
/** Largest value, in bytes: a session with a long path. */
export const valueSizeMaxBytes = 2_048;
/** What a row costs besides key and value, in bytes: on the wire and, roughly, in memory. */
export const rowOverheadBytes = 32;
/** Owners, in all, ourselves among them: thirty nodes, and some earlier lives. The one silent longest gives way. */
export const ownersMax = 64;
/** Withdrawn rows that an owner's holders remember, so that others need not be told all rows again. */
export const withdrawnMax = 2_048;

/** Of a key and a value: a character may take three bytes. */
export const rowSizeBytes = (key: string, value: Uint8Array | undefined): number =>
  3 * key.length + (value?.length ?? 0) + rowOverheadBytes;
