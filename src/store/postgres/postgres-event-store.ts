import pg from 'pg';
import { allSettled } from '../../lib/all-settled.js';
import type { Clock } from '../../lib/clock.js';
import { shownLocation } from '../../lib/database-url.js';
import { StoreError } from '../../lib/errors.js';
import { newId } from '../../lib/ids.js';
import { readPage } from '../event-page.js';
import type { AppendRequest, EventStore, Projection, Receipt, StoreDescription } from '../event-store.js';
import { lifetime } from '../lifetime.js';
import { runLater } from '../program.js';
import { edgeReads } from '../read/edges.js';
import { readHead } from '../read/log.js';
import { readsOn } from '../read/reads.js';
import { readSize } from '../read/size.js';
import { decideEvents, receiptOfRepeat, timeOf } from '../receipts.js';
import { type Query, type ReadsOf, snapshotOn } from '../snapshot.js';
import { configOf } from './connection.js';
import { storeClosed, translate } from './errors.js';
import { groupCommit } from './group-commit.js';
import { keyReader } from './key.js';
import { createSchema, prepareDatabase } from './open.js';
import { readKnown } from './opening.js';
import { maintenance } from './rebuild/maintenance.js';
import { retrying } from './retry.js';
import { SCHEMA_VERSION } from './schema.js';
import { type Sql, sqlOn } from './sql.js';
import { beginSnapshot, inSnapshot, inTransaction } from './transaction.js';
import { Watch } from './watch.js';

export interface PostgresStoreOptions {
  /** `postgres://USER@HOST:PORT/DATABASE` */
  readonly url: string;
  readonly projection: Projection;
  readonly clock: Clock;
  /** The maximum number of connections. Default: 8. */
  readonly poolSize?: number | undefined;
  /** Whether a missing schema is created. Default: true. */
  readonly create?: boolean | undefined;
  readonly onCreate?: (() => void) | undefined;
}

/** A store on a PostgreSQL server, version 13 or later. It connects on first use and then creates a missing schema. */
export function openPostgresStore(options: PostgresStoreOptions): EventStore {
  const { url, projection, clock, poolSize = 8, create = true, onCreate } = options;
  const config = configOf(url);
  const where = shownLocation(url);
  const pool = new pg.Pool({ ...config, max: poolSize });
  // The user of a lost connection gets its error. This extra event would end the process if it had no listener.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const self = newId();
  const watch = new Watch(config, self);
  const life = lifetime(
    () => storeClosed(where),
    (error) => translate(error, where),
  );
  let prepared: Promise<void> | undefined;

  /** If it fails, the next caller retries. */
  const ready = (): Promise<void> => {
    prepared ??= prepare().catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };
  async function prepare(): Promise<void> {
    const client = await pool.connect();
    try {
      if (await prepareDatabase(client, projection, where, create)) onCreate?.();
    } finally {
      client.release();
    }
  }

  const sql = sqlOn(pool);
  const keyOf = keyReader();
  const commit = groupCommit(pool, where, self, projection, clock, keyOf);
  const during = <T>(run: () => T | Promise<T>): Promise<T> =>
    life.during(async () => {
      await ready(); // fails at once if the server was never reachable; retries if it disappeared later
      return run();
    });
  const beforeSchema = {
    during: life.during,
    prepare: async (client: pg.ClientBase): Promise<boolean> => {
      if (create) return createSchema(client, projection, where);
      await ready();
      return false;
    },
    onCreate: () => onCreate?.(),
  };
  const reads = readsOn(sql);
  /** A single statement needs no transaction. A rebuild that swaps tables may abort it, and so may a server restart. */
  const now = <T>(read: (all: ReadsOf) => T | Promise<T>): Promise<T> =>
    during(() => retrying(async () => read(reads)));
  const appendTogether = async (requests: readonly AppendRequest[]): Promise<readonly Receipt[]> => {
    const receipts = await during(() => commit(requests));
    if (receipts.some(({ events }) => events > 0)) watch.notify();
    return receipts;
  };

  return {
    append: async (request) => (await appendTogether([request]))[0] as Receipt,
    appendTogether,
    preview: (request) =>
      during(() =>
        inTransaction(
          pool,
          async (client) => {
            const on = sqlOn(client);
            const [{ earlier, facts }, key] = await allSettled([readKnown(on, request), request.identity && keyOf(on)]);
            if (receiptOfRepeat(request, facts, earlier, key)) return [];
            return runLater(decideEvents(request, facts, (stream) => edgeReads(on, stream), timeOf(request, clock)));
          },
          beginSnapshot(),
        ),
      ),
    read: (query) => during(() => retrying(() => readAtOnce(pool, query))),
    head: () => now((reads) => reads.head()),
    events: (filter) => now((reads) => reads.events(filter)),
    page: (filter) => now((reads) => runLater(readPage(snapshotOn(reads), filter))),
    onAppend: (listener) => {
      life.check();
      return watch.add(listener);
    },
    size: (of, most) => during(() => retrying(async () => readSize(sql, of, most))),
    checkpoints: () => now((reads) => reads.checkpoints()),
    describe: () => during(() => retrying(() => describe(sql, where, clock))),

    ...maintenance(pool, config, projection, { ...life, during }, beforeSchema, self, where),

    close: async () => {
      await life.end();
      watch.close();
      await pool.end().catch((error: unknown) => {
        if (!/more than once/.test(String((error as Error).message))) throw translate(error, where);
      });
    },
  };
}

function readAtOnce<T>(pool: pg.Pool, query: Query<T>): Promise<T> {
  const begun = performance.now();
  return inSnapshot(pool, (client) =>
    runLater(query(snapshotOn(readsOn(sqlOn(client)))), () => {
      if (performance.now() - begun > LONGEST_READ) throw readTooLong();
    }),
  );
}

/** The maximum lifetime of a snapshot in milliseconds: the server keeps every row that the snapshot can see. */
const LONGEST_READ = 5_000;

const readTooLong = (): StoreError =>
  new StoreError('READ_TOO_LONG', `a read was not complete after ${LONGEST_READ / 1_000} s and was ended`, {
    hint: 'Try again when the server has less to do, or ask for less at once.',
  });

const COUNTS = `
SELECT (SELECT count(*) FROM stack_rows WHERE deleted_at IS NULL) AS stacks,
       (SELECT count(*) FROM lock_rows WHERE expires_at > $1) AS locks,
       (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace) AS bytes,
       current_setting('server_version') AS engine, current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes`;

async function describe(sql: Sql, location: string, clock: Clock): Promise<StoreDescription> {
  const row = (await sql.get<Record<string, string>>(COUNTS, [clock.now()])) as Record<string, string>;
  const { stacks, locks, bytes, engine, ...settings } = row;
  return {
    kind: 'postgres',
    location,
    engine: `PostgreSQL ${engine}`,
    schemaVersion: SCHEMA_VERSION,
    settings,
    bytes: Number(bytes),
    events: (await readHead(sql)).position,
    stacks: Number(stacks),
    locks: Number(locks),
  };
}
