import {
  catalogue,
  isKnown,
  parseEvent,
  type RecordedEvent,
  type StoredEvent,
  type UnknownEvent,
} from '../events/index.js';
import { IntegrityError } from '../lib/errors.js';
import { checkShape } from '../lib/parse-input.js';

/**
 * Reads a row of a possibly damaged log, to examine the damage.
 * @throws IntegrityError `EVENT_DAMAGED`
 */
export function readEvent(stored: StoredEvent): RecordedEvent | UnknownEvent {
  try {
    return parseEvent(stored);
  } catch (cause) {
    throw damaged(stored, `cannot be read (${(cause as Error).message})`, cause);
  }
}

/** The same, and checks that the data has all fields of its type. */
export function checkedEvent(stored: StoredEvent): RecordedEvent | UnknownEvent {
  const event = readEvent(stored);
  if (!isKnown(event)) return event;
  const result = checkShape(catalogue[event.type], event.data);
  if (result.success) return event;
  const [issue] = result.error.issues;
  throw damaged(
    stored,
    `${['data', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'does not fit'}`,
    result.error,
  );
}

const damaged = ({ position }: StoredEvent, problem: string, cause: unknown): IntegrityError =>
  new IntegrityError('EVENT_DAMAGED', `event ${position}: ${problem}`, {
    hint: 'The log is damaged; see what is wrong with: sloth-runner audit verify',
    details: { position },
    cause,
  });
