import { setImmediate } from 'node:timers/promises';

/**
 * Lets signals, timers and other work have their turn. Something long that only awaits what is answered at once, as a
 * store on this machine does, would keep them waiting until it is done: Ctrl-C included.
 */
export const pause = (): Promise<void> => setImmediate();
