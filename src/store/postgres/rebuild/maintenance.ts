import pg from 'pg';
import { decodeEvent, type LogHead, type StoredEvent } from '../../../events/index.js';
import { StoreError } from '../../../lib/errors.js';
import { checkFollowing } from '../../checked-log.js';
import { refuseForeignParts } from '../../damage-errors.js';
import type { Projection } from '../../event-store.js';
import type { Lifetime } from '../../lifetime.js';
import type { Maintenance, OnProgress } from '../../maintenance.js';
import { runLater } from '../../program.js';
import { projectorsNamed } from '../../projectors-named.js';
import { readHead } from '../../read/log.js';
import { projectionStatus } from '../../rebuild/status.js';
import { eventWriter } from '../append.js';
import { holdHead } from '../log-end.js';
import { type Sql, sqlOn } from '../sql.js';
import { beginSnapshot, inTransaction, NO_TIME_LIMIT, transactionOn } from '../transaction.js';
import { compareOn } from './compare.js';
import { importEvents } from './import.js';
import { rebuildTables } from './rebuild.js';
import { attachedToOurs, checkStorage } from './storage.js';

/** Keeps one snapshot without a time limit. */
const SNAPSHOT = `${beginSnapshot()}; ${NO_TIME_LIMIT}`;

/** Used by operations that create the schema in their own transaction. */
interface BeforeSchema {
  readonly during: Lifetime['during'];
  /** Creates the schema in the open transaction; returns whether there was none. */
  prepare(client: pg.ClientBase): Promise<boolean>;
  onCreate(): void;
}

/**
 * @param config for connections without pipelining
 * @param where the name of the database in errors
 */
export function maintenance(
  pool: pg.Pool,
  config: pg.ClientConfig,
  projection: Projection,
  life: Lifetime,
  beforeSchema: BeforeSchema,
  self: string,
  where: string,
): Maintenance {
  const write = eventWriter(projection, self);
  /** Reports progress, and aborts running work when the store is being closed. */
  const between =
    (onProgress?: OnProgress): OnProgress =>
    (progress) => {
      life.check();
      onProgress?.(progress);
    };
  return {
    projections: () =>
      life.during(() =>
        inTransaction(pool, (client) => runLater(projectionStatus(sqlOn(client), projection)), SNAPSHOT),
      ),
    rebuild: ({ names, onProgress } = {}) =>
      life.during(async () => {
        const projectors = projectorsNamed(projection.projectors, names);
        refuseForeignParts(where, await attachedToOurs(sqlOn(pool)));
        return rebuildTables(pool, projection, projectors, between(onProgress));
      }),
    compareTables: ({ stream, onProgress }) =>
      life.during(() =>
        inTransaction(pool, (client) => compareOn(client, projection, stream, between(onProgress)), SNAPSHOT),
      ),
    checkStorage: () => life.during(() => inTransaction(pool, checkStorage, SNAPSHOT)),
    importLog: (events, head, onProgress) =>
      beforeSchema.during(async () => {
        const client = new pg.Client({ ...config, pipeline: false });
        await client.connect();
        try {
          let isNew = false;
          const end = await transactionOn(client, async () => {
            isNew = await beforeSchema.prepare(client);
            return importEvents(client, projection, events, head, self, onProgress);
          });
          if (isNew) beforeSchema.onCreate();
          return end;
        } finally {
          await client.end();
        }
      }),
    extendLog: (events) =>
      life.during(() => inTransaction(pool, (client) => extendEvents(sqlOn(client), write, events))),
    backup: () =>
      life.during(async () => {
        throw new StoreError('NO_BACKUP', 'a PostgreSQL database is backed up by its own tools', {
          hint: 'Use pg_dump or your server’s backups; `audit export` writes the log alone.',
        });
      }),
  };
}

/** Appends events that follow the log's end, with their row changes, or nothing. */
async function extendEvents(
  sql: Sql,
  write: ReturnType<typeof eventWriter>,
  events: readonly StoredEvent[],
): Promise<LogHead> {
  checkFollowing(events, await holdHead(sql));
  if (events.length > 0)
    await write(
      sql,
      events,
      events.map((event) => decodeEvent(event)),
      'in order',
    );
  return readHead(sql);
}
