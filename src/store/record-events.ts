import {
  currentSchemaVersion,
  type EventMeta,
  hashEvent,
  type NewEvent,
  type RecordedEvent,
  raisesVersion,
  type StoredEvent,
} from '../events/index.js';
import { IntegrityError } from '../lib/errors.js';
import { stringifyJson } from '../lib/json.js';

/** The ends of the log and of the stack's stream before the append. */
export interface LogEnd {
  readonly position: number;
  readonly hash: string;
  /** Undefined for a new stack: its first position becomes its stream. */
  readonly stream: number | undefined;
  readonly revision: number;
  readonly version: number;
}

interface Recording {
  readonly stored: readonly StoredEvent[];
  readonly recorded: readonly RecordedEvent[];
}

/**
 * Assigns positions, a version and hashes to a commit. All of its events have the same version: that of the stack after the
 * commit.
 */
export function recordEvents(
  events: readonly NewEvent[],
  end: LogEnd,
  commit: { readonly commandId: string; readonly meta: EventMeta; readonly now: string },
): Recording {
  const version = end.version + (events.some((event) => raisesVersion(event.type)) ? 1 : 0);
  const meta = stringifyJson(commit.meta);
  const stream = end.stream ?? end.position + 1;
  const stored: StoredEvent[] = [];
  const recorded: RecordedEvent[] = [];
  let hash = end.hash;
  for (const [index, event] of events.entries()) {
    const position = end.position + index + 1;
    const revision = end.revision + index + 1;
    const { type } = event;
    const schemaVersion = currentSchemaVersion(type);
    const data = stringifyJson(event.data);
    const [recordedAt, commandId] = [commit.now, commit.commandId];
    const row = {
      position,
      stream,
      revision,
      version,
      type,
      schemaVersion,
      data,
      meta,
      recordedAt,
      commandId,
      hash: '',
    };
    row.hash = hash = hashEvent(hash, row);
    stored.push(row);
    recorded.push({ ...row, data: event.data, meta: commit.meta } as unknown as RecordedEvent);
  }
  if (end.stream === undefined && events[0]?.type !== 'StackCreated') {
    throw new IntegrityError('STREAM_WITHOUT_STACK', 'a stream must begin with StackCreated');
  }
  return { stored, recorded };
}
