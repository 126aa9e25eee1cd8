import { closest } from 'fastest-levenshtein';
import {
  EVENT_TYPES,
  type EventData,
  isEventType,
  isReadable,
  type RecordedEvent,
  type StoredEvent,
  type UnknownEvent,
} from '../events/index.js';
import { InvalidInputError } from '../lib/errors.js';
import { parseInstant } from '../lib/instants.js';
import { pause } from '../lib/pause.js';
import type { EventFilter, EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import type { Program } from '../store/program.js';
import type { Snapshot } from '../store/snapshot.js';
import { stackMoment } from './at.js';
import { readEvent } from './checked-event.js';

export interface LogFilter {
  /** Only events of this stack, by id or name; also a deleted one. */
  readonly stack?: string;
  /** Only events recorded at or after this time: ISO-8601 with a zone, or a date, which means its beginning in UTC. */
  readonly since?: string;
  /** Only events recorded at or before this time. */
  readonly until?: string;
  readonly actor?: string;
  readonly types?: readonly string[];
  /** Only events after this position of the log. */
  readonly after?: number;
  /** Only events up to this position. */
  readonly upTo?: number;
  /** At most this many, the newest. */
  readonly limit?: number;
}

/** An event and the stack it belongs to, under its current name. */
export interface LogEntry {
  readonly stack: { readonly id: string; readonly name: string };
  readonly event: RecordedEvent | UnknownEvent;
}

/** Events may be large, and a page of them is kept in memory. */
const PAGE = 200;

/**
 * The number of consecutive windows without a match before a gap is searched for: doing that in each would double the cost.
 */
const MANY_EMPTY = 50;

type Wanted = Omit<EventFilter, 'limit'> & { readonly upTo: number };

/**
 * The events that match a filter, oldest first, up to the head of the log at the time of the call. Memory holds one page of
 * them, however long the log is.
 * @param onProgress counts positions of the log
 * @throws InvalidInputError for an invalid time, times in the wrong order, an unknown event type; NotFoundError for an
 * unknown stack; IntegrityError `EVENT_DAMAGED` at an event that cannot be read
 */
export async function* readLog(
  store: EventStore,
  filter: LogFilter = {},
  onProgress?: OnProgress,
): AsyncGenerator<LogEntry, void, undefined> {
  const wanted = await toWanted(store, filter);
  const toEntry = entryReader(store);
  const start = Math.max(filter.after ?? 0, await placeBefore(store, wanted, filter.limit));
  for await (const { position, events } of pages(store, wanted, start)) {
    for (const event of events) yield toEntry(event);
    onProgress?.({ done: position, total: wanted.upTo });
    await pause();
  }
}

async function toWanted(store: EventStore, filter: LogFilter): Promise<Wanted> {
  const since = filter.since === undefined ? undefined : parseInstant(filter.since, 'since');
  const until = filter.until === undefined ? undefined : parseInstant(filter.until, 'until');
  if (since !== undefined && until !== undefined && since > until) {
    throw new InvalidInputError('TIMES_REVERSED', `since: ${since} is after until: ${until}`, {
      hint: 'Give since the earlier time and until the later one; a day means its beginning.',
      details: { field: 'since', since, until },
    });
  }
  for (const type of filter.types ?? []) if (!isEventType(type)) throw unknownType(type);
  const { stack } = filter;
  const { head, stream } = await store.read(function* (s) {
    const found = stack === undefined ? undefined : yield* stackMoment(s, stack, undefined, { deleted: true });
    return { head: yield* s.head(), stream: found?.stack.stream };
  });
  return {
    upTo: Math.min(filter.upTo ?? Number.MAX_SAFE_INTEGER, head.position),
    ...(stream === undefined ? {} : { stream }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(filter.actor === undefined ? {} : { actor: filter.actor }),
    ...(filter.types === undefined || filter.types.length === 0 ? {} : { types: filter.types }),
  };
}

const unknownType = (type: string): InvalidInputError =>
  new InvalidInputError('UNKNOWN_EVENT_TYPE', `type: there is no event type "${type}"`, {
    hint: `Did you mean ${closest(type, [...EVENT_TYPES])}? There are: ${[...EVENT_TYPES].sort().join(', ')}.`,
    details: { field: 'type', value: type },
  });

/**
 * The position of the matching event after which `limit` others follow, or 0. Each page begins with the last event of the
 * previous page, because a stream can be read directly from one of its own events.
 */
async function placeBefore(store: EventStore, wanted: Wanted, limit?: number): Promise<number> {
  if (limit === undefined) return 0;
  let { upTo } = wanted;
  for (let left = limit + 1; ; left += 1) {
    const size = Math.min(PAGE, left);
    const found = await store.read((s) => s.eventSizes({ ...wanted, upTo, descending: true, limit: size }));
    const last = found.at(-1);
    if (!last || found.length < size) return 0;
    left -= size;
    if (left === 0) return last.position;
    upTo = last.position;
  }
}

/**
 * Pages of the matching events, with the position up to which each was read. The log is read in windows of positions, one at
 * a time, however few of its events match. After many empty windows it continues at the next event, which may be far away in
 * a damaged log.
 */
async function* pages(store: EventStore, wanted: Wanted, start: number) {
  let after = start;
  let empty = 0;
  while (after < wanted.upTo) {
    const upTo = wanted.stream === undefined ? Math.min(after + PAGE, wanted.upTo) : wanted.upTo;
    const { events, isFull } = await store.page({ ...wanted, after, upTo, limit: PAGE });
    const last = events.at(-1);
    after = isFull && last ? last.position : upTo;
    yield { position: after, events };
    empty = last ? 0 : empty + 1;
    if (empty < MANY_EMPTY) continue;
    after = await endOfGap(store, after, wanted.upTo);
    empty = 0;
  }
}

/** The position before the next event after `from`, which is `from` in a complete log; at most `last`. */
async function endOfGap(store: EventStore, from: number, last: number): Promise<number> {
  const [next] = await store.events({ after: from, limit: 1 });
  return next ? Math.min(next.position - 1, last) : last;
}

/**
 * Makes the entry of an event. The stacks of one reader are looked up once, so it serves a run of events, and no longer.
 * @throws IntegrityError `EVENT_DAMAGED`
 */
export function entryReader(store: EventStore): (event: StoredEvent) => Promise<LogEntry> {
  const known = new Map<number, LogEntry['stack']>();
  return async (stored) => {
    const { stream } = stored;
    let stack = known.get(stream);
    if (!stack) known.set(stream, (stack = await store.read((s) => findStack(s, stream))));
    return { stack, event: readEvent(stored) };
  };
}

/** Read from the log itself, so that it works even if the tables are damaged. */
function* findStack(s: Snapshot, stream: number): Program<LogEntry['stack']> {
  const [first] = yield* s.events({ after: stream - 1, upTo: stream, limit: 1 });
  if (!first) return { id: '', name: '' };
  const created = readEvent(first);
  if (!isReadable(created)) return { id: '', name: '' };
  const { id, name } = created.data as EventData['StackCreated'];
  const now = yield* s.stack(id, { deleted: true });
  return { id, name: now?.stream === stream ? now.name : name };
}
