import type { Statement } from 'better-sqlite3';
import { checkChain, GENESIS_HASH, type LogHead, type StoredEvent } from '../../events/index.js';
import { IntegrityError } from '../../lib/errors.js';
import { pause } from '../../lib/pause.js';
import { openSqlite } from '../../lib/sqlite.js';
import type { Projection } from '../event-store.js';
import type { OnProgress } from '../maintenance.js';
import { EVENT } from '../read/log.js';
import { TABLE_KEYS, TABLE_NAMES, type TableName } from '../tables.js';
import { translate } from './errors.js';
import { headNow } from './now.js';
import type { Connection } from './open.js';
import { changeBatches } from './rebuild/batches.js';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js';
import { type Statements, statementCache } from './statements.js';

export interface ScriptOptions {
  /** The required head of the target's log before the script; position 0 for an empty target. */
  readonly from: Pick<LogHead, 'position' | 'hash'>;
  /** Remarks about the source for the first lines. */
  readonly about: readonly string[];
  readonly onProgress?: OnProgress;
}

/** Takes the next piece of the script. If it returns a promise, the next piece follows when that resolves. */
export type ScriptSink = (text: string) => void | Promise<void>;

/** The maximum number of rows and characters of one statement; a larger row has its own statement. */
const STATEMENT_ROWS = 100;
const STATEMENT_SIZE = 1 << 20;
/** How long the script waits for another process's transaction, in milliseconds. */
const TIMEOUT = 30_000;

const EVENTS = `SELECT ${EVENT} FROM events WHERE position > ? ORDER BY position`;
/** In the order of the columns in {@link EVENT}. */
const INSERT_EVENTS = `INSERT INTO events
  (position, stream, revision, version, type, schema_version, data, meta, recorded_at, command_id, hash) VALUES`;
const NEXT_OF_ANOTHER_STREAM =
  'SELECT position FROM events WHERE position > ? AND stream <> ? ORDER BY position LIMIT 1';
const STACK = 'SELECT name, id FROM stack_rows WHERE stream = ?';
/** The objects of a new file: no statistics, no running rebuild. */
const OBJECTS =
  "FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' AND tbl_name NOT GLOB 'rebuild_*'";

/**
 * Writes SQL for the sqlite3 program that brings a database whose log ends at `from`, or a new file if that is position 0,
 * to the content of the one at `path`: events with their hashes, and the current rows that they changed. On any other
 * database the script fails by itself and changes nothing. Memory does not grow with the log.
 * @param path a database file of this release without a writer
 * @throws IntegrityError `LOG_BROKEN` if the log does not continue from `from` or is invalid
 */
export async function writeScript(
  path: string,
  projection: Projection,
  write: ScriptSink,
  { from, about, onProgress = () => {} }: ScriptOptions,
): Promise<LogHead> {
  let db: Connection | undefined;
  try {
    db = openSqlite(path, { readonly: true, fileMustExist: true });
    db.pragma('temp_store = FILE'); // the keys of all rows may be larger than memory
    db.exec('BEGIN');
    const sql = statementCache(db);
    const head = headNow(sql);
    const parts = [
      opening(db, projection, from, head, about),
      eventsAfter(sql, from, head, onProgress),
      changedRows(db, sql, projection, from, head, onProgress),
      ending(projection, head),
    ];
    for (const part of parts) {
      for (const text of part) {
        if (text !== '') await write(text);
        await pause();
      }
    }
    return head;
  } catch (error) {
    throw translate(error, path);
  } finally {
    db?.close();
  }
}

