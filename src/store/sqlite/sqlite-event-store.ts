import { statSync } from 'node:fs';
import type { Clock } from '../../lib/clock.js';
import { codeOf, type StoreError } from '../../lib/errors.js';
import { readPage } from '../event-page.js';
import type { AppendRequest, EventStore, Projection, Receipt, StoreDescription } from '../event-store.js';
import { lifetime } from '../lifetime.js';
import type { OnProgress } from '../maintenance.js';
import { atOnce, type Eventual, runNow } from '../program.js';
import { earlierCommits } from '../read/commits.js';
import { edgeReads } from '../read/edges.js';
import { readsOn } from '../read/reads.js';
import { readSize } from '../read/size.js';
import { decideEvents, receiptOfRepeat, timeOf } from '../receipts.js';
import { type Query, type ReadsOf, snapshotOn } from '../snapshot.js';
import { type Appender, appender, PartialWrite } from './append.js';
import { storeClosed, translate } from './errors.js';
import { existingKey } from './key.js';
import { factsNow, headNow } from './now.js';
import { type Connection, mayWrite, openConnection } from './open.js';
import { maintenance } from './rebuild/maintenance.js';
import { type Statements, statementCache } from './statements.js';
import { commitFailed, type WriteFault, writeFault } from './write-fault.js';

export interface SqliteStoreOptions {
  /** A file path, or `:memory:`. */
  readonly path: string;
  readonly projection: Projection;
  readonly clock: Clock;
  /** The maximum size of the page cache in KiB. Default: 64 MiB. */
  readonly cacheKiB?: number | undefined;
  /** Called while a file of an earlier schema is upgraded. */
  readonly onProgress?: OnProgress | undefined;
  /** Whether a missing file is created. Default: true. */
  readonly create?: boolean | undefined;
  readonly onCreate?: (() => void) | undefined;
  /** Called after a failed write, when this store accepts no further changes. */
  readonly onWritesStopped?: ((error: StoreError) => void) | undefined;
}

/** The poll interval for commits of other processes, in milliseconds. */
const POLL_INTERVAL = 100;

