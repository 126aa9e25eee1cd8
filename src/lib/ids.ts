import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** Random bytes for 256 ids are requested at once, because the request takes longer than all other work for an id. */
const pool = Buffer.alloc(16 * 256);
let used = pool.length;

function randomBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.subarray(used, (used += 16));
}

let msecs = 0;
let seq = 0;

/**
 * A new id (UUIDv7, RFC 9562): globally unique, and ordered by creation. Within a millisecond, and while the clock is behind
 * the last id, ids count up from a random number of 31 bits.
 */
export function newId(): string {
  const random = randomBytes();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    seq = random.readUInt32BE(6) >>> 1;
  } else seq += 1;
  return v7({ random, msecs, seq });
}
