import * as z from 'zod';
import { defineEvent } from './define-event.js';

export const tagEvents = {
  TagAdded: defineEvent({ category: 'tag', schema: z.strictObject({ tag: z.string() }) }),
  TagRemoved: defineEvent({ category: 'tag', schema: z.strictObject({ tag: z.string() }) }),
};