/** The first part: the guards, and the schema for an empty target. */
function* opening(
  db: Connection,
  projection: Projection,
  from: ScriptOptions['from'],
  head: LogHead,
  about: readonly string[],
): Generator<string> {
  const empty = from.position === 0;
  yield comment(
    ...about,
    '',
    `Brings a database from event ${from.position} (hash ${from.hash})`,
    `to event ${head.position} (hash ${head.hash}).`,
    ...(empty ? ['The database may be one without events, or a file that does not exist yet.'] : []),
    'Values that tables hide as sensitive stand here in the clear.',
    'It is carried out whole, or refused and nothing is changed. Run it with the sqlite3 program, 3.38 or later:',
    '',
    '  (umask 077; sqlite3 DATABASE < THIS_FILE)',
    '',
    'No other program may have the database open meanwhile: sqlite3 before 3.51.3 can lose its commits.',
    '',
    'and prove it:',
    '',
    '  sloth-runner audit verify --db DATABASE',
  );
  yield `.bail on\n.timeout ${TIMEOUT}\nPRAGMA synchronous = FULL;\nBEGIN IMMEDIATE;\n\n`;

  const checkpoints = projection.projectors.map(({ name, version }) => [name, version, from.position]);
  const objects = db.prepare(`SELECT count(*) ${OBJECTS}`).pluck().get();
  yield comment('Refuses a database that this does not go on from.');
  yield guardTable({
    target: empty
      ? `the target must be a new file, or a database of schema ${SCHEMA_VERSION} without events`
      : `the target must be a database of schema ${SCHEMA_VERSION}: open it with this release first`,
    log: `the target must stand at event ${from.position}, hash ${from.hash}`,
    tables: `the tables of the target must be those of this release at event ${from.position}`,
    objects: 'the target must not hold other tables, views or indexes than a new one',
  });
  const identity =
    '(SELECT application_id FROM pragma_application_id),\n  (SELECT user_version FROM pragma_user_version)';
  const isOurs = `(${identity}) = (${APPLICATION_ID}, ${SCHEMA_VERSION})`;
  const isNew = `(${identity}, (SELECT count(*) FROM sqlite_schema)) = (0, 0, 0)`;
  yield guard('target', empty ? `${isOurs}\n  OR ${isNew}` : isOurs);
  if (empty) {
    yield '\n';
    for (const text of db.prepare(`SELECT sql ${OBJECTS} ORDER BY rowid`).pluck().iterate() as Iterable<string>) {
      yield `${text.replace(/^CREATE (UNIQUE )?(TABLE|INDEX|VIEW|TRIGGER) /, '$&IF NOT EXISTS ')};\n`;
    }
    yield `PRAGMA application_id = ${APPLICATION_ID};\nPRAGMA user_version = ${SCHEMA_VERSION};\n`;
    yield* statements('INSERT OR IGNORE INTO projection_checkpoints (name, version, position) VALUES', checkpoints);
  }
  const last = "(SELECT position || ' ' || hash FROM events ORDER BY position DESC LIMIT 1)";
  yield guard('log', `coalesce(${last}, '0 ${GENESIS_HASH}') = '${from.position} ${from.hash}'`);
  if (empty) yield guard('objects', `(SELECT count(*) ${OBJECTS}) = ${objects}`);
  const built = `(name, version, position) IN (VALUES ${checkpoints.map(tuple).join(', ')})`;
  yield guard('tables', `(SELECT count(*) FROM projection_checkpoints WHERE ${built}) = ${checkpoints.length}`);
  yield 'DROP TABLE temp.script_guard;\n';
}

/**
 * SQL has no IF: a row that violates a constraint ends the transaction, and the constraint's name is what the user reads.
 */
const guardTable = (guards: Readonly<Record<string, string>>): string =>
  `CREATE TEMP TABLE script_guard (\n${Object.entries(guards)
    .map(([column, message]) => `  ${column} INTEGER DEFAULT 1 CONSTRAINT "${message}" CHECK (${column} IS 1)`)
    .join(',\n')}\n);\n`;

const guard = (column: string, condition: string): string =>
  `INSERT OR ROLLBACK INTO script_guard (${column}) SELECT\n  ${condition};\n`;

/** The events, with consecutive ones of one stack under its name. Each is checked against the chain. */
function* eventsAfter(
  sql: Statements,
  from: ScriptOptions['from'],
  head: LogHead,
  onProgress: OnProgress,
): Generator<string> {
  const total = head.position - from.position;
  const chain = checkChain(from);
  const rows = sql(EVENTS).iterate(from.position) as IterableIterator<StoredEvent>;
  let event = rows.next();
  try {
    while (!event.done) {
      const { stream, position } = event.value;
      const next = (sql(NEXT_OF_ANOTHER_STREAM).pluck().get(position, stream) as number) ?? head.position + 1;
      const { name, id } = (sql(STACK).get(stream) as { name: string; id: string }) ?? { name: '', id: `${stream}` };
      yield `\n${comment(`stack ${name} (${id}): events ${position} to ${next - 1}`)}`;
      for (const statement of statements(INSERT_EVENTS, ofStream(stream))) {
        yield statement;
        onProgress({ step: 'writing events', done: chain.position - from.position, total });
      }
    }
  } finally {
    rows.return?.();
  }
  if (chain.position !== head.position || chain.hash !== head.hash) {
    throw broken(chain.position, 'the log does not go on from there');
  }

  function* ofStream(stream: number): Generator<readonly unknown[]> {
    for (; !event.done && event.value.stream === stream; event = rows.next()) {
      const problem = chain.next(event.value);
      if (problem) throw broken(problem.position, `${problem.field} is ${problem.actual}, must be ${problem.expected}`);
      yield Object.values(event.value);
    }
  }
}

const broken = (position: number, problem: string): IntegrityError =>
  new IntegrityError('LOG_BROKEN', `event ${position}: ${problem}`, {
    hint: 'The log is damaged; see what is wrong with: sloth-runner audit verify',
    details: { position },
  });

