import { setImmediate as turn } from 'node:timers/promises';
import { ConflictError } from '../../../lib/errors.js';
import { coalesce } from '../../coalesce.js';
import type { Projection, ProjectorInfo } from '../../event-store.js';
import type { OnProgress, Rebuilt } from '../../maintenance.js';
import type { RowChange } from '../../row-change.js';
import type { TableName } from '../../tables.js';
import type { Connection } from '../open.js';
import { readHead } from '../read/log.js';
import { rowWriter } from '../rows.js';
import { shadowName } from '../schema-text.js';
import type { Statements } from '../statements.js';
import { changeBatches, nextChanges } from './batches.js';
import { createShadows, dropShadows, isIndexed, lacking, swapShadows } from './shadow.js';

/** The one rebuild under way, or broken off. It is named by what it builds: `stacks@1 locks@1`. */
const CREATE_JOB = `
CREATE TABLE rebuild_job (
  id INTEGER PRIMARY KEY CHECK (id = 1), projections TEXT NOT NULL, position INTEGER NOT NULL
) STRICT`;
const HAS_JOB = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'rebuild_job'";
const JOB = 'SELECT projections, position FROM rebuild_job';
const BEGIN_JOB = 'INSERT INTO rebuild_job (id, projections, position) VALUES (1, ?, 0)';
const MOVE_JOB = 'UPDATE rebuild_job SET position = ?';
const SET_CHECKPOINT = `
INSERT INTO projection_checkpoints (name, version, position) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = excluded.position`;

/** So few events are caught up while writers wait for the swap. */
const LAST_STRETCH = 500;

export interface Job {
  readonly projections: string;
  readonly position: number;
}

/** The statements are prepared anew each time: the table comes and goes. */
export const readJob = (db: Connection): Job | undefined =>
  db.prepare(HAS_JOB).get() ? (db.prepare(JOB).get() as Job | undefined) : undefined;

export const jobName = (projectors: readonly Pick<ProjectorInfo, 'name' | 'version'>[]): string =>
  projectors.map(({ name, version }) => `${name}@${version}`).join(' ');

/**
 * Fills shadow tables from the log in batches, each read and projected without a lock and written in a transaction of
 * its own, so that other writers get their turn; makes the indexes; catches up with what was appended meanwhile, and
 * swaps. All of its progress is in the database: whoever calls again for the same projections goes on from there, and
 * two who call at once share the work.
 * @throws ConflictError when another rebuild was begun in the place of this one
 */
export async function rebuildTables(
  db: Connection,
  sql: Statements,
  projection: Projection,
  projectors: readonly ProjectorInfo[],
  onProgress: OnProgress = () => {},
): Promise<Rebuilt> {
  const job = jobName(projectors);
  const names = projectors.map(({ name }) => name);
  const only = new Set(names);
  const tables = projectors.flatMap((projector) => projector.tables);
  const write = rowWriter(db, shadowName);
  let events = 0;
  const done = (position: number): Rebuilt => ({ projections: names, events, position });

  /** Whether the shadows are ready to become the live tables, but for a last stretch. */
  const isReady = (current: number, head: number): boolean =>
    head - current <= LAST_STRETCH && lacking(db, tables).length === 0;

  let position = begin(db, job, tables);
  for (;;) {
    const head = readHead(sql).position;
    onProgress({ step: 'rebuilding', done: position, total: head });
    // Not only once nothing is left to be read: where others write without a pause that never comes.
    const index = head - position <= LAST_STRETCH ? lacking(db, tables)[0] : undefined;
    const batch = index ? undefined : nextChanges(sql, projection, { after: position, upTo: head, only });
    if (batch) {
      const moved = inJob(db, job, (current) => {
        if (current !== position) return current; // whoever shares the work was faster
        writeBatch(db, tables, write, batch.changes);
        db.prepare(MOVE_JOB).run(batch.last);
        events += batch.events;
        return batch.last;
      });
      if (moved === undefined) return done(head);
      position = moved;
    } else if (index) {
      const made = inJob(db, job, () => {
        if (lacking(db, tables).some(({ name }) => name === index.name)) db.exec(index.statement);
        return true;
      });
      if (!made) return done(head);
    }
    if (isReady(position, head)) {
      const end = inJob(db, job, (current) => {
        // Another may have finished this job and begun it again, and its shadows be empty or without indexes.
        if (!isReady(current, readHead(sql).position)) return { current };
        return { swapped: swap(current) };
      });
      if (!end) return done(head);
      if (end.swapped !== undefined) return done(end.swapped);
      position = end.current;
    }
    await turn();
  }

  /** Inside a transaction: catches up, and the shadows become the live tables. Returns the position they are of. */
  function swap(current: number): number {
    let last = current;
    for (const batch of changeBatches(sql, projection, { after: current, upTo: Number.MAX_SAFE_INTEGER, only })) {
      write(batch.changes);
      last = batch.last;
      events += batch.events;
    }
    swapShadows(db, tables);
    for (const { name, version } of projectors) db.prepare(SET_CHECKPOINT).run(name, version, last);
    dropShadows(db);
    return last;
  }
}

/** Before there are unique indexes, a row is written once for all its changes in a batch. */
function writeBatch(
  db: Connection,
  tables: readonly TableName[],
  write: (changes: readonly RowChange[]) => void,
  changes: readonly RowChange[],
): void {
  write(isIndexed(db, tables) ? changes : coalesce(changes));
}

/** Goes on with the job of this name, or begins it in the place of any other. Returns the position it has come to. */
function begin(db: Connection, job: string, tables: readonly TableName[]): number {
  return db
    .transaction(() => {
      const current = readJob(db);
      if (current?.projections === job) return current.position;
      dropShadows(db);
      db.exec(CREATE_JOB);
      db.prepare(BEGIN_JOB).run(job);
      createShadows(db, tables);
      return 0;
    })
    .immediate();
}

/** Runs one step in a transaction, if the job is still there; undefined when somebody else has finished it. */
function inJob<T>(db: Connection, job: string, step: (position: number) => T): T | undefined {
  return db
    .transaction(() => {
      const current = readJob(db);
      if (!current) return undefined;
      if (current.projections !== job) {
        throw new ConflictError('REBUILD_REPLACED', `another rebuild was begun meanwhile: ${current.projections}`, {
          hint: 'Wait until it has ended, then rebuild again what it did not cover.',
          details: { projections: current.projections },
        });
      }
      return step(current.position);
    })
    .immediate();
}

/** Inside a transaction on an empty store that was just given a log: builds all tables at once. */
export function buildTables(
  db: Connection,
  sql: Statements,
  projection: Projection,
  onProgress: OnProgress = () => {},
): void {
  const tables = projection.projectors.flatMap((projector) => projector.tables);
  const write = rowWriter(db, shadowName);
  const head = readHead(sql).position;
  dropShadows(db);
  createShadows(db, tables);
  let position = 0;
  for (const { changes, last } of changeBatches(sql, projection, { after: 0, upTo: head })) {
    write(coalesce(changes));
    position = last;
    onProgress({ step: 'building tables', done: position, total: head });
  }
  for (const { statement } of lacking(db, tables)) db.exec(statement);
  swapShadows(db, tables);
  for (const { name, version } of projection.projectors) db.prepare(SET_CHECKPOINT).run(name, version, position);
}
