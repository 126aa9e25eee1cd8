import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/index.js';
import { JsonNumber } from '../../src/lib/json.js';
import { EARLIER, given, LATER, NOW, request, stackCreated } from '../support/decision.js';

const stack = stackCreated();
const startedAt = '2026-01-02T03:04:03.500Z';
const started = (number: number, at = startedAt): NewEvent => ({
  type: 'ExecutionStarted',
  data: { executionId: `run-${number}`, number, startedAt: at },
});
const three = [1, 2, 3].map((number) => started(number));
const known = [stack, ...three, started(4)];

describe('startExecution', () => {
  it('continues the count of earlier executions', () => {
    given(...known)
      .when({ type: 'startExecution', stack: 'web', executionId: 'run-5' })
      .thenEvents({ type: 'ExecutionStarted', data: { executionId: 'run-5', number: 5, startedAt: NOW } });
  });

  it('gets a new id if none is given', () => {
    const [event] = given(stack).when({ type: 'startExecution', stack: 'web' }).events();
    expect(event?.type === 'ExecutionStarted' && event.data.executionId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses an id that is already used', () => {
    const error = given(...known)
      .when({ type: 'startExecution', stack: 'web', executionId: 'run-4' })
      .refused('EXECUTION_EXISTS');
    expect(error).toMatchObject({ exitCode: 5, details: { field: 'executionId', executionId: 'run-4' } });
  });

  it('requests the execution with its id', () => {
    expect(request({ type: 'startExecution', stack: 'web', executionId: 'x' }).keys).toEqual({
      stack: 'web',
      execution: 'x',
    });
  });
});

const ended = { executionId: 'run-4', number: 4, startedAt, completedAt: NOW, durationMs: 1_500 };

describe('completeExecution', () => {
  const complete = { type: 'completeExecution', stack: 'web', executionId: 'run-4' } as const;

  it('measures the time since the start', () => {
    given(...known)
      .when(complete)
      .thenEvents({ type: 'ExecutionCompleted', data: { ...ended, taskResults: null } });
  });

  it('uses the given duration and results', () => {
    const taskResults = [{ task: 'a', bytes: new JsonNumber('12345678901234567890') }];
    given(...known)
      .when({ ...complete, durationMs: 0, taskResults })
      .thenEvents({ type: 'ExecutionCompleted', data: { ...ended, durationMs: 0, taskResults } });
  });

  it('never has a negative duration, also if the clock moved back', () => {
    given(stack, ...three, started(4, LATER))
      .when(complete)
      .thenEvents({
        type: 'ExecutionCompleted',
        data: { ...ended, startedAt: LATER, durationMs: 0, taskResults: null },
      });
  });
});

describe('failExecution', () => {
  const fail = { type: 'failExecution', stack: 'web', executionId: 'run-4', error: 'boom\nline 2' } as const;

  it('keeps the error', () => {
    given(...known)
      .when({ ...fail, taskResults: { ok: 1 } })
      .thenEvents({ type: 'ExecutionFailed', data: { ...ended, taskResults: { ok: 1 }, error: 'boom\nline 2' } });
  });

  it('needs an error', () => {
    const error = given(...known)
      .when({ ...fail, error: undefined } as never)
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('error');
  });
});

describe.each([
  { type: 'completeExecution', stack: 'web', executionId: 'run-4' } as const,
  { type: 'failExecution', stack: 'web', executionId: 'run-4', error: 'x' } as const,
])('$type', (command) => {
  it('refuses an execution that was not started', () => {
    expect(given(stack).when(command).refused('EXECUTION_NOT_FOUND').exitCode).toBe(3);
  });

  it.each<[string, NewEvent]>([
    ['completed', { type: 'ExecutionCompleted', data: { ...ended, completedAt: EARLIER, taskResults: null } }],
    ['failed', { type: 'ExecutionFailed', data: { ...ended, completedAt: EARLIER, taskResults: null, error: 'x' } }],
  ])('refuses one that has %s', (status, end) => {
    const error = given(...known, end)
      .when(command)
      .refused('EXECUTION_ENDED');
    expect(error).toMatchObject({ exitCode: 5, details: { status } });
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53, '5'])('refuses a duration of %j', (durationMs) => {
    const error = given(...known)
      .when({ ...command, durationMs: durationMs as number })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('durationMs');
  });

  it('refuses results that are not JSON', () => {
    const error = given(...known)
      .when({ ...command, taskResults: { a: [undefined] } as never })
      .refused('INVALID_INPUT');
    expect(error.message).toContain('$.a[0]');
    expect(error.details.field).toBe('taskResults');
  });
});
