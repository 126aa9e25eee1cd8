import { byBytes } from '../../../src/lib/order.js';
import type { DocumentRecord, StackListItem, StackRecord } from '../../../src/store/records.js';
import { toDocumentRecord, toStackRecord } from '../../../src/store/to-records.js';
import { valueAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { inForce, rowsOf } from './rows.js';

/** The id or name of a live stack takes precedence over a deleted one's. */
export function findStack({ tables }: MemoryState, ref: string, deleted: boolean): StackRecord | undefined {
  const stacks = [...tables.stack_rows.values()];
  const byId = stacks.find(({ id }) => id === ref);
  const named = stacks.filter(({ name }) => name === ref);
  const live = byId?.deleted_at === null ? byId : named.find((row) => row.deleted_at === null);
  const [lastDeleted] = named.sort((a, b) => byBytes(b.deleted_at ?? '', a.deleted_at ?? '') || b.stream - a.stream);
  const found = live ?? (deleted ? (byId ?? lastDeleted) : undefined);
  return found && toStackRecord(found);
}

export function findStackOfName({ tables }: MemoryState, wanted: string, deleted: boolean): StackRecord | undefined {
  const [found] = [...tables.stack_rows.values()]
    .filter(({ name, deleted_at }) => name === wanted && (deleted_at === null || deleted))
    .sort((a, b) => byBytes(b.deleted_at ?? '~', a.deleted_at ?? '~') || b.stream - a.stream);
  return found && toStackRecord(found);
}

/** The id of the stack that has the name as its id, or of the live stack with that name. */
export const holderOfName = ({ tables }: MemoryState, wanted: string): string | undefined =>
  [...tables.stack_rows.values()].find(({ id, name, deleted_at }) => id === wanted || (name === wanted && !deleted_at))
    ?.id;

export function listStacks(
  { tables }: MemoryState,
  filter: { readonly tags?: readonly string[]; readonly status?: string; readonly deleted?: boolean },
  now: string,
): StackListItem[] {
  return [...tables.stack_rows.values()]
    .filter((row) => (row.deleted_at !== null) === (filter.deleted ?? false))
    .filter((row) => filter.status === undefined || row.status === filter.status)
    .map((row) => ({
      ...toStackRecord(row),
      tags: rowsOf(tables.tag_rows, row.stream)
        .map(({ tag }) => tag)
        .sort(byBytes),
      locked: rowsOf(tables.lock_rows, row.stream).some((lock) => lock.expires_at > now),
    }))
    .filter((item) => (filter.tags ?? []).every((tag) => item.tags.includes(tag)))
    .sort((a, b) => byBytes(a.name, b.name) || a.stream - b.stream);
}

/** For an existing stream and a version it has had. */
export function readDocument({ log, tables }: MemoryState, stream: number, version?: number): DocumentRecord {
  const parts = inForce(rowsOf(tables.document_history, stream), ({ part }) => part, version);
  const eventOf = (part: string) => {
    const row = parts.get(part);
    return row && valueAt(log, row.position);
  };
  return toDocumentRecord({
    document: eventOf('document'),
    started: eventOf('started'),
    finished: eventOf('finished'),
  });
}
