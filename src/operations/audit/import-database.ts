import {
  bringUpToDate,
  type Engine,
  makeSelfContained,
  openEngine,
  openEngineAt,
  removeDatabase,
} from '../../engine.js';
import type { LogHead } from '../../events/index.js';
import { systemClock } from '../../lib/clock.js';
import { isPostgresUrl } from '../../lib/database-url.js';
import { ConflictError, NotFoundError } from '../../lib/errors.js';
import { clearedUp, newFoldersRemover, publish, refuseOuterBlanks, statOf, temporaryName } from '../../lib/files.js';
import { databaseFile } from '../database-file.js';
import { importLogFile, type LogImportOptions } from './log-file.js';

export interface DatabaseImportOptions extends LogImportOptions {
  /** Called when the database was created. */
  readonly onCreate?: () => void;
}

/** @see StateBackend.importLog */
export async function importDatabase(
  location: string,
  file: string | number,
  { onCreate, ...options }: DatabaseImportOptions = {},
): Promise<LogHead> {
  const take = async (engine: Engine): Promise<LogHead> => {
    try {
      return await importLogFile(engine.store, file, options);
    } finally {
      await engine.store.close();
    }
  };
  const existing = await openExisting(location, options);
  if (existing) return take(existing);
  const onNew = onCreate ? { onCreate } : {};
  // A server creates the tables in the transaction of the import; an existing empty file is used as it is.
  if (isPostgresUrl(location) || statOf(location)) return take(await openEngineAt(location, systemClock, onNew));
  const head = await intoNewFile(location, take);
  onCreate?.();
  return head;
}

async function openExisting(location: string, { onProgress }: LogImportOptions): Promise<Engine | undefined> {
  let engine: Engine | undefined;
  try {
    engine = await openEngineAt(location, systemClock, { create: false, ...(onProgress && { onProgress }) });
    await bringUpToDate(engine, onProgress);
    return engine;
  } catch (error) {
    await engine?.store.close();
    if (error instanceof NotFoundError && error.code === 'DATABASE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The file gets its name when the log is in it: nothing is left if the log is invalid. */
async function intoNewFile(location: string, take: (engine: Engine) => Promise<LogHead>): Promise<LogHead> {
  refuseOuterBlanks(location);
  const target = databaseFile(location, 'a log is imported');
  const removeFolders = newFoldersRemover(target);
  const partial = temporaryName(target, 'partial');
  const clear = clearedUp(() => {
    removeDatabase(partial);
    removeFolders();
  });
  try {
    const head = await take(openEngine(partial));
    makeSelfContained(partial);
    publish(partial, target);
    return head;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ConflictError('LOG_NOT_EMPTY', `another process created the database meanwhile: ${location}`, {
      hint: 'Name a database that does not exist yet.',
      details: { field: 'db', database: location },
      cause: error,
    });
  } finally {
    clear();
  }
}