/**
 * The rows that the events changed, each once, with their final content. The events are projected again to find the keys;
 * the script contains only rows of the database.
 * REPLACE deletes a row that conflicts in a unique index other than the key: two stacks may have swapped their names. Any
 * order is correct: a deleted row does not have its final content, so it is among the changed rows and is written too.
 */
function* changedRows(
  db: Connection,
  sql: Statements,
  projection: Projection,
  from: ScriptOptions['from'],
  head: LogHead,
  onProgress: OnProgress,
): Generator<string> {
  const keep = keepChangedKeys(db);
  const total = head.position - from.position;
  for (const { changes, last } of changeBatches(sql, projection, { after: from.position, upTo: head.position })) {
    for (const change of changes) keep(change.table, change.op === 'put' ? change.row : change.key);
    onProgress({ step: 'finding rows', done: last - from.position, total });
    yield ''; // other work gets a turn
  }
  for (const [index, table] of TABLE_NAMES.entries()) {
    onProgress({ step: 'writing rows', done: index, total: TABLE_NAMES.length });
    if (db.prepare(`SELECT 1 FROM temp.touched_${table} LIMIT 1`).get() === undefined) continue;
    const keys: readonly string[] = TABLE_KEYS[table];
    const same = keys.map((key) => `t.${key} = k.${key}`).join(' AND ');
    const order = `ORDER BY ${keys.map((key) => `k.${key}`).join(', ')}`;
    // The first column of every key is the position of an event, so rows of later events did not exist before.
    const gone = db.prepare(`SELECT k.* FROM temp.touched_${table} k WHERE k.${keys[0]} <= ${from.position}
      AND NOT EXISTS (SELECT 1 FROM main.${table} t WHERE ${same}) ${order}`);
    const there = db.prepare(`SELECT t.* FROM temp.touched_${table} k CROSS JOIN main.${table} t ON ${same} ${order}`);
    const columns = there.columns().map(({ name }) => name);
    yield `\n${comment(`table ${table}`)}`;
    yield* statements(`DELETE FROM ${table} WHERE (${keys.join(', ')}) IN (VALUES`, rowsOf(gone), ')');
    yield* statements(`REPLACE INTO ${table} (${columns.join(', ')}) VALUES`, rowsOf(there));
  }
}

const rowsOf = (select: Statement): Iterable<readonly unknown[]> =>
  select.raw().iterate() as Iterable<readonly unknown[]>;

/** Keeps the keys of rows in temporary tables. */
function keepChangedKeys(db: Connection): (table: TableName, row: object) => void {
  const inserts = {} as Record<TableName, Statement>;
  for (const table of TABLE_NAMES) {
    const keys: readonly string[] = TABLE_KEYS[table];
    const columns = keys.join(', ');
    db.exec(`CREATE TEMP TABLE touched_${table} (${columns}, PRIMARY KEY (${columns})) WITHOUT ROWID`);
    const values = keys.map((key) => `:${key}`).join(', ');
    inserts[table] = db.prepare(`INSERT OR IGNORE INTO temp.touched_${table} VALUES (${values})`);
  }
  return (table, row) => inserts[table].run(row);
}

function* ending({ projectors }: Projection, head: LogHead): Generator<string> {
  const names = projectors.map(({ name }) => literal(name)).join(', ');
  yield `\nUPDATE projection_checkpoints SET position = ${head.position} WHERE name IN (${names});\n`;
  yield 'COMMIT;\nPRAGMA journal_mode = WAL;\n';
}

/** As few statements as the limits allow; none without rows. */
function* statements(begin: string, rows: Iterable<readonly unknown[]>, end = ''): Generator<string> {
  let lines: string[] = [];
  let size = 0;
  const statement = (): string => `${begin}\n${lines.join(',\n')}${end};\n`;
  for (const row of rows) {
    const line = tuple(row);
    if (lines.length === STATEMENT_ROWS || (lines.length > 0 && size + line.length > STATEMENT_SIZE)) {
      yield statement();
      lines = [];
      size = 0;
    }
    lines.push(line);
    size += line.length;
  }
  if (lines.length > 0) yield statement();
}

const tuple = (values: readonly unknown[]): string => `(${values.map(literal).join(', ')})`;

const CONTROL = /\p{Cc}/gu;
const escaped = (text: string): string =>
  text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One line for each, without line breaks that could end the comment. */
const comment = (...lines: readonly string[]): string =>
  lines
    .map((line) => `-- ${escaped(line)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');

/**
 * A value as SQL. The sqlite3 program removes a carriage return before a line feed, and terminals act on control
 * characters, so none is written as it is: a text that contains some is written as JSON text, which SQLite parses. JSON
 * would end at a NUL, so such a text is written as bytes.
 */
function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return String(value);
  if (value.includes('\0')) return `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`;
  if (value.search(CONTROL) < 0) return quoted(value);
  return `(${quoted(escaped(JSON.stringify(value)))} ->> '$')`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
