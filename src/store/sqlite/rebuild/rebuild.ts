import { setImmediate as turn } from 'node:timers/promises';
import { ConflictError } from '../../../lib/errors.js';
import { coalesce } from '../../coalesce.js';
import type { Projection, ProjectorInfo } from '../../event-store.js';
import type { OnProgress, Rebuilt } from '../../maintenance.js';
import { runNow } from '../../program.js';
import { jobName, readJob } from '../../rebuild/job.js';
import type { RowChange } from '../../row-change.js';
import type { TableName } from '../../tables.js';
import { headNow } from '../now.js';
import type { Connection } from '../open.js';
import { rowWriter } from '../rows.js';
import { shadowName } from '../schema-text.js';
import type { Statements } from '../statements.js';
import { changeBatches, nextChanges } from './batches.js';
import { createShadows, dropShadows, isIndexed, missingIndexes, swapShadows } from './shadow.js';

const CREATE_JOB = `
CREATE TABLE rebuild_job (
  id INTEGER PRIMARY KEY CHECK (id = 1), projections TEXT NOT NULL, position INTEGER NOT NULL
) STRICT`;
const BEGIN_JOB = 'INSERT INTO rebuild_job (id, projections, position) VALUES (1, ?, 0)';
const MOVE_JOB = 'UPDATE rebuild_job SET position = ?';
const SET_CHECKPOINT = `
INSERT INTO projection_checkpoints (name, version, position) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = excluded.position`;

/** The maximum number of events that are applied while writers wait for the swap. */
const MAX_LOCKED_EVENTS = 500;

/**
 * Fills shadow tables from the log in batches. Each batch is read and projected without a lock and written in its own
 * transaction, so that other writers get a turn. Then it creates the indexes, applies the events appended meanwhile, and
 * swaps. All progress is in the database: another call for the same projections resumes it, and concurrent calls share the
 * work.
 * @throws ConflictError if another rebuild replaced this one
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

  /** Whether the shadow tables can be swapped after applying the last few events. */
  const isReady = (current: number, head: number): boolean =>
    head - current <= MAX_LOCKED_EVENTS && missingIndexes(db, tables).length === 0;

  let position = begin(db, sql, job, tables);
  for (;;) {
    const head = headNow(sql).position;
    onProgress({ step: 'rebuilding', done: position, total: head });
    // Starts before no event remains: with continuous writers that state is never reached.
    const index = head - position <= MAX_LOCKED_EVENTS ? missingIndexes(db, tables)[0] : undefined;
    const batch = index ? undefined : nextChanges(sql, projection, { after: position, upTo: head, only });
    if (batch) {
      const moved = inJob(db, sql, job, (current) => {
        if (current !== position) return current; // a concurrent call was faster
        writeBatch(db, tables, write, batch.changes);
        db.prepare(MOVE_JOB).run(batch.last);
        events += batch.events;
        return batch.last;
      });
      if (moved === undefined) return done(head);
      position = moved;
    } else if (index) {
      const made = inJob(db, sql, job, () => {
        if (missingIndexes(db, tables).some(({ name }) => name === index.name)) db.exec(index.statement);
        return true;
      });
      if (!made) return done(head);
    }
    if (isReady(position, head)) {
      const end = inJob(db, sql, job, (current) => {
        // Another call may have finished this job and started it again, so that its shadow tables are empty or without
        // indexes.
        if (!isReady(current, headNow(sql).position)) return { current };
        return { swapped: swap(current) };
      });
      if (!end) return done(head);
      if (end.swapped !== undefined) return done(end.swapped);
      position = end.current;
    }
    await turn();
  }

  /** Inside a transaction: applies the remaining events and swaps. Returns the position of the new tables. */
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

/** While there are no unique indexes, each row is written once for all its changes in a batch. */
function writeBatch(
  db: Connection,
  tables: readonly TableName[],
  write: (changes: readonly RowChange[]) => void,
  changes: readonly RowChange[],
): void {
  write(isIndexed(db, tables) ? changes : coalesce(changes));
}

/** Resumes the job with this name, or starts it and replaces any other. Returns the position it has reached. */
function begin(db: Connection, sql: Statements, job: string, tables: readonly TableName[]): number {
  return db
    .transaction(() => {
      const current = runNow(readJob(sql));
      if (current?.projections === job) return current.position;
      dropShadows(db);
      db.exec(CREATE_JOB);
      db.prepare(BEGIN_JOB).run(job);
      createShadows(db, tables);
      return 0;
    })
    .immediate();
}

/** Runs one step in a transaction if the job still exists; returns undefined if another call has finished it. */
function inJob<T>(db: Connection, sql: Statements, job: string, step: (position: number) => T): T | undefined {
  return db
    .transaction(() => {
      const current = runNow(readJob(sql));
      if (!current) return undefined;
      if (current.projections !== job) {
        throw new ConflictError('REBUILD_REPLACED', `another rebuild was started meanwhile: ${current.projections}`, {
          hint: 'Wait until it has ended, then rebuild again what it did not cover.',
          details: { projections: current.projections },
        });
      }
      return step(current.position);
    })
    .immediate();
}

/** Inside a transaction on an empty store that just received a log: builds all tables at once. */
export function buildTables(
  db: Connection,
  sql: Statements,
  projection: Projection,
  onProgress: OnProgress = () => {},
): void {
  const tables = projection.projectors.flatMap((projector) => projector.tables);
  const write = rowWriter(db, shadowName);
  const head = headNow(sql).position;
  dropShadows(db);
  createShadows(db, tables);
  let position = 0;
  for (const { changes, last } of changeBatches(sql, projection, { after: 0, upTo: head })) {
    write(coalesce(changes));
    position = last;
    onProgress({ step: 'building tables', done: position, total: head });
  }
  for (const { statement } of missingIndexes(db, tables)) db.exec(statement);
  swapShadows(db, tables);
  for (const { name, version } of projection.projectors) db.prepare(SET_CHECKPOINT).run(name, version, position);
}
