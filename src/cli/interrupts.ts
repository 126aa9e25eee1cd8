import { constants } from 'node:os';

/**
 * On the first signal, ends with `process.exit`, so that unfinished files are removed; the exit code is 128 + its number.
 */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** An AbortSignal that fires when the process is asked to end; a second signal ends the process at once. */
export function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
