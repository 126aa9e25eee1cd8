import * as z from 'zod';
import { defineEvent } from './define-event.js';
import { json, position, timestamp } from './fields.js';

/** A side without a value at `path` lacks the field: absent is not null. */
const fieldDrift = z.strictObject({ path: z.string(), expected: json.optional(), actual: json.optional() });

/** `finding` is the position of its DriftDetected event. */
const about = { finding: position, resourceId: z.string() };

export const driftEvents = {
  DriftDetected: defineEvent({
    category: 'drift',
    readBySql: ['expected', 'actual', 'fields'],
    schema: z.strictObject({
      /** Absent if the stack has no resource with that id. */
      resource: position.optional(),
      resourceId: z.string(),
      expected: json,
      actual: json,
      /** Names of the top-level fields that differ. */
      fields: z.array(z.string()),
      changes: z.array(fieldDrift),
    }),
  }),
  DriftCleared: defineEvent({ category: 'drift', schema: z.strictObject(about) }),
  DriftResolved: defineEvent({ category: 'drift', schema: z.strictObject({ ...about, reason: z.string() }) }),
  DriftIgnored: defineEvent({
    category: 'drift',
    schema: z.strictObject({ ...about, reason: z.string(), expiresAt: timestamp.nullable() }),
  }),
  /** Excludes differences at such paths of such resources from drift. Its position is the rule's number. */
  DriftRuleAdded: defineEvent({
    category: 'drift',
    schema: z.strictObject({
      /** A pattern of resource types, in which `*` stands for any characters. */
      resourceType: z.string(),
      /** A pattern of paths in the properties: `**.etag`, `tags.aws:*`, `rules[*].port`; `$` for all of them. */
      path: z.string(),
      reason: z.string(),
      /** Null: it holds until it is removed. */
      expiresAt: timestamp.nullable(),
    }),
  }),
  DriftRuleRemoved: defineEvent({ category: 'drift', schema: z.strictObject({ rule: position, reason: z.string() }) }),
};
