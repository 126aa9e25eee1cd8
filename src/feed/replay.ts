import { isSameCommit, type RecordedEvent, type StoredEvent, type UnknownEvent } from '../events/index.js';
import { IntegrityError } from '../lib/errors.js';
import { byBytes } from '../lib/order.js';
import { pause } from '../lib/pause.js';
import { evolve, initialState, type StackState } from '../projections/evolve.js';
import { stackMoment } from '../queries/at.js';
import { checkedEvent } from '../queries/checked-event.js';
import { type ChangeTracker, changeTracker, type EventChange, type StateCounts } from '../queries/event-changes.js';
import { readContent, type StateContent, stateHash } from '../queries/state.js';
import { eventPages, PAGE_EVENTS } from '../store/event-page.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import type { StackRecord } from '../store/records.js';
import { type LogFeed, logReplaced } from './follow-log.js';

export interface ReplayOptions {
  /** The last version to return, with the following events that raise no version. Default: all. */
  readonly toVersion?: number;
  /**
   * Continue with events as they are appended, by this process or others, until the signal fires or `toVersion`, which need
   * not exist yet, was returned.
   */
  readonly follow?: AbortSignal;
  /** Counts events, up to the number at the start. */
  readonly onProgress?: OnProgress;
}

/** An event of a stack and its changes. */
export interface ReplayStep {
  readonly position: number;
  readonly version: number;
  readonly revision: number;
  /** ISO-8601 UTC. */
  readonly at: string;
  readonly actor: string;
  /** The kind of its command. */
  readonly command: string;
  readonly reason: string | undefined;
  readonly type: string;
  readonly changes: readonly EventChange[];
  /** The counts after the event. */
  readonly counts: StateCounts;
}

/** The result of a replay: the state after the last event, which equals the tables. */
export interface Replayed {
  readonly stackId: string;
  readonly name: string;
  readonly version: number;
  readonly position: number;
  readonly events: number;
  readonly counts: StateCounts;
  readonly stateHash: string;
}

/**
 * Yields each event of a stack from the first on, with its changes, and returns the resulting state. Prints and changes
 * nothing. Memory holds that state and one page of events, however long the history is.
 * @throws NotFoundError for an unknown stack or version; IntegrityError `REPLAY_DIFFERS` if the tables differ from the
 * events at the last version, `EVENT_DAMAGED` at an event that does not match the schema of its type
 */
export async function* replay(
  store: EventStore,
  feed: LogFeed,
  ref: string,
  { toVersion, follow, onProgress }: ReplayOptions = {},
): AsyncGenerator<ReplayStep, Replayed, undefined> {
  const { stack, last } = await range(store, ref, toVersion, follow !== undefined);
  const tracker = changeTracker();
  const fold = folder();
  let latest: StoredEvent | undefined;
  const steps = function* (page: readonly StoredEvent[]): Generator<ReplayStep> {
    for (const stored of page) {
      const event = checkedEvent(stored);
      fold.add(event);
      latest = stored;
      yield toStep(event, tracker);
    }
  };
  for await (const page of history(store, last, follow)) {
    yield* steps(page);
    onProgress?.({ step: 'replaying', done: latest?.revision ?? 0, total: last.revision });
  }
  const reached = toVersion !== undefined && last.version >= toVersion;
  if (follow && !follow.aborted && !reached) {
    for await (const page of appended(store, feed, last, follow, toVersion)) yield* steps(page);
  }
  const { position, revision: events, version } = latest ?? last;
  const hash = await agreedHash(store, stack, version, fold.state());
  return { stackId: stack.id, name: stack.name, version, position, events, counts: tracker.counts(), stateHash: hash };
}

/** The stack, and its last event at the start. */
async function range(store: EventStore, ref: string, toVersion: number | undefined, mayCome: boolean) {
  const { stack, last } = await store.read(function* (s) {
    const now = yield* stackMoment(s, ref, undefined, { deleted: true });
    const { stack } = now;
    const there = toVersion !== undefined && !(mayCome && toVersion > stack.stateVersion);
    const { position } = there ? yield* stackMoment(s, ref, { version: toVersion }, { deleted: true }) : now;
    const [last] = yield* s.events({ stream: stack.stream, upTo: position, descending: true, limit: 1 });
    return { stack, last };
  });
  if (!last) {
    throw new IntegrityError('EVENTS_MISSING', `the log holds no events of the stack "${stack.name}"`, {
      hint: 'See what is wrong with: sloth-runner audit verify',
      details: { stack: stack.name },
    });
  }
  return { stack, last };
}

