import { constants } from 'node:os';

/** Ends by `process.exit` what a signal would end at once, so that unfinished files are cleared up; 128 + its number. */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** A signal that is given when the process is asked to end; asked again, it ends at once. */
export function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
