import * as z from 'zod';

export const tagEvents = {
  TagAdded: z.strictObject({ tag: z.string() }),
  TagRemoved: z.strictObject({ tag: z.string() }),
};
