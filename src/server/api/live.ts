import type { Observable } from 'rxjs';
import type { StateBackend } from '../../api/state-backend.js';
import { logReplaced } from '../../feed/follow-log.js';
import { InvalidInputError, SlothError } from '../../lib/errors.js';
import type { LogEntry } from '../../queries/log.js';
import { BEATS } from './event-streams.js';
import { errorText, eventText } from './event-text.js';

export interface LiveOptions {
  readonly backend: Pick<StateBackend, 'head' | 'followLog'>;
  /** Events after this position. */
  readonly after: number;
  readonly signal: AbortSignal;
  /**
   * After this number of milliseconds without an event a heartbeat is sent, so that no proxy closes the connection as idle.
   */
  readonly heartbeatMs: number;
  /** Checks that time `BEATS` times per interval. */
  readonly beat: Observable<unknown>;
  /** Both throw if the client has lost its permission; one of them is called before anything is sent. */
  isWanted(entry: LogEntry): boolean;
  checkAccess(): void;
}

/**
 * Events after a position, and then as they are appended, each as the text of a server-sent event. Ends with the signal,
 * and with an `error` event if the client loses its permission, the log was replaced or the backend is closed.
 */
export async function* liveEvents(options: LiveOptions): AsyncGenerator<string, void, undefined> {
  const { backend, after, signal, beat, isWanted, checkAccess } = options;
  const longest = options.heartbeatMs * (1 - 1 / BEATS);
  try {
    yield ': connected\n\n';
    let sent = performance.now();
    if ((await backend.head()).position < after) throw logReplaced(after);
    for await (const entry of backend.followLog(after, { signal, beat })) {
      if (signal.aborted) return;
      if (entry && isWanted(entry)) yield eventText(entry);
      else if (performance.now() - sent < longest) continue;
      else {
        checkAccess();
        yield ': still there\n\n';
      }
      sent = performance.now();
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof SlothError)) throw error;
    const { code, message, hint } = error;
    yield errorText({ code, message, hint: hint ?? null });
  }
}

/** @throws InvalidInputError for a header that is not a position */
export function positionOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new InvalidInputError('INVALID_INPUT', 'Last-Event-ID: it is not a position of the log', {
    hint: 'Send the id of the last event you saw, or leave it out.',
    details: { field: 'Last-Event-ID' },
  });
}
