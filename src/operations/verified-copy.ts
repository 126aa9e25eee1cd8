import { bringUpToDate, openEngine } from '../engine.js';
import type { LogHead } from '../events/index.js';
import { IntegrityError } from '../lib/errors.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import { verifyStore } from './audit/verify.js';

/** The content of a copy of a database. */
export interface Verified {
  readonly head: LogHead;
  readonly stacks: number;
}

/**
 * Opens a copy without changing it and verifies it completely.
 * @param about the origin of the copy, and the next step if it is invalid
 * @throws IntegrityError `BACKUP_DAMAGED` with the first problem
 */
export async function verified(
  copy: string,
  about: { readonly named: string; readonly hint: string; readonly onProgress?: OnProgress | undefined },
): Promise<Verified> {
  const { named, hint, onProgress } = about;
  const options = onProgress ? { onProgress } : {};
  const damaged = (what: string, problems: number, cause?: unknown) =>
    new IntegrityError('BACKUP_DAMAGED', `the backup is damaged: ${named} (${what.replaceAll(copy, named)})`, {
      hint,
      details: { file: named, problems },
      cause,
    });
  const proven = async (store: EventStore, chainOnly: boolean): Promise<LogHead> => {
    const { problems, head } = await verifyStore(store, { ...options, chainOnly });
    if (problems[0]) throw damaged(problems[0].message, problems.length);
    return head;
  };
  try {
    const engine = openEngine(copy);
    const { store } = engine;
    try {
      if (await isOfOtherRelease(store)) {
        await proven(store, true);
        await bringUpToDate(engine, onProgress);
      }
      return { head: await proven(store, false), stacks: (await store.describe()).stacks };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof IntegrityError)
      throw error.code === 'BACKUP_DAMAGED' ? error : damaged(error.message, 1, error);
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'SQLITE_ERROR' ? damaged(message, 1, error) : error; // a table is missing
  }
}

/** Tables of another release are not damage: they are rebuilt from the log, once that is verified. */
const isOfOtherRelease = async (store: EventStore): Promise<boolean> =>
  (await store.projections()).some(({ version, wanted }) => version !== wanted);
