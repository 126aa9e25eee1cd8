import type pg from 'pg';
import { decodeEvent, type LogHead, type StoredEvent } from '../../../events/index.js';
import { StoreError } from '../../../kernel/errors.js';
import { checkedLog, checkFollowing, refuseFilled } from '../../checked-log.js';
import type { Projection } from '../../event-store.js';
import type { Lifetime } from '../../lifetime.js';
import type { Maintenance, OnProgress, ProjectionStatus } from '../../maintenance.js';
import { projectorsNamed } from '../../projectors-named.js';
import { eventWriter, holdHead, insertEvents, moveHead, notify } from '../append.js';
import { readCheckpoints, readHead } from '../read/log.js';
import { type Sql, sqlOn } from '../sql.js';
import { inTransaction, NO_TIME_LIMIT } from '../transaction.js';
import { compareTables } from './compare.js';
import { buildTables, jobName, readJob, rebuildTables } from './rebuild.js';
import { checkStorage } from './storage.js';

/** Sees one moment however long it takes. */
const SNAPSHOT = `BEGIN ISOLATION LEVEL REPEATABLE READ; ${NO_TIME_LIMIT}`;
/** How many events are written at once, and how often progress is told. */
const STEP = 2_000;

export function maintenance(pool: pg.Pool, projection: Projection, life: Lifetime, self: string): Maintenance {
  /** Hears of every step, and ends what is under way when the store is being closed. */
  const between =
    (onProgress?: OnProgress): OnProgress =>
    (progress) => {
      life.check();
      onProgress?.(progress);
    };
  return {
    projections: () =>
      life.during(() => inTransaction(pool, (client) => statusOf(sqlOn(client), projection), SNAPSHOT)),
    rebuild: ({ names, onProgress } = {}) =>
      life.during(() =>
        rebuildTables(pool, projection, projectorsNamed(projection.projectors, names), between(onProgress)),
      ),
    compareTables: ({ stream, onProgress }) =>
      life.during(() =>
        inTransaction(pool, (client) => compareTables(client, projection, stream, between(onProgress)), SNAPSHOT),
      ),
    checkStorage: () => life.during(() => checkStorage(sqlOn(pool))),
    importLog: (events, head, onProgress) =>
      life.during(() =>
        inTransaction(pool, (client) => importEvents(client, projection, events, head, self, onProgress)),
      ),
    extendLog: (events) =>
      life.during(() => inTransaction(pool, (client) => extendEvents(client, projection, events, self))),
    backup: () =>
      life.during(async () => {
        throw new StoreError('NO_BACKUP', 'a PostgreSQL database is backed up by its own tools', {
          hint: 'Use pg_dump or your server’s backups; `audit export` writes the log alone.',
        });
      }),
  };
}

/** Takes over a whole log into an empty database: all of it with its tables, or nothing. */
async function importEvents(
  client: pg.ClientBase,
  projection: Projection,
  events: Iterable<StoredEvent>,
  head: Pick<LogHead, 'position' | 'hash'>,
  self: string,
  onProgress: OnProgress = () => {},
): Promise<LogHead> {
  const sql = sqlOn(client);
  await client.query(NO_TIME_LIMIT);
  refuseFilled((await holdHead(sql)).position);
  let waiting: StoredEvent[] = [];
  const write = async (): Promise<void> => {
    await insertEvents(sql, waiting);
    onProgress({ step: 'importing', done: waiting.at(-1)?.position ?? 0, total: head.position });
    waiting = [];
  };
  for (const event of checkedLog(events, head)) {
    if (waiting.push(event) === STEP) await write();
  }
  if (waiting.length > 0) await write();
  await buildTables(client, projection, onProgress);
  const end = await readHead(sql);
  await moveHead(sql, end);
  await notify(sql, self);
  return end;
}

/** Takes over events that follow the log's end: all of them with what they change in the tables, or nothing. */
async function extendEvents(
  client: pg.ClientBase,
  projection: Projection,
  events: readonly StoredEvent[],
  self: string,
): Promise<LogHead> {
  const sql = sqlOn(client);
  checkFollowing(events, await holdHead(sql));
  const recorded = events.map((event) => decodeEvent(event));
  if (events.length > 0) await eventWriter(projection)(client, events, recorded);
  await notify(sql, self);
  return readHead(sql);
}

async function statusOf(sql: Sql, projection: Projection): Promise<ProjectionStatus[]> {
  const head = (await readHead(sql)).position;
  const checkpoints = new Map((await readCheckpoints(sql)).map((checkpoint) => [checkpoint.name, checkpoint]));
  const job = await readJob(sql);
  const building = job?.projections.split(' ') ?? [];
  const states: ProjectionStatus[] = [];
  for (const projector of projection.projectors) {
    const { name, version, tables } = projector;
    const { position, version: built } = checkpoints.get(name) ?? { position: 0, version: 0 };
    const counted = [];
    for (const table of tables) {
      const count = await sql.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`);
      counted.push({ name: table, rows: count?.rows ?? 0 });
    }
    const rebuilding = building.includes(jobName([projector])) ? (job?.position ?? null) : null;
    states.push({ name, version: built, wanted: version, position, lag: head - position, tables: counted, rebuilding });
  }
  return states;
}
