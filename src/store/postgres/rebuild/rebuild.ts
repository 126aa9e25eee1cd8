import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { ConflictError } from '../../../lib/errors.js';
import type { Projection, ProjectorInfo } from '../../event-store.js';
import type { OnProgress, Rebuilt } from '../../maintenance.js';
import { runLater } from '../../program.js';
import { readHead } from '../../read/log.js';
import { jobName, readJob } from '../../rebuild/job.js';
import { holdHead } from '../log-end.js';
import { isLockRefused } from '../retry.js';
import { statementsInAnyOrder, statementsInOrder } from '../rows.js';
import { runEach, sqlOn } from '../sql.js';
import { inTransaction, NO_TIME_LIMIT } from '../transaction.js';
import { changeBatches, nextChanges } from './batches.js';
import { createShadows, dropShadows, isIndexed, missingIndexes, shadowName, swapShadows } from './shadow.js';

const CREATE_JOB = `CREATE TABLE rebuild_job (
  id BIGINT PRIMARY KEY CHECK (id = 1), projections TEXT COLLATE "C" NOT NULL, position BIGINT NOT NULL)`;
const SET_CHECKPOINT = `
INSERT INTO projection_checkpoints (name, version, position) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = excluded.position`;
/** Serialises the begin and the end of a job: "SLTR". */
const REBUILD_LOCK = 0x53_4c_54_52;

/** The maximum number of events that are applied while writers wait for the swap. */
const MAX_LOCKED_EVENTS = 500;

/** The maximum time that the swap waits for each lock, and writers with it, milliseconds. */
const SWAP_WAIT = 1_000;
/** It is tried again after as long a pause, for ten minutes: a verification reads the tables for as long as it takes. */
const SWAP_ATTEMPTS = 300;

/**
 * Fills shadow tables from the log in batches, each in its own transaction, and creates the indexes. Then it locks the
 * log's end, applies the events appended meanwhile, and swaps. All progress is in the database: another call for the same
 * projections resumes it, and concurrent calls share the work.
 * @throws ConflictError if another rebuild replaced this one
 */
export async function rebuildTables(
  pool: pg.Pool,
  projection: Projection,
  projectors: readonly ProjectorInfo[],
  onProgress: OnProgress = () => {},
): Promise<Rebuilt> {
  const names = projectors.map(({ name }) => name);
  const only = new Set(names);
  const job = jobName(projectors);
  const tables = projectors.flatMap((projector) => projector.tables);
  let events = 0;
  let attempts = 0;
  const done = (position: number): Rebuilt => ({ projections: names, events, position });

  let position = await inJob(pool, async (client) => {
    const current = await runLater(readJob(sqlOn(client)));
    if (current?.projections === job) return current.position;
    await dropShadows(client);
    await client.query(CREATE_JOB);
    await client.query('INSERT INTO rebuild_job VALUES (1, $1, 0)', [job]);
    await createShadows(client, tables);
    return 0;
  });
  for (;;) {
    const sql = sqlOn(pool);
    const head = (await readHead(sql)).position;
    onProgress({ step: 'rebuilding', done: position, total: head });
    const batch = await nextChanges(sql, projection, { after: position, upTo: head, only });
    const moved = await ofJob(pool, job, async (client, current) => {
      if (current !== position) return current; // a concurrent call was faster
      const [index] = await missingIndexes(client, tables);
      // Starts before no event remains: with continuous writers that state is never reached.
      if (index && head - current <= MAX_LOCKED_EVENTS) {
        await client.query(index.statement);
        return current;
      }
      if (!batch) return current;
      const statements = (await isIndexed(client, tables)) ? statementsInOrder : statementsInAnyOrder;
      await runEach(sqlOn(client), statements(batch.changes, shadowName as never));
      await client.query('UPDATE rebuild_job SET position = $1', [batch.last]);
      events += batch.events;
      return batch.last;
    });
    if (moved === undefined) return done(head);
    position = moved;
    if (head - position > MAX_LOCKED_EVENTS) continue;
    const end = await ofJob(pool, job, finish, 'holding the head').catch(async (error: unknown) => {
      attempts += 1;
      if (!isLockRefused(error) || attempts === SWAP_ATTEMPTS) throw error;
      await pause(SWAP_WAIT);
      return { current: position, swapped: undefined };
    });
    if (end === undefined) return done(head);
    if (end.swapped !== undefined) return done(end.swapped);
    position = end.current;
  }

  /** Applies the remaining events and swaps, if few enough remain. */
  async function finish(client: pg.ClientBase, current: number): Promise<{ swapped?: number; current: number }> {
    const sql = sqlOn(client);
    const head = (await readHead(sql)).position;
    if (head - current > MAX_LOCKED_EVENTS || (await missingIndexes(client, tables)).length > 0) return { current };
    let last = current;
    let applied = 0;
    for await (const batch of changeBatches(sql, projection, { after: current, upTo: head, only })) {
      await runEach(sql, statementsInOrder(batch.changes, shadowName as never));
      last = batch.last;
      applied += batch.events;
    }
    await swapShadows(client, tables);
    for (const { name, version } of projectors) await client.query(SET_CHECKPOINT, [name, version, last]);
    await dropShadows(client);
    events += applied;
    return { swapped: last, current: last };
  }
}

/** Runs one step in a transaction if the job still exists; returns undefined if another call has finished it. */
const ofJob = <T>(
  pool: pg.Pool,
  job: string,
  step: (client: pg.ClientBase, position: number) => Promise<T>,
  head?: 'holding the head',
): Promise<T | undefined> =>
  inJob(pool, async (client) => {
    if (head) {
      await client.query(`SET LOCAL lock_timeout = ${SWAP_WAIT}`);
      await holdHead(sqlOn(client));
    }
    const current = await runLater(readJob(sqlOn(client)));
    if (!current) return undefined;
    if (current.projections !== job) {
      throw new ConflictError('REBUILD_REPLACED', `another rebuild was started meanwhile: ${current.projections}`, {
        hint: 'Wait until it has ended, then rebuild again what it did not cover.',
        details: { projections: current.projections },
      });
    }
    return step(client, current.position);
  });

const inJob = <T>(pool: pg.Pool, run: (client: pg.ClientBase) => Promise<T>): Promise<T> =>
  inTransaction(pool, async (client) => {
    await client.query(NO_TIME_LIMIT);
    await client.query('SELECT pg_advisory_xact_lock($1)', [REBUILD_LOCK]);
    return run(client);
  });

/** Inside a transaction on an empty store that just received a log: builds all tables at once. */
export async function buildTables(
  client: pg.ClientBase,
  projection: Projection,
  onProgress: OnProgress = () => {},
): Promise<void> {
  const sql = sqlOn(client);
  const tables = projection.projectors.flatMap((projector) => projector.tables);
  const head = (await readHead(sql)).position;
  await dropShadows(client);
  await createShadows(client, tables);
  let position = 0;
  for await (const { changes, last } of changeBatches(sql, projection, { after: 0, upTo: head })) {
    await runEach(sql, statementsInAnyOrder(changes, shadowName as never));
    position = last;
    onProgress({ step: 'building tables', done: position, total: head });
  }
  for (const { statement } of await missingIndexes(client, tables)) await client.query(statement);
  await swapShadows(client, tables);
  for (const { name, version } of projection.projectors) await client.query(SET_CHECKPOINT, [name, version, position]);
}
