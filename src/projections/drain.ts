import { from, map, type Observable } from 'rxjs';
import { type Commit, isReadable, isSameCommit, type RecordedEvent, type UnknownEvent } from '../events/index.js';
import { IntegrityError } from '../lib/errors.js';
import type { RowChange } from '../store/row-change.js';
import type { Projector } from './projector.js';

type AnyEvent = RecordedEvent | UnknownEvent;

/** Groups events in log order into commits. */
function* commitsOf(events: readonly AnyEvent[]): Generator<readonly AnyEvent[]> {
  let start = 0;
  for (let index = 1; index <= events.length; index++) {
    const [first, next] = [events[start], events[index]];
    if (first && next && isSameCommit(first, next)) continue;
    if (index > start) yield events.slice(start, index);
    start = index;
  }
}

const toCommit = (events: readonly AnyEvent[]): Commit => ({
  events: events.filter((event): event is RecordedEvent => isReadable(event)),
  first: events[0] as unknown as Commit['first'],
  last: events[events.length - 1] as unknown as Commit['last'],
});

/**
 * Runs every projector over the events, as one cold pipeline that ends before this returns.
 * Danger: RxJS rethrows the exception of a `subscribe` handler on a later tick; measured, a transaction around it then
 * commits a half-projected event. So the error is captured and thrown here, and a pipeline that has not completed when
 * `subscribe` returns is itself an error.
 * @throws errors of a projector; StoreError `NEWER_EVENT` for a schema version of a newer release
 */
export function drain(events: readonly AnyEvent[], projectors: readonly Projector[]): readonly RowChange[] {
  return collect(from(commitsOf(events)).pipe(map((commit) => changesOf(toCommit(commit), projectors)))).flat();
}

/** A list for each commit: an inner observable takes as long as the projectors themselves. */
function changesOf(commit: Commit, projectors: readonly Projector[]): RowChange[] {
  const all: RowChange[] = [];
  for (const projector of projectors) {
    const changes = projector.project(commit);
    if (!(Symbol.iterator in changes)) throw notSynchronous();
    for (const change of changes) all.push(change);
  }
  return all;
}

const notSynchronous = (): IntegrityError =>
  new IntegrityError('PROJECTION_NOT_SYNCHRONOUS', 'a projector waits for something inside the transaction');

/** All values of a synchronous observable. */
export function collect<T>(source: Observable<T>): readonly T[] {
  const values: T[] = [];
  let outcome: { readonly error?: unknown } | undefined;
  const subscription = source.subscribe({
    next: (value) => values.push(value),
    error: (error: unknown) => {
      outcome = { error };
    },
    complete: () => {
      outcome ??= {};
    },
  });
  if (!outcome) {
    subscription.unsubscribe();
    throw notSynchronous();
  }
  if ('error' in outcome) throw outcome.error;
  return values;
}
