/** The SQLSTATEs of our own checks, from a class that PostgreSQL leaves to applications. */

/** The log does not end where the writer read. */
export const HEAD_MOVED = 'SL001';
/** The tables belong to another release, or lag behind the log. */
export const TABLES_CHANGED = 'SL002';
/** The events table did not accept all rows. */
export const NOT_STORED = 'SL003';
