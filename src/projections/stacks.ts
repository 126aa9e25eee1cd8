import type { Commit, RecordedEvent, StackDocument } from '../events/index.js';
import { patch, put, type RowChange } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

type Part = 'document' | 'started' | 'finished';

const history = (event: RecordedEvent, part: Part): RowChange =>
  put('document_history', { stream: event.stream, part, version: event.version, position: event.position });

const own = (event: RecordedEvent, data: StackDocument): RowChange =>
  patch(
    'stack_rows',
    { stream: event.stream },
    {
      name: data.name,
      description: data.description,
      version: data.version,
      status: data.status,
      workflow_file: data.workflowFile,
      document: event.position,
    },
  );

const finish = (
  event: RecordedEvent<'ExecutionCompleted' | 'ExecutionFailed'>,
  status: string,
  error: string | null,
): RowChange[] => [
  patch(
    'stack_rows',
    { stream: event.stream },
    {
      status,
      finished: event.position,
      completed_at: event.data.completedAt,
      last_duration: event.data.durationMs,
      last_error: error,
    },
  ),
  history(event, 'finished'),
];

const perEvent = byHandler({
  StackCreated: (event) => [
    put('stack_rows', {
      stream: event.stream,
      id: event.data.id,
      name: event.data.name,
      description: event.data.description,
      version: event.data.version,
      status: event.data.status,
      workflow_file: event.data.workflowFile,
      document: event.position,
      started: null,
      finished: null,
      created_at: event.recordedAt,
      updated_at: event.recordedAt,
      completed_at: null,
      execution_count: 0,
      last_duration: null,
      last_error: null,
      state_version: event.version,
      revision: event.revision,
      resource_count: 0,
      deleted_at: null,
    }),
    history(event, 'document'),
  ],
  StackUpdated: (event) => [own(event, event.data), history(event, 'document')],
  StackDeleted: (event) => [patch('stack_rows', { stream: event.stream }, { deleted_at: event.recordedAt })],
  StackRestored: (event) => [patch('stack_rows', { stream: event.stream }, { deleted_at: null })],
  ExecutionStarted: (event) => [
    patch(
      'stack_rows',
      { stream: event.stream },
      { status: 'running', started: event.position, execution_count: event.data.number },
    ),
    history(event, 'started'),
  ],
  ExecutionCompleted: (event) => finish(event, 'completed', null),
  ExecutionFailed: (event) => finish(event, 'failed', event.data.error),
});

const count = (commit: Commit, type: string): number => commit.events.filter((event) => event.type === type).length;

/**
 * Every commit moves the stack's row to the end of its stream, also a commit of event types that this release does not know.
 */
const advance = (commit: Commit): RowChange => {
  const { stream, revision, version, recordedAt } = commit.last;
  return patch(
    'stack_rows',
    { stream },
    { state_version: version, revision, updated_at: recordedAt },
    { resource_count: count(commit, 'ResourceCreated') - count(commit, 'ResourceRemoved') },
  );
};

export const stacks: Projector = {
  name: 'stacks',
  version: 1,
  tables: ['stack_rows', 'document_history'],
  project: (commit) => [...perEvent(commit), advance(commit)],
};
