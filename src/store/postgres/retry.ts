import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../../lib/errors.js';
import { HEAD_MOVED } from './sqlstates.js';

/** The connection was lost, or the server is starting or stopping: the statement itself is not wrong. */
export const isGone = (error: unknown): boolean =>
  /^(08|57P0)/.test(codeOf(error)) ||
  /^E(CONN|PIPE)/.test(codeOf(error)) ||
  /Connection terminated|not queryable/.test(String((error as Error | null)?.message));

/** The server aborted a transaction because of a deadlock, or disappeared. */
export const isBrokenOff = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error)) || isGone(error);

/** A lock was held by others for too long, or they wait for ours. */
export const isLockRefused = (error: unknown): boolean => ['55P03', '40P01'].includes(codeOf(error));

/** Others have appended since the end of the log was read. */
export const isMoved = (error: unknown): boolean => codeOf(error) === HEAD_MOVED;

/** A replica or a read-only server refused a write. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006';

/** A unique index refused a row. */
export const isTaken = (error: unknown): boolean => codeOf(error) === '23505';

/** About 12 seconds in total, each wait twice the previous one: enough for a server restart. */
const ATTEMPTS = 8;
const FIRST_WAIT = 100;

/** Retries what the server aborted. For reads, and for transactions that may run twice. */
export async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isBrokenOff(error) || attempt === ATTEMPTS) throw error;
      await wait(FIRST_WAIT * 2 ** (attempt - 1));
    }
  }
}
