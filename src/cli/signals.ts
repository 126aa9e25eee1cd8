import { constants } from 'node:os';

/** Ends by `process.exit` what a signal would end at once, so that unfinished files are cleared up; 128 + its number. */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