interface Waiting {
  readonly requests: readonly AppendRequest[];
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A connection, and the objects that live as long as it. */
interface Session {
  readonly db: Connection;
  readonly sql: Statements;
  readonly reads: ReadsOf;
  readonly read: <T>(query: Query<T>) => T;
  readonly commit: (requests: readonly AppendRequest[]) => Promise<readonly Receipt[]>;
}

/** @throws StoreError for a path that cannot be opened or is not a database of ours */
export function openSqliteStore(options: SqliteStoreOptions): EventStore {
  const { path, projection, clock } = options;
  const fault = writeFault(path, options.onWritesStopped);
  const begin = (): Session => {
    const db = openConnection(path, options);
    try {
      registerProjectors(db, projection);
    } catch (error) {
      db.close();
      throw translate(error, path);
    }
    const sql = statementCache(db);
    const reads = readsOn(sql);
    return {
      db,
      sql,
      reads,
      read: reader(db, reads),
      commit: groupCommit(db, path, appender(db, sql, projection, clock), fault),
    };
  };
  let session: Session | undefined = begin();
  const current = (): Session => (session ??= begin());
  /** If a file was read-only for this user and is writable now, SQLite must open it again. */
  const reopen = (error: unknown): boolean => {
    if (codeOf(error) !== 'READ_ONLY' || !mayWrite(path)) return false;
    session?.db.close();
    session = undefined;
    return true;
  };
  const watch = watcher(() => session);
  const life = lifetime(
    () => storeClosed(path),
    (error) => translate(error, path),
    () => session !== undefined && !session.db.open,
  );
  const appendTogether = async (requests: readonly AppendRequest[]): Promise<readonly Receipt[]> => {
    const receipts = await life.during(() =>
      current()
        .commit(requests)
        .catch((error: unknown) => {
          if (reopen(error)) return current().commit(requests);
          throw error;
        }),
    );
    if (receipts.some(({ events }) => events > 0)) watch.notify();
    return receipts;
  };
  const now = <T>(read: (reads: ReadsOf) => Eventual<T>): Promise<T> => life.during(() => read(current().reads));

  return {
    append: async (request) => (await appendTogether([request]))[0] as Receipt,
    appendTogether,
    preview: (request) =>
      life.during(() => {
        const { db, sql } = current();
        return db.transaction(() => {
          const { identity, commandId, keys } = request;
          const earlier = identity ? atOnce(earlierCommits(sql, commandId, identity.principal)) : [];
          const facts = factsNow(sql, keys);
          if (receiptOfRepeat(request, facts, earlier, existingKey(sql))) return [];
          const now = timeOf(request, clock);
          return runNow(decideEvents(request, facts, (stream) => edgeReads(sql, stream), now));
        })();
      }),
    read: (query) => life.during(() => current().read(query)),
    head: () => now((reads) => reads.head()),
    events: (filter) => now((reads) => reads.events(filter)),
    page: (filter) => life.during(() => current().read((s) => readPage(s, filter))),
    onAppend: (listener) => {
      life.check();
      return watch.add(listener);
    },
    size: (of, most) => life.during(() => readSize(current().sql, of, most)),
    checkpoints: () => now((reads) => reads.checkpoints()),
    describe: () => life.during(() => describe(current().db, current().sql, path, clock)),

    ...maintenance(current, path, projection, life, fault),

    close: async () => {
      await life.end();
      session?.db.close();
    },
  };
}

/**
 * Runs each query synchronously in one read transaction: no other work of this process runs in between, and commits of
 * other processes are invisible.
 */
function reader(db: Connection, reads: ReadsOf): <T>(query: Query<T>) => T {
  const snapshot = snapshotOn(reads);
  const read = db.transaction((query: Query<unknown>) => runNow(query(snapshot)));
  return <T>(query: Query<T>) => read(query) as T;
}

/**
 * Commits all queued commands in one transaction: with full sync the cost is the disk flush, and one flush serves them all.
 * Grouped commands run under a savepoint; a single one needs none, because it is refused before anything is written. If a
 * write fails, each is retried in its own transaction. Nothing resolves before COMMIT.
 */
function groupCommit(db: Connection, path: string, { begin, run, runTogether, end }: Appender, fault: WriteFault) {
  let waiting: Waiting[] = [];

  const runOne = db.transaction((requests: readonly AppendRequest[]) => {
    begin();
    const receipts = requests.map(run);
    end();
    return receipts;
  });
  const runAll = db.transaction((group: readonly Waiting[]): (() => void)[] => {
    begin();
    const outcomes = group.map(({ requests, resolve, reject }) => {
      try {
        const [only] = requests;
        const receipts = only && requests.length === 1 ? [run(only)] : runTogether(requests);
        return () => resolve(receipts);
      } catch (error) {
        if (!db.inTransaction || error instanceof PartialWrite) throw error;
        return () => reject(translate(error, path));
      }
    });
    end();
    return outcomes;
  });
  const flush = (group: readonly Waiting[]): void => {
    const [only] = group as [Waiting];
    try {
      fault.check();
      if (group.length === 1) only.resolve(runOne.immediate(only.requests));
      else for (const settle of runAll.immediate(group)) settle();
    } catch (error) {
      const cause = causeOf(error);
      if (fault.note(cause)) for (const { reject } of group) reject(commitFailed(path, cause));
      else if (group.length > 1 && error instanceof PartialWrite) for (const one of group) flush([one]);
      else for (const { reject } of group) reject(translate(cause, path));
    }
  };
  const flushNow = (): void => {
    const group = waiting;
    waiting = [];
    flush(group);
  };
  return (requests: readonly AppendRequest[]): Promise<readonly Receipt[]> =>
    new Promise((resolve, reject) => {
      if (waiting.push({ requests, resolve, reject }) === 1) setImmediate(flushNow);
    });
}

const REGISTER = 'INSERT INTO projection_checkpoints (name, version, position) VALUES (?, ?, ?)';
const IS_NEW = `
SELECT NOT EXISTS (SELECT 1 FROM projection_checkpoints) AND NOT EXISTS (SELECT 1 FROM events)`;

/** In a new database every projector is at the beginning of the log. */
function registerProjectors(db: Connection, projection: Projection): void {
  const isNew = db.prepare(IS_NEW).pluck();
  if (isNew.get() === 0) return;
  db.transaction(() => {
    if (isNew.get() === 0) return;
    const register = db.prepare(REGISTER);
    for (const { name, version } of projection.projectors) register.run(name, version, 0);
  }).immediate();
}

const causeOf = (error: unknown): unknown => (error instanceof PartialWrite ? error.cause : error);

/**
 * Own commits call listeners at once. Commits of other processes are detected by SQLite's change counter, which one timer
 * polls while there are listeners. If it cannot be read, the listeners are called, read the log and get the error
 * themselves.
 */
function watcher(current: () => Session | undefined) {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let seen: number | undefined;
  const dataVersion = () => current()?.sql('PRAGMA data_version').pluck().get() as number | undefined;
  const notify = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const look = (): void => {
    if (!current()?.db.open) return;
    try {
      const now = dataVersion();
      if (now === seen) return;
      seen = now;
    } catch {
      seen = undefined;
    }
    notify();
  };
  return {
    notify,
    add: (listener: () => void): (() => void) => {
      listeners.add(listener);
      if (timer === undefined) {
        seen = dataVersion();
        timer = setInterval(look, POLL_INTERVAL);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

const COUNTS = `
SELECT (SELECT count(*) FROM stack_rows WHERE deleted_at IS NULL) AS stacks,
       (SELECT count(*) FROM lock_rows WHERE expires_at > ?) AS locks`;

function describe(db: Connection, sql: Statements, path: string, clock: Clock): StoreDescription {
  const pragma = (name: string) => db.pragma(name, { simple: true }) as string | number;
  const { stacks, locks } = sql(COUNTS).get(clock.now()) as { stacks: number; locks: number };
  const size = (file: string): number =>
    path === ':memory:' ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  return {
    kind: 'sqlite',
    location: path,
    engine: `SQLite ${sql('SELECT sqlite_version()').pluck().get()}`,
    schemaVersion: pragma('user_version') as number,
    settings: {
      journal_mode: pragma('journal_mode'),
      synchronous: ['OFF', 'NORMAL', 'FULL', 'EXTRA'][pragma('synchronous') as number] ?? 'unknown',
      busy_timeout_ms: pragma('busy_timeout'),
      page_size: pragma('page_size'),
    },
    bytes:
      path === ':memory:'
        ? (pragma('page_count') as number) * (pragma('page_size') as number)
        : size(path) + size(`${path}-wal`),
    events: headNow(sql).position,
    stacks,
    locks,
  };
}
