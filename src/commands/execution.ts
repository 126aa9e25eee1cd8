import * as z from 'zod';
import { ConflictError, NotFoundError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { name, prose } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import type { StackHead } from '../store/records.js';
import { defineCommand, jsonValue, stackRef } from './command.js';
import { identifier } from './identifiers.js';

export const startExecution = defineCommand({
  schema: z.strictObject({
    type: z.literal('startExecution'),
    stack: stackRef,
    executionId: identifier('execution', name(128)).default(newId),
  }),
  kind: 'execution',
  target: 'live',
  lock: 'held',
  facts: ({ stack, executionId }) => ({ stack, execution: executionId }),
  decide: ({ executionId }, { stack, execution }, { now }) => {
    if (execution) {
      throw new ConflictError('EXECUTION_EXISTS', `execution "${executionId}" was started before`, {
        hint: 'Give every execution an id of its own, or leave it out to have one made.',
        details: { field: 'executionId', executionId },
      });
    }
    const number = (stack as StackHead).executionCount + 1;
    return [{ type: 'ExecutionStarted', data: { executionId, number, startedAt: now } }];
  },
});

const ending = {
  stack: stackRef,
  executionId: identifier('execution', name(128)),
  taskResults: jsonValue('taskResults').default(null),
  /** Milliseconds; default: the time since the start. */
  durationMs: z.int().nonnegative().optional(),
};

function ended(executionId: string, { execution }: Facts, now: string, durationMs: number | undefined) {
  if (!execution) {
    throw new NotFoundError('EXECUTION_NOT_FOUND', `the stack has no execution "${executionId}"`, {
      details: { executionId },
    });
  }
  if (execution.status !== 'running') {
    throw new ConflictError('EXECUTION_ENDED', `execution "${executionId}" has ended: ${execution.status}`, {
      details: { executionId, status: execution.status },
    });
  }
  const { number, startedAt } = execution;
  const elapsed = Math.max(0, Date.parse(now) - Date.parse(startedAt));
  return { executionId, number, startedAt, completedAt: now, durationMs: durationMs ?? elapsed };
}

export const completeExecution = defineCommand({
  schema: z.strictObject({ type: z.literal('completeExecution'), ...ending }),
  kind: 'execution',
  target: 'live',
  lock: 'held',
  facts: ({ stack, executionId }) => ({ stack, execution: executionId }),
  decide: ({ executionId, taskResults, durationMs }, facts, { now }) => [
    { type: 'ExecutionCompleted', data: { ...ended(executionId, facts, now, durationMs), taskResults } },
  ],
});

export const failExecution = defineCommand({
  schema: z.strictObject({ type: z.literal('failExecution'), ...ending, error: prose() }),
  kind: 'execution',
  target: 'live',
  lock: 'held',
  facts: ({ stack, executionId }) => ({ stack, execution: executionId }),
  decide: ({ executionId, taskResults, durationMs, error }, facts, { now }) => [
    { type: 'ExecutionFailed', data: { ...ended(executionId, facts, now, durationMs), taskResults, error } },
  ],
});
