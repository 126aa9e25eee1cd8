import * as z from 'zod';
import { defineEvent } from './define-event.js';
import { jsonObject, position, timestamp } from './fields.js';

export const lockEvents = {
  /** Its own position is the fencing token. */
  LockAcquired: defineEvent({
    category: 'lock',
    schema: z.strictObject({
      lockId: z.string(),
      operation: z.string(),
      who: z.string(),
      info: z.string(),
      expiresAt: timestamp,
      /** The tool's own description of the lock. */
      document: jsonObject.optional(),
    }),
  }),
  LockRenewed: defineEvent({
    category: 'lock',
    schema: z.strictObject({ lockId: z.string(), token: position, expiresAt: timestamp }),
  }),
  LockReleased: defineEvent({ category: 'lock', schema: z.strictObject({ lockId: z.string(), token: position }) }),
  /** Recorded by the first command after the lock expired. */
  LockExpired: defineEvent({
    category: 'lock',
    schema: z.strictObject({ lockId: z.string(), token: position, expiresAt: timestamp }),
  }),
  LockBroken: defineEvent({
    category: 'lock',
    schema: z.strictObject({ lockId: z.string(), token: position, holder: z.string(), reason: z.string() }),
  }),
};
