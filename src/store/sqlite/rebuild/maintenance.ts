import { setImmediate as turn } from 'node:timers/promises';
import { openSqlite } from '../../../lib/sqlite.js';
import { refuseForeignParts } from '../../damage-errors.js';
import type { Projection } from '../../event-store.js';
import type { Lifetime } from '../../lifetime.js';
import type { Maintenance, OnProgress, Progress, ProjectionStatus } from '../../maintenance.js';
import { atOnce } from '../../program.js';
import { projectorsNamed } from '../../projectors-named.js';
import { readCheckpoints } from '../../read/log.js';
import { copyDatabase, copyMemory } from '../backup.js';
import { headNow } from '../now.js';
import type { Connection } from '../open.js';
import { attachedToOurs } from '../schema-check.js';
import type { Statements } from '../statements.js';
import type { WriteFault } from '../write-fault.js';
import { compareTables } from './compare.js';
import { extendEvents, importEvents } from './import.js';
import { jobName, readJob, rebuildTables } from './rebuild.js';
import { checkStorage } from './storage.js';

export function maintenance(
  current: () => { readonly db: Connection; readonly sql: Statements },
  path: string,
  projection: Projection,
  life: Lifetime,
  fault: WriteFault,
): Maintenance {
  /** Hears of every step, and ends what is under way when the store is being closed. */
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
    projections: () => read(({ db, sql }) => db.transaction(() => statusOf(db, sql, projection))()),
    rebuild: ({ names, onProgress } = {}) =>
      write(({ db, sql }) => {
        const projectors = projectorsNamed(projection.projectors, names);
        refuseForeignParts(path, attachedToOurs(db));
        return rebuildTables(db, sql, projection, projectors, between(onProgress));
      }),
    compareTables: ({ stream, onProgress }) =>
      read(({ db }) =>
        apart(db, path, (reader) => drive(compareTables(reader, projection, stream), path, between(onProgress))),
      ),
    checkStorage: ({ quick = false } = {}) =>
      read(({ db }) => apart(db, path, async (reader) => checkStorage(reader, path, quick))),
    importLog: (events, head, onProgress) =>
      write(({ db, sql }) => importEvents(db, sql, projection, events, head, onProgress)),
    extendLog: (events) => write(({ db, sql }) => extendEvents(db, sql, projection, events)),
    backup: (to, onProgress) =>
      read(({ db }) => (path === ':memory:' ? copyMemory(db, to) : copyDatabase(path, to, between(onProgress)))),
  };
}

/** Runs something on a connection of its own, whose long read transaction catches nobody else's commands. */
async function apart<T>(db: Connection, path: string, run: (reader: Connection) => Promise<T>): Promise<T> {
  if (path === ':memory:') return run(db);
  const reader = openSqlite(path, { readonly: true });
  try {
    reader.pragma('temp_store = FILE'); // what is built for comparison may be larger than memory
    reader.pragma('cache_size = -16384');
    return await run(reader);
  } finally {
    reader.close();
  }
}

/** On a connection that is shared, no other work may get in between; else every step gives others their turn. */
async function drive<T>(steps: Generator<Progress, T>, path: string, onProgress: OnProgress): Promise<T> {
  try {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value;
      onProgress(step.value);
      if (path !== ':memory:') await turn();
    }
  } finally {
    steps.return(undefined as never);
  }
}

function statusOf(db: Connection, sql: Statements, projection: Projection): ProjectionStatus[] {
  const head = headNow(sql).position;
  const checkpoints = new Map(atOnce(readCheckpoints(sql)).map((checkpoint) => [checkpoint.name, checkpoint]));
  const job = readJob(db);
  const building = job?.projections.split(' ') ?? [];
  return projection.projectors.map((projector) => {
    const { name, version, tables } = projector;
    const { position, version: built } = checkpoints.get(name) ?? { position: 0, version: 0 };
    return {
      name,
      version: built,
      wanted: version,
      position,
      lag: head - position,
      tables: tables.map((table) => ({
        name: table,
        rows: sql(`SELECT count(*) FROM ${table}`).pluck().get() as number,
      })),
      rebuilding: building.includes(jobName([projector])) ? (job?.position ?? null) : null,
    };
  });
}
