import * as z from 'zod';
import { instant, jsonObject, position } from './fields.js';

export const lockEvents = {
  /** Its own position is the fencing token. */
  LockAcquired: z.strictObject({
    lockId: z.string(),
    operation: z.string(),
    who: z.string(),
    info: z.string(),
    expiresAt: instant,
    /** What the tool that took it says of it, in its own form. */
    document: jsonObject.optional(),
  }),
  LockRenewed: z.strictObject({ lockId: z.string(), token: position, expiresAt: instant }),
  LockReleased: z.strictObject({ lockId: z.string(), token: position }),
  /** Recorded by the next command after the lock ran out. */
  LockExpired: z.strictObject({ lockId: z.string(), token: position, expiresAt: instant }),
  LockBroken: z.strictObject({ lockId: z.string(), token: position, holder: z.string(), reason: z.string() }),
};
