import type { ExecutionRecord, StackRecord } from '../index.js';

/** The columns of the specification's `stack_executions`. */
export const executionsJson = (stack: StackRecord, executions: readonly ExecutionRecord[]) => ({
  stack_id: stack.id,
  executions: executions.map((execution) => ({
    id: execution.id,
    stack_id: stack.id,
    started_at: execution.startedAt,
    completed_at: execution.completedAt,
    duration: execution.duration,
    status: execution.status,
    task_results: execution.taskResults,
    error_message: execution.error,
  })),
});
