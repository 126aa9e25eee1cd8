import pg from 'pg';
import type { Clock } from '../../lib/clock.js';
import { shownLocation } from '../../lib/database-url.js';
import { newId } from '../../lib/ids.js';
import { readLater } from '../edge-query.js';
import type { AppendRequest, EventStore, Projection, Receipt, StoreDescription } from '../event-store.js';
import { lifetime } from '../lifetime.js';
import { decideEvents, receiptOfRepeat, timeOf } from '../receipts.js';
import { configOf } from './connection.js';
import { storeClosed, translate } from './errors.js';
import { groupCommit } from './group-commit.js';
import { keyReader } from './key.js';
import { prepareDatabase } from './open.js';
import { readDrift, readDrifted, readDriftRules, readExecutions, readLock, readTags } from './read/annotations.js';
import { commitOfCommand, commitOfVersion, commitsOf, momentAt, snapshotsOf, touchedBetween } from './read/commits.js';
import { linkReads } from './read/edges.js';
import { readFacts } from './read/facts.js';
import { readCheckpoints, readEvents, readHead } from './read/log.js';
import { dependenciesAt, edgesAt, edgesOf, outputsAt, outputsOf } from './read/outputs.js';
import { nodesAt, resourceHistory, resourcesAt, resourcesOf, slotsById } from './read/resources.js';
import { findStack, findStackOfName, listStacks, readDocument } from './read/stacks.js';
import { maintenance } from './rebuild/maintenance.js';
import { retrying } from './retry.js';
import { SCHEMA_VERSION } from './schema.js';
import { allSettled, type Sql, sqlOn } from './sql.js';
import { inTransaction } from './transaction.js';
import { Watch } from './watch.js';

export interface PostgresStoreOptions {
  /** `postgres://USER@HOST:PORT/DATABASE` */
  readonly url: string;
  readonly projection: Projection;
  readonly clock: Clock;
  /** Connections at most. Default: 8. */
  readonly poolSize?: number | undefined;
  /** Whether the schema is laid down where there is none. Default: true. */
  readonly create?: boolean | undefined;
  readonly onCreate?: (() => void) | undefined;
}

/**
 * A store on a PostgreSQL server, 13 or later. The connection is made when it is first used, and the schema laid down
 * where there is none.
 */
export function openPostgresStore(options: PostgresStoreOptions): EventStore {
  const { url, projection, clock, poolSize = 8, create = true, onCreate } = options;
  const config = configOf(url);
  const where = shownLocation(url);
  const pool = new pg.Pool({ ...config, max: poolSize });
  // A connection that is lost is told to whoever uses it; these events come beside that, and end the process unheard.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const self = newId();
  const watch = new Watch(config, self);
  const life = lifetime(
    () => storeClosed(where),
    (error) => translate(error, where),
  );
  let prepared: Promise<void> | undefined;

  /** Tried again by the next one who asks, where it fails. */
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
      await ready(); // a server that was never there is told at once; one that went is waited for
      return run();
    });
  /** A swap of tables by a rebuild may break a read off as well as a server that restarts. */
  const read = <T>(query: (on: Sql) => Promise<T>): Promise<T> => during(() => retrying(() => query(sql)));
  const appendTogether = async (requests: readonly AppendRequest[]): Promise<readonly Receipt[]> => {
    const receipts = await during(() => commit(requests));
    if (receipts.some(({ events }) => events > 0)) watch.tell();
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
            const [{ earlier, facts }, key] = await allSettled([readFacts(on, request), request.identity && keyOf(on)]);
            if (receiptOfRepeat(request, facts, earlier, key)) return [];
            return readLater(decideEvents(request, facts, (stream) => linkReads(on, stream), timeOf(request, clock)));
          },
          'BEGIN ISOLATION LEVEL REPEATABLE READ',
        ),
      ),
    head: () => read(readHead),
    events: (filter) => read((on) => readEvents(on, filter)),
    onAppend: (listener) => {
      life.check();
      return watch.add(listener);
    },
    checkpoints: () => read(readCheckpoints),
    describe: () => read((on) => describe(on, where, clock)),

    stack: (ref, { deleted = false } = {}) => read((on) => findStack(on, ref, deleted)),
    stackOfName: (name, { deleted = false } = {}) => read((on) => findStackOfName(on, name, deleted)),
    stacks: (filter) => read((on) => listStacks(on, filter, clock.now())),
    document: (stream, version) => read((on) => readDocument(on, stream, version)),
    resource: (stream, address, version) =>
      read(async (on) => (await resourcesOf(on, stream, [address], version)).get(address)),
    resourceAddress: (stream, id) =>
      read(async (on) => {
        const slot = (await slotsById(on, [id])).get(id);
        return slot?.stream === stream ? slot.address : undefined;
      }),
    resources: (stream, version, page) => read((on) => resourcesAt(on, stream, version, page)),
    resourceHistory: (stream, address) => read((on) => resourceHistory(on, stream, address)),
    outputs: (stream, version) => read((on) => outputsAt(on, stream, version)),
    output: (stream, name, version) => read(async (on) => (await outputsOf(on, stream, [name], version)).get(name)),
    dependency: (stream, edge, version) => read(async (on) => (await edgesOf(on, stream, [edge], version))[0]),
    dependencies: (stream, version) => read((on) => dependenciesAt(on, stream, version)),
    nodes: (stream, version) => read((on) => nodesAt(on, stream, version)),
    edges: (stream, version) => read((on) => edgesAt(on, stream, version)),
    touched: (stream, from, to) => read((on) => touchedBetween(on, stream, from, to)),

    commit: (stream, version) => read((on) => commitOfVersion(on, stream, version)),
    commitOf: (commandId) => read((on) => commitOfCommand(on, commandId)),
    commits: (stream, filter = {}) => read((on) => commitsOf(on, stream, filter)),
    moment: (stream, at) => read((on) => momentAt(on, stream, at)),
    snapshots: (stream) => read((on) => snapshotsOf(on, stream)),
    executions: (stream, limit) => read((on) => readExecutions(on, stream, limit)),
    lock: (stream) => read((on) => readLock(on, stream)),
    tags: (stream) => read((on) => readTags(on, stream)),
    drifted: (stream) => read((on) => readDrifted(on, stream)),
    drift: (stream) => read((on) => readDrift(on, stream)),
    driftRules: (stream) => read((on) => readDriftRules(on, stream)),

    ...maintenance(pool, config, projection, { ...life, during }, self, where),

    close: async () => {
      await life.end();
      watch.close();
      await pool.end().catch((error: unknown) => {
        if (!/more than once/.test(String((error as Error).message))) throw translate(error, where);
      });
    },
  };
}

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
