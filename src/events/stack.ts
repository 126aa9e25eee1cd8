import * as z from 'zod';
import { defineEvent } from './define-event.js';
import { json, jsonObject, timestamp } from './fields.js';

/** The origin of a stack's content that another tool also keeps. */
const origin = z.strictObject({
  format: z.string(),
  /** The other tool's id of this state; content of another lineage is another state. */
  lineage: z.string(),
  /** The other tool's counter in the content that was imported at our version `version`. */
  serial: z.int().nonnegative(),
  version: z.int().positive(),
  /** The other fields of that format, besides resources and outputs, as they were read. */
  header: jsonObject,
});
export type Origin = z.infer<typeof origin>;

/** A stack's own fields, always complete. `version` is the user's label ("1.0.0"), not the state version. */
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

/** The view `state_versions` shows the document as it is stored. */
const DOCUMENT = stackDocument.keyof().options;

export const stackEvents = {
  StackCreated: defineEvent({
    category: 'content',
    raisesVersion: true,
    readBySql: [...DOCUMENT, 'id'],
    schema: stackDocument.extend({ id: z.string() }),
  }),
  StackUpdated: defineEvent({
    category: 'content',
    raisesVersion: true,
    readBySql: DOCUMENT,
    schema: stackDocument,
  }),
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
  /** The events that undo the difference follow in the same commit. */
  StackRolledBack: defineEvent({
    category: 'content',
    raisesVersion: true,
    schema: z.strictObject({ fromVersion: z.int().nonnegative(), toVersion: z.int().positive() }),
  }),
  /** Marks the current version. */
  SnapshotTaken: defineEvent({
    category: 'history',
    schema: z.strictObject({ version: z.int().nonnegative(), description: z.string() }),
  }),
  /** A command with an id of its own was accepted and had nothing to do; recorded so that a repeat does nothing. */
  NothingChanged: defineEvent({ category: 'history', schema: z.strictObject({}) }),
};

/** `durationMs` is in milliseconds; `number` counts the stack's executions from 1. */
const execution = { executionId: z.string(), number: z.int().positive(), startedAt: timestamp };
const finished = { ...execution, completedAt: timestamp, durationMs: z.int().nonnegative(), taskResults: json };

export const executionEvents = {
  ExecutionStarted: defineEvent({ category: 'execution', raisesVersion: true, schema: z.strictObject(execution) }),
  ExecutionCompleted: defineEvent({
    category: 'execution',
    raisesVersion: true,
    readBySql: ['taskResults'],
    schema: z.strictObject(finished),
  }),
  ExecutionFailed: defineEvent({
    category: 'execution',
    raisesVersion: true,
    readBySql: ['taskResults'],
    schema: z.strictObject({ ...finished, error: z.string() }),
  }),
};
