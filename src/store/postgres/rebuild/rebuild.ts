import type pg from 'pg';
import { ConflictError } from '../../../lib/errors.js';
import type { Projection, ProjectorInfo } from '../../event-store.js';
import type { OnProgress, Rebuilt } from '../../maintenance.js';
import { holdHead } from '../log-end.js';
import { readHead } from '../read/log.js';
import { statementsInAnyOrder, statementsInOrder } from '../rows.js';
import { runEach, type Sql, sqlOn } from '../sql.js';
import { inTransaction, NO_TIME_LIMIT } from '../transaction.js';
import { changeBatches, nextChanges } from './batches.js';
import { createShadows, dropShadows, isIndexed, lacking, shadowName, swapShadows } from './shadow.js';

/** The one rebuild under way, or broken off. It is named by what it builds: `stacks@1 locks@1`. */
const CREATE_JOB = `CREATE TABLE rebuild_job (
  id BIGINT PRIMARY KEY CHECK (id = 1), projections TEXT COLLATE "C" NOT NULL, position BIGINT NOT NULL)`;
const HAS_JOB = `SELECT to_regclass('rebuild_job') IS NOT NULL AS there`;
const JOB = 'SELECT projections, position FROM rebuild_job';
const SET_CHECKPOINT = `
INSERT INTO projection_checkpoints (name, version, position) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = excluded.position`;
/** Who begins or ends a job has this lock: "SLTR". */
const REBUILD_LOCK = 0x53_4c_54_52;

/** So few events are caught up while writers wait for the swap. */
const LAST_STRETCH = 500;

export interface Job {
  readonly projections: string;
  readonly position: number;
}

export async function readJob(sql: Sql): Promise<Job | undefined> {
  const has = await sql.get<{ there: boolean }>(HAS_JOB);
  return has?.there ? sql.get<Job>(JOB) : undefined;
}

export const jobName = (projectors: readonly Pick<ProjectorInfo, 'name' | 'version'>[]): string =>
  projectors.map(({ name, version }) => `${name}@${version}`).join(' ');

/**
 * Fills shadow tables from the log in batches, each written in a transaction of its own; makes the indexes; catches up
 * with what was appended meanwhile while it holds the log's end, and swaps. All of its progress is in the database:
 * whoever calls again for the same projections goes on from there, and two who call at once share the work.
 * @throws ConflictError when another rebuild was begun in the place of this one
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
  const done = (position: number): Rebuilt => ({ projections: names, events, position });

  let position = await inJob(pool, async (client) => {
    const current = await readJob(sqlOn(client));
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
      if (current !== position) return current; // whoever shares the work was faster
      const [index] = await lacking(client, tables);
      // Not only once nothing is left to be read: where others write without a pause that never comes.
      if (index && head - current <= LAST_STRETCH) {
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
    if (head - position > LAST_STRETCH) continue;
    const end = await ofJob(pool, job, (client, current) => finish(client, current), 'holding the head');
    if (end === undefined) return done(head);
    if (end.swapped !== undefined) return done(end.swapped);
    position = end.current;
  }

  /** Catches up and swaps, if nothing but a last stretch is missing. */
  async function finish(client: pg.ClientBase, current: number): Promise<{ swapped?: number; current: number }> {
    const sql = sqlOn(client);
    const head = (await readHead(sql)).position;
    if (head - current > LAST_STRETCH || (await lacking(client, tables)).length > 0) return { current };
    let last = current;
    for await (const batch of changeBatches(sql, projection, { after: current, upTo: head, only })) {
      await runEach(sql, statementsInOrder(batch.changes, shadowName as never));
      last = batch.last;
      events += batch.events;
    }
    await swapShadows(client, tables);
    for (const { name, version } of projectors) await client.query(SET_CHECKPOINT, [name, version, last]);
    await dropShadows(client);
    return { swapped: last, current: last };
  }
}

/** Runs one step in a transaction, if the job is still there; undefined when somebody else has finished it. */
const ofJob = <T>(
  pool: pg.Pool,
  job: string,
  step: (client: pg.ClientBase, position: number) => Promise<T>,
  head?: 'holding the head',
): Promise<T | undefined> =>
  inJob(pool, async (client) => {
    if (head) await holdHead(sqlOn(client));
    const current = await readJob(sqlOn(client));
    if (!current) return undefined;
    if (current.projections !== job) {
      throw new ConflictError('REBUILD_REPLACED', `another rebuild was begun meanwhile: ${current.projections}`, {
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

/** Inside a transaction on an empty store that was just given a log: builds all tables at once. */
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
  for (const { statement } of await lacking(client, tables)) await client.query(statement);
  await swapShadows(client, tables);
  for (const { name, version } of projection.projectors) await client.query(SET_CHECKPOINT, [name, version, position]);
}
