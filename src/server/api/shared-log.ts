import { firstValueFrom, fromEvent, merge, Observable, ReplaySubject, share, takeUntil, timer } from 'rxjs';
import type { StateBackend } from '../../api/state-backend.js';
import { logReplaced } from '../../feed/follow-log.js';
import type { LogEntry } from '../../queries/log.js';
import { eventText } from './event-text.js';

/** How far the log was read, and what was found there: an event with its text, or at the beginning nothing. */
export interface LogStep {
  readonly position: number;
  readonly event?: { readonly entry: LogEntry; readonly text: string };
}

/**
 * The events that are appended from now on, read once however many listen, as long as somebody does. Who begins to listen
 * hears at once up to where the log was read. Ends with an error when the log was replaced or the backend is closed.
 * @param checkMs how often the log is looked at although nothing was reported, milliseconds
 */
export const sharedLog = (backend: StateBackend, checkMs: number): Observable<LogStep> =>
  new Observable<LogStep>((subscriber) => {
    const stop = new AbortController();
    follow(backend, checkMs, stop.signal, (step) => subscriber.next(step)).catch((error: unknown) =>
      subscriber.error(error),
    );
    return () => stop.abort();
  }).pipe(share({ connector: () => new ReplaySubject(1) }));

async function follow(
  backend: StateBackend,
  checkMs: number,
  signal: AbortSignal,
  give: (step: LogStep) => void,
): Promise<void> {
  let last: { readonly position: number; readonly hash: string } = await backend.head();
  give({ position: last.position });
  while (!signal.aborted) {
    await appended(backend, last.position, checkMs, signal);
    // The last one is read again: if it is another one now, a backup was restored.
    for await (const entry of backend.getLog({ after: Math.max(0, last.position - 1) })) {
      if (signal.aborted) return;
      const { position, hash } = entry.event;
      if (position === last.position && hash === last.hash) continue;
      if (position <= last.position) throw logReplaced(last.position);
      last = { position, hash };
      give({ position, event: { entry, text: eventText(entry) } });
    }
    if (!signal.aborted && (await backend.head()).position < last.position) throw logReplaced(last.position);
  }
}

/** Waits for an event after a position, for the signal, or for a time. */
async function appended(backend: StateBackend, after: number, ms: number, signal: AbortSignal): Promise<void> {
  const event = backend.events$({ from: after + 1 });
  const end = merge(timer(ms), fromEvent(signal, 'abort'));
  await firstValueFrom(event.pipe(takeUntil(end)), { defaultValue: undefined });
}
