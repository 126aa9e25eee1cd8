import * as z from 'zod';
import { name } from '../lib/text.js';
import { defineCommand, jsonValue, stackRef } from './command.js';

/** Adds an entry to the stack's history for an action in another system. */
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
