/** Every limit of the processing role that is no setting, with its unit and reason. */

/** How long a ticket may wait for its transfer to begin, in ms: the data connection has its own, shorter time-out. */
export const ticketLifeMs = 60_000;
/** Longest time that a grant may have left, in ms: auth gives a minute at most, and its clock may be a minute ahead. */
export const grantLeftMaxMs = 120_000;
/** Longest time for one try at a data or auth node, in ms: one that is paused must leave time for another. */
export const tryMaxMs = 1_500;
/** Lines under way at one processor; one more is answered `overloaded`, and the router asks another. Some 4 KB each. */
export const linesInFlightMax = 5_000;
