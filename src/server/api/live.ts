import { firstValueFrom, fromEvent, merge, takeUntil, timer } from 'rxjs';
import type { StateBackend } from '../../backend/state-backend.js';
import { InvalidInputError, SlothError } from '../../kernel/errors.js';
import { stringifyJson } from '../../kernel/json.js';
import { logReplaced } from '../../queries/live.js';
import type { LogEntry } from '../../queries/log.js';
import { entryJson } from '../../views/log.js';

/** How often something is sent while nothing happens, so that nobody between takes the connection for dead. */
const HEARTBEAT_MS = 15_000;

/**
 * Events after a position, and then as they are appended, each as the text of a server-sent event. Holds a page of them:
 * it reads on when what it gave was taken. Ends with the signal, with an `error` event where the log was replaced, and
 * when the backend is closed.
 */
export async function* liveEvents(
  backend: StateBackend,
  after: number,
  signal: AbortSignal,
  isWanted: (entry: LogEntry) => boolean,
): AsyncGenerator<string, void, undefined> {
  let last = { position: after, hash: undefined as string | undefined };
  try {
    yield ': connected\n\n';
    while (!signal.aborted) {
      // The last one is read again: if it is another one now, a backup was restored.
      const known = last.hash !== undefined;
      for await (const entry of backend.getLog({ after: known ? last.position - 1 : last.position })) {
        if (signal.aborted) return;
        const { position, hash } = entry.event;
        if (position === last.position && hash === last.hash) continue;
        if (known && position <= last.position) throw logReplaced(last.position);
        last = { position, hash };
        if (isWanted(entry)) yield eventText(entry);
      }
      if ((await backend.head()).position < last.position) throw logReplaced(last.position);
      if (!(await appended(backend, last.position, signal))) yield ': still there\n\n';
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof SlothError)) throw error;
    const { code, message, hint } = error;
    yield `event: error\ndata: ${stringifyJson({ code, message, hint: hint ?? null })}\n\n`;
  }
}

const eventText = (entry: LogEntry): string =>
  `id: ${entry.event.position}\nevent: ${entry.event.type}\ndata: ${stringifyJson(entryJson(entry))}\n\n`;

/** Waits for an event after a position, for the signal, or for the time of a heartbeat; whether it was an event. */
async function appended(backend: StateBackend, after: number, signal: AbortSignal): Promise<boolean> {
  const event = backend.events$({ from: after + 1 });
  const end = merge(timer(HEARTBEAT_MS), fromEvent(signal, 'abort'));
  return (await firstValueFrom(event.pipe(takeUntil(end)), { defaultValue: undefined })) !== undefined;
}

/** @throws InvalidInputError for a header that is no position */
export function positionOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new InvalidInputError('INVALID_INPUT', 'Last-Event-ID: it is no position of the log', {
    hint: 'Send the id of the last event you saw, or leave it out.',
    details: { field: 'Last-Event-ID' },
  });
}
