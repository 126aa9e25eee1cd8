import { type ChainChecker, checkChain, type LogHead, type StoredEvent } from '../events/index.js';
import { ConflictError, IntegrityError } from '../lib/errors.js';

/** @throws ConflictError if there are events already, because a log is imported into an empty store only */
export function refuseFilled(events: number): void {
  if (events === 0) return;
  throw new ConflictError('LOG_NOT_EMPTY', `the store holds ${events} events already; a log goes into an empty one`, {
    hint: 'Give a database that does not exist yet.',
    details: { events },
  });
}

/** @throws IntegrityError for an event that does not follow the previous one */
function hold(chain: ChainChecker, event: StoredEvent): void {
  const problem = chain.next(event);
  if (!problem) return;
  const { position, field, expected, actual } = problem;
  throw new IntegrityError('LOG_BROKEN', `event ${position}: ${field} is ${actual}, must be ${expected}`, {
    hint: 'The log was changed or damaged after it was written. Nothing was taken over.',
    details: { ...problem },
  });
}

/** @throws IntegrityError at the first event that does not follow the log that ends at `head` */
export function checkFollowing(events: readonly StoredEvent[], head: Pick<LogHead, 'position' | 'hash'>): void {
  const chain = checkChain(head);
  for (const event of events) hold(chain, event);
}

/**
 * The events of an imported log. Each is checked against the chain before it is yielded.
 * @throws IntegrityError at the first event that breaks the chain, and if the log does not end at `head`
 */
export function* checkedLog(
  events: Iterable<StoredEvent>,
  head: Pick<LogHead, 'position' | 'hash'>,
): Generator<StoredEvent> {
  const chain = checkChain();
  for (const event of events) {
    hold(chain, event);
    yield event;
  }
  if (chain.position === head.position && chain.hash === head.hash) return;
  throw new IntegrityError(
    'LOG_TRUNCATED',
    `the log ends at position ${chain.position} (${chain.hash}), not at ${head.position} (${head.hash})`,
    { hint: 'Events are missing or too many. Nothing was taken over.', details: { ...head, found: chain.position } },
  );
}
