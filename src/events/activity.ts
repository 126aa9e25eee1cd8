import * as z from 'zod';
import { json } from './fields.js';

export const activityEvents = {
  /** Something that was done to the stack and changed nothing that is kept here; for the history. */
  ActivityRecorded: z.strictObject({ action: z.string(), details: json }),
};
