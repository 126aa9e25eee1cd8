import { openSqlite } from '../../../lib/sqlite.js';
import { refuseForeignParts } from '../../damage-errors.js';
import type { Projection } from '../../event-store.js';
import type { Lifetime } from '../../lifetime.js';
import type { Maintenance, OnProgress } from '../../maintenance.js';
import { runNow } from '../../program.js';
import { projectorsNamed } from '../../projectors-named.js';
import { projectionStatus } from '../../rebuild/status.js';
import { copyDatabase, copyMemory } from '../backup.js';
import type { Connection } from '../open.js';
import { attachedToOurs } from '../schema-check.js';
import type { Statements } from '../statements.js';
import type { WriteFault } from '../write-fault.js';
import { compareOn } from './compare.js';
import { extendEvents, importEvents } from './import.js';
import { rebuildTables } from './rebuild.js';
import { checkStorage } from './storage.js';

export function maintenance(
  current: () => { readonly db: Connection; readonly sql: Statements },
  path: string,
  projection: Projection,
  life: Lifetime,
  fault: WriteFault,
): Maintenance {
  /** Reports progress, and aborts running work when the store is being closed. */
  const between =
    (onProgress?: OnProgress): OnProgress =>
    (progress) => {
      life.check();
      onProgress?.(progress);
    };
  const read = <T>(run: (session: ReturnType<typeof current>) => T | Promise<T>): Promise<T> =>
    life.during(() => run(current()));
  const write: typeof read = (run) => read((session) => fault.during(() => run(session)));
  return {
    projections: () => read(({ db, sql }) => db.transaction(() => runNow(projectionStatus(sql, projection)))()),
    rebuild: ({ names, onProgress } = {}) =>
      write(({ db, sql }) => {
        const projectors = projectorsNamed(projection.projectors, names);
        refuseForeignParts(path, attachedToOurs(db));
        return rebuildTables(db, sql, projection, projectors, between(onProgress));
      }),
    compareTables: ({ stream, onProgress }) =>
      read(({ db }) => apart(db, path, (reader) => compareOn(reader, path, projection, stream, between(onProgress)))),
    checkStorage: ({ quick = false } = {}) =>
      read(({ db }) => apart(db, path, async (reader) => checkStorage(reader, path, quick))),
    importLog: (events, head, onProgress) =>
      write(({ db, sql }) => importEvents(db, sql, projection, events, head, onProgress)),
    extendLog: (events) => write(({ db, sql }) => extendEvents(db, sql, projection, events)),
    backup: (to, onProgress) =>
      read(({ db }) => (path === ':memory:' ? copyMemory(db, to) : copyDatabase(path, to, between(onProgress)))),
  };
}

/** Runs a function on a separate connection, so that its long read transaction contains no commands of others. */
async function apart<T>(db: Connection, path: string, run: (reader: Connection) => Promise<T>): Promise<T> {
  if (path === ':memory:') return run(db);
  const reader = openSqlite(path, { readonly: true });
  try {
    reader.pragma('temp_store = FILE'); // the tables built for comparison may be larger than memory
    reader.pragma('cache_size = -16384');
    return await run(reader);
  } finally {
    reader.close();
  }
}
