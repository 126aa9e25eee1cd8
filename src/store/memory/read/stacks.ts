import type { EventData, StackDocument } from '../../../events/index.js';
import { parseStoredJson } from '../../../kernel/json.js';
import { byBytes } from '../../../kernel/order.js';
import type { DocumentRecord, StackListItem, StackRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { eventAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { inForce, rowsOf } from './rows.js';

type StackRow = Tables['stack_rows'];

const toRecord = (row: StackRow): StackRecord => ({
  stream: row.stream,
  id: row.id,
  name: row.name,
  description: row.description,
  version: row.version,
  status: row.status,
  workflowFile: row.workflow_file,
  stateVersion: row.state_version,
  revision: row.revision,
  resourceCount: row.resource_count,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  completedAt: row.completed_at,
  executionCount: row.execution_count,
  lastDuration: row.last_duration,
  lastError: row.last_error,
  deletedAt: row.deleted_at,
});

/** A live stack's id or name goes before a deleted one's. */
export function findStack({ tables }: MemoryState, ref: string, deleted: boolean): StackRecord | undefined {
  const stacks = [...tables.stack_rows.values()];
  const byId = stacks.find(({ id }) => id === ref);
  const named = stacks.filter(({ name }) => name === ref);
  const live = byId?.deleted_at === null ? byId : named.find((row) => row.deleted_at === null);
  const [lastDeleted] = named.sort((a, b) => byBytes(b.deleted_at ?? '', a.deleted_at ?? '') || b.stream - a.stream);
  const found = live ?? (deleted ? (byId ?? lastDeleted) : undefined);
  return found && toRecord(found);
}

/** The id of the stack that has the name as its id, or bears it and is not deleted. */
export const holderOfName = ({ tables }: MemoryState, wanted: string): string | undefined =>
  [...tables.stack_rows.values()].find(({ id, name, deleted_at }) => id === wanted || (name === wanted && !deleted_at))
    ?.id;

export const isIdTaken = ({ tables }: MemoryState, wanted: string): boolean =>
  [...tables.stack_rows.values()].some(
    ({ id, name, deleted_at }) => id === wanted || (name === wanted && deleted_at === null),
  );

export function listStacks(
  { tables }: MemoryState,
  filter: { readonly tags?: readonly string[]; readonly status?: string; readonly deleted?: boolean },
  now: string,
): StackListItem[] {
  return [...tables.stack_rows.values()]
    .filter((row) => (row.deleted_at !== null) === (filter.deleted ?? false))
    .filter((row) => filter.status === undefined || row.status === filter.status)
    .map((row) => ({
      ...toRecord(row),
      tags: rowsOf(tables.tag_rows, row.stream)
        .map(({ tag }) => tag)
        .sort(byBytes),
      locked: rowsOf(tables.lock_rows, row.stream).some((lock) => lock.expires_at > now),
    }))
    .filter((item) => (filter.tags ?? []).every((tag) => item.tags.includes(tag)))
    .sort((a, b) => byBytes(a.name, b.name) || a.stream - b.stream);
}

/** For a stream that is there and a version it has had. */
export function readDocument({ log, tables }: MemoryState, stream: number, version?: number): DocumentRecord {
  const parts = inForce(rowsOf(tables.document_history, stream), ({ part }) => part, version);
  const eventOf = (part: string) => {
    const row = parts.get(part);
    const event = row && eventAt(log, row.position);
    return event && { ...event, data: parseStoredJson(event.data) as unknown };
  };
  const document = eventOf('document');
  const started = eventOf('started');
  const finished = eventOf('finished');
  const { id: _, ...own } = (document?.data ?? {}) as StackDocument & { readonly id?: string };
  const start = started?.data as EventData['ExecutionStarted'] | undefined;
  const end = finished?.data as (EventData['ExecutionCompleted'] & { readonly error?: string }) | undefined;
  let status = own.status;
  let since = document?.position ?? 0;
  if (started && started.position > since) {
    status = 'running';
    since = started.position;
  }
  if (finished && finished.position > since) status = finished.type === 'ExecutionFailed' ? 'failed' : 'completed';
  return {
    document: { ...own, status },
    executionCount: start?.number ?? 0,
    completedAt: end?.completedAt ?? null,
    lastDuration: end?.durationMs ?? null,
    lastError: end?.error ?? null,
    taskResults: end?.taskResults ?? null,
  };
}
