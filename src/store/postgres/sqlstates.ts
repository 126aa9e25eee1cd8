/** What our own checks fail with on the server, among the codes that PostgreSQL leaves to others. */

/** The log ends elsewhere than whoever writes has read. */
export const HEAD_MOVED = 'SL001';
/** The tables are of another release, or lag behind the log. */
export const TABLES_CHANGED = 'SL002';
/** The table of events did not take all of them. */
export const NOT_STORED = 'SL003';
