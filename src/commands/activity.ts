import * as z from 'zod';
import { name } from '../lib/text.js';
import { defineCommand, jsonValue, stackRef } from './command.js';

/** Notes in the stack's history what was done to it elsewhere. */
export const recordActivity = defineCommand({
  schema: z.strictObject({
    type: z.literal('recordActivity'),
    stack: stackRef,
    action: name(),
    details: jsonValue('details').default(null),
  }),
  kind: 'activity',
  target: 'live',
  lock: 'free',
  facts: ({ stack }) => ({ stack }),
  decide: ({ action, details }) => [{ type: 'ActivityRecorded', data: { action, details } }],
});