/**
 * Folds events in groups: copying the state for a fold costs as much as the state is large. So groups grow with the state,
 * and the cost of an event stays the same.
 */
function folder() {
  let state = initialState;
  let waiting: (RecordedEvent | UnknownEvent)[] = [];
  const foldNow = (): StackState => {
    if (waiting.length > 0) state = evolve(state, waiting);
    waiting = [];
    return state;
  };
  return {
    add(event: RecordedEvent | UnknownEvent): void {
      waiting.push(event);
      if (waiting.length >= Math.max(PAGE_EVENTS, state.resources.size / 16)) foldNow();
    },
    state: foldNow,
  };
}

const toStep = (event: RecordedEvent | UnknownEvent, tracker: ChangeTracker): ReplayStep => ({
  position: event.position,
  version: event.version,
  revision: event.revision,
  at: event.recordedAt,
  actor: event.meta.actor,
  command: event.meta.command,
  reason: event.meta.reason,
  type: event.type,
  changes: tracker.changesOf(event),
  counts: tracker.counts(),
});

/** A stream up to its event `last`, or until the signal. Ends with a whole commit, because there is no state within one. */
async function* history(
  store: EventStore,
  { stream, position: upTo }: StoredEvent,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly StoredEvent[]> {
  for await (const page of eventPages(store, { stream, upTo })) {
    yield page;
    await pause();
    if (signal?.aborted && (await endsCommit(store, page.at(-1) as StoredEvent))) return;
  }
}

async function endsCommit(store: EventStore, last: StoredEvent): Promise<boolean> {
  const [next] = await store.events({ stream: last.stream, after: last.position, limit: 1 });
  return !next || !isSameCommit(last, next);
}

/**
 * Events that are appended to a stream after its event `start`, until the signal, or until the requested version is
 * complete. Ends with a whole commit.
 * @throws IntegrityError `LOG_REPLACED` if the log was replaced meanwhile
 */
async function* appended(
  store: EventStore,
  feed: LogFeed,
  start: StoredEvent,
  signal: AbortSignal,
  toVersion = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<readonly StoredEvent[]> {
  const end = new AbortController();
  let last = start;
  const stop = (): void => void endsCommit(store, last).then((isWhole) => isWhole && end.abort());
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const page of feed.follow(start.position, end.signal, start.stream)) {
      const [still] = await store.events({ after: last.position - 1, upTo: last.position, limit: 1 });
      if (still?.hash !== last.hash) throw logReplaced(last.position);
      last = page.at(-1) as StoredEvent;
      const shown = page.filter(({ version }) => version <= toVersion);
      if (shown.length > 0) yield shown;
      const isReached = last.version > toVersion || (last.version === toVersion && (await endsCommit(store, last)));
      if (isReached || (signal.aborted && (await endsCommit(store, last)))) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The hash of the state folded from the events, after checking that the tables have the same. */
async function agreedHash(
  store: EventStore,
  { stream, id, name }: StackRecord,
  version: number,
  state: StackState,
): Promise<string> {
  const replayed = stateHash(contentOf(state));
  const hashes = await store.read(function* (s) {
    const past = stateHash(yield* readContent(s, stream, version));
    const stack = yield* s.stack(id, { deleted: true });
    if (stack?.stateVersion !== version) return [past];
    return [past, stateHash(yield* readContent(s, stream))]; // the current state is in rows of its own
  });
  const tables = hashes.find((hash) => hash !== replayed);
  if (tables === undefined) return replayed;
  throw new IntegrityError(
    'REPLAY_DIFFERS',
    `stack "${name}" at version ${version}: its events give the state ${replayed}, the tables hold ${tables}`,
    {
      hint: 'Find the rows with: sloth-runner audit verify. Rebuild them with: sloth-runner projections rebuild',
      details: { stack: name, version, replayed, tables },
    },
  );
}

function contentOf({ document, resources, outputs, dependencies }: StackState): StateContent {
  return {
    document,
    resources: [...resources].sort(([a], [b]) => byBytes(a, b)).map(([, resource]) => resource),
    outputs: [...outputs].sort(([a], [b]) => byBytes(a, b)).map(([name, output]) => ({ name, ...output })),
    dependencies: [...dependencies.values()].sort(
      (a, b) => byBytes(a.address, b.address) || byBytes(a.target, b.target),
    ),
  };
}
