import { setImmediate } from 'node:timers/promises';

/**
 * Gives signals, timers and other work a turn. Long work that only awaits resolved promises, as with a local store, would
 * otherwise block them until it ends, Ctrl-C included.
 */
export const pause = (): Promise<void> => setImmediate();
