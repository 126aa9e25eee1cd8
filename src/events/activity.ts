import * as z from 'zod';
import { defineEvent } from './define-event.js';
import { json } from './fields.js';

export const activityEvents = {
  /** Something that was done to the stack and changed nothing that is kept here; for the history. */
  ActivityRecorded: defineEvent({ category: 'history', schema: z.strictObject({ action: z.string(), details: json }) }),
};
