import type { At } from '../store/event-store.js';
import { type Program, together } from '../store/program.js';
import type { StackListItem, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { annotationsAt } from './annotations.js';
import { instantAt } from './at.js';

export interface StackFilter {
  /** Only stacks with all of these tags. */
  readonly tags?: readonly string[];
  readonly status?: string;
  /** The deleted stacks instead of the live ones. */
  readonly deleted?: boolean;
  /** Which stacks may be listed, decided by their current state. The past of other stacks is not read. */
  readonly isWanted?: (stack: StackRecord) => boolean;
}

/** The stacks sorted by name, now or at a time or position of the log. */
export function* listStacks(
  s: Snapshot,
  filter: StackFilter,
  now: string,
  at?: ListMoment,
): Program<readonly StackListItem[]> {
  const { isWanted = () => true, ...present } = filter;
  if (!at) return (yield* s.stacks(present, now)).filter(isWanted);
  const all = [...(yield* s.stacks({}, now)), ...(yield* s.stacks({ deleted: true }, now))].filter(isWanted);
  const then = yield* together(all.map((stack) => asOf(s, stack, at)));
  return then
    .filter((stack) => stack !== undefined)
    .filter((stack) => (stack.deletedAt !== null) === (filter.deleted ?? false))
    .filter((stack) => filter.status === undefined || stack.status === filter.status)
    .filter((stack) => (filter.tags ?? []).every((tag) => stack.tags.includes(tag)))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.stream - b.stream));
}

/** Versions belong to a single stack, so a list is requested by time or position. */
export type ListMoment = Exclude<At, { readonly version: number }>;

function* asOf(s: Snapshot, stack: StackListItem, at: ListMoment): Program<StackListItem | undefined> {
  const moment = yield* s.moment(stack.stream, at);
  if (!moment) return undefined;
  const [annotations, own, commits, [last]] = yield* together([
    annotationsAt(s, stack.stream, moment.position),
    s.document(stack.stream, moment.version),
    s.commits(stack.stream, { raised: true, upTo: moment.version }),
    s.events({ stream: stack.stream, upTo: moment.position, descending: true, limit: 1 }),
  ]);
  const { document, executionCount, completedAt, lastDuration, lastError } = own;
  const updatedAt = last?.recordedAt ?? stack.createdAt;
  const when = yield* instantAt(s, at, updatedAt);
  return {
    ...stack,
    name: document.name,
    description: document.description,
    version: document.version,
    status: document.status,
    workflowFile: document.workflowFile,
    stateVersion: moment.version,
    revision: last?.revision ?? 0,
    resourceCount: commits.reduce((sum, { added, removed }) => sum + added - removed, 0),
    updatedAt,
    executionCount,
    completedAt,
    lastDuration,
    lastError,
    deletedAt: annotations.deleted ? updatedAt : null,
    tags: [...annotations.tags.keys()].sort(),
    locked: annotations.lock !== null && annotations.lock.expiresAt > when,
  };
}
