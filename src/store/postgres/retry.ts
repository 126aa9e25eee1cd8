import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../../lib/errors.js';
import { HEAD_MOVED } from './sqlstates.js';

/** The connection was lost, or the server ends or begins: nothing that was asked is wrong. */
export const isGone = (error: unknown): boolean =>
  /^(08|57P0)/.test(codeOf(error)) ||
  /^E(CONN|PIPE)/.test(codeOf(error)) ||
  /Connection terminated|not queryable/.test(String((error as Error | null)?.message));

/** The server broke a transaction off, by a deadlock or because it went away. */
export const isBrokenOff = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error)) || isGone(error);

/** Others have appended since the log's end was read. */
export const isMoved = (error: unknown): boolean => codeOf(error) === HEAD_MOVED;

/** A replica, or a server made read only, refuses what is more than a question. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006';

/** A unique index refused a row. */
export const isTaken = (error: unknown): boolean => codeOf(error) === '23505';

/** Some 12 seconds in all, each wait twice the one before: a server that restarts is back by then. */
const ATTEMPTS = 8;
const FIRST_WAIT = 100;

/** Tries again what the server broke off. For what reads, and for transactions that may be carried out twice. */
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
