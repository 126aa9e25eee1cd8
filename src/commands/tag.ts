import * as z from 'zod';
import { NotFoundError } from '../lib/errors.js';
import { list, name } from '../lib/text.js';
import { defineCommand, refuseInvisible, stackRef } from './command.js';

const tags = list(name(128), 1_000)
  .min(1, 'must name at least one tag')
  .transform((all) => [...new Set(all)]);

/** An existing tag stays unchanged. */
export const addTags = defineCommand({
  schema: z.strictObject({ type: z.literal('addTags'), stack: stackRef, tags }),
  kind: 'tag',
  target: 'live',
  lock: 'free',
  facts: ({ stack, tags: wanted }) => ({ stack, tags: wanted }),
  decide: ({ tags: wanted }, facts, context) =>
    wanted
      .filter((tag) => !facts.tags.has(tag))
      .map((tag) => {
        refuseInvisible('tags', tag, context);
        return { type: 'TagAdded', data: { tag } };
      }),
});

export const removeTags = defineCommand({
  schema: z.strictObject({ type: z.literal('removeTags'), stack: stackRef, tags }),
  kind: 'untag',
  target: 'live',
  lock: 'free',
  facts: ({ stack, tags: unwanted }) => ({ stack, tags: unwanted }),
  decide: ({ stack, tags: unwanted }, facts) =>
    unwanted.map((tag) => {
      if (!facts.tags.has(tag)) {
        throw new NotFoundError('TAG_NOT_FOUND', `stack "${stack}" has no tag "${tag}"`, {
          hint: `List its tags with: sloth-runner stack state tags list ${stack}`,
          details: { stack, tag },
        });
      }
      return { type: 'TagRemoved', data: { tag } };
    }),
});
