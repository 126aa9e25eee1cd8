import * as z from 'zod';
import { defineEvent } from './define-event.js';
import { instant, json, jsonObject } from './fields.js';

/** Where a stack's content came from, when another tool keeps it too. */
const origin = z.strictObject({
  format: z.string(),
  /** The other tool's identity of this state; content of another lineage is another state. */
  lineage: z.string(),
  /** The other tool's counter, as it was in the content taken in at our version `version`. */
  serial: z.int().nonnegative(),
  version: z.int().positive(),
  /** What that format holds beside resources and outputs, as it was read. */
  header: jsonObject,
});
export type Origin = z.infer<typeof origin>;

/** A stack's own fields, always whole. `version` is the user's label ("1.0.0"), not the state version. */
export const stackDocument = z.strictObject({
  name: z.string(),
  description: z.string(),
  version: z.string(),
  status: z.string(),
  workflowFile: z.string(),
  configuration: json,
  metadata: json,
  origin: origin.nullable(),
});
export type StackDocument = z.infer<typeof stackDocument>;

export const stackEvents = {
  StackCreated: defineEvent({
    category: 'content',
    raisesVersion: true,
    schema: stackDocument.extend({ id: z.string() }),
  }),
  StackUpdated: defineEvent({ category: 'content', raisesVersion: true, schema: stackDocument }),
  StackDeleted: defineEvent({
    category: 'existence',
    raisesVersion: true,
    schema: z.strictObject({ name: z.string() }),
  }),
  StackRestored: defineEvent({
    category: 'existence',
    raisesVersion: true,
    schema: z.strictObject({ name: z.string() }),
  }),
  /** The events that undo the difference follow it in the same commit. */
  StackRolledBack: defineEvent({
    category: 'content',
    raisesVersion: true,
    schema: z.strictObject({ fromVersion: z.int().nonnegative(), toVersion: z.int().positive() }),
  }),
  /** Marks the current version as a kept checkpoint. */
  SnapshotTaken: defineEvent({
    category: 'history',
    schema: z.strictObject({ version: z.int().nonnegative(), description: z.string() }),
  }),
  /** A command with an id of its own was accepted and found nothing to do; kept so that sending it again does nothing. */
  NothingChanged: defineEvent({ category: 'history', schema: z.strictObject({}) }),
};

/** `durationMs` counts milliseconds; `number` counts the stack's executions from 1. */
const execution = { executionId: z.string(), number: z.int().positive(), startedAt: instant };
const finished = { ...execution, completedAt: instant, durationMs: z.int().nonnegative(), taskResults: json };

export const executionEvents = {
  ExecutionStarted: defineEvent({ category: 'execution', raisesVersion: true, schema: z.strictObject(execution) }),
  ExecutionCompleted: defineEvent({ category: 'execution', raisesVersion: true, schema: z.strictObject(finished) }),
  ExecutionFailed: defineEvent({
    category: 'execution',
    raisesVersion: true,
    schema: z.strictObject({ ...finished, error: z.string() }),
  }),
};
