import type { RecordedEvent } from '../events/index.js';
import { patch, put, type RowChange } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

const finish = (
  event: RecordedEvent<'ExecutionCompleted' | 'ExecutionFailed'>,
  status: string,
  error: string | null,
): RowChange[] => [
  patch(
    'execution_rows',
    { stream: event.stream, number: event.data.number },
    {
      status,
      completed_at: event.data.completedAt,
      duration: event.data.durationMs,
      error_message: error,
      finished: event.position,
    },
  ),
];

export const executions: Projector = {
  name: 'executions',
  version: 1,
  tables: ['execution_rows'],
  project: byHandler({
    ExecutionStarted: ({ stream, version, data }) => [
      put('execution_rows', {
        stream,
        number: data.number,
        id: data.executionId,
        status: 'running',
        started_at: data.startedAt,
        completed_at: null,
        duration: null,
        error_message: null,
        finished: null,
        version,
      }),
    ],
    ExecutionCompleted: (event) => finish(event, 'completed', null),
    ExecutionFailed: (event) => finish(event, 'failed', event.data.error),
  }),
};
