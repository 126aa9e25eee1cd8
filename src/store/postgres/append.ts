import type pg from 'pg';
import type { LogHead, RecordedEvent, StoredEvent, UnknownEvent } from '../../events/index.js';
import type { Clock } from '../../kernel/clock.js';
import { IntegrityError, StoreError } from '../../kernel/errors.js';
import type { AppendRequest, Projection, Receipt } from '../event-store.js';
import { readLater } from '../links.js';
import { decideEvents, receiptAgain, recordDecided, timeOf } from '../receipts.js';
import { commitOfCommand } from './read/commits.js';
import { firstFacts, readFacts } from './read/facts.js';
import { linkReads } from './read/links.js';
import { writeRows } from './rows.js';
import { type Sql, sqlOn } from './sql.js';

/** Whoever appends holds the row that says where the log ends, until COMMIT. */
const HOLD_HEAD = 'SELECT position, hash, recorded_at AS "recordedAt" FROM log_head FOR UPDATE';
const MOVE_HEAD = 'UPDATE log_head SET position = $1, hash = $2, recorded_at = $3';
const CHANNEL = 'sloth_events';
const NOTIFY = `SELECT pg_notify('${CHANNEL}', $1)`;
export const LISTEN = `LISTEN ${CHANNEL}`;

const COLUMNS = [
  ['position', 'bigint'],
  ['stream', 'bigint'],
  ['revision', 'bigint'],
  ['version', 'bigint'],
  ['type', 'text'],
  ['schema_version', 'bigint'],
  ['data', 'text'],
  ['meta', 'text'],
  ['recorded_at', 'text'],
  ['command_id', 'text'],
  ['hash', 'text'],
] as const;
const NAMES = COLUMNS.map(([name]) => name).join(', ');
const INSERT_EVENTS = `
INSERT INTO events (${NAMES})
SELECT ${NAMES} FROM unnest(${COLUMNS.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')}) v (${NAMES})`;

export async function insertEvents(sql: Sql, events: readonly StoredEvent[]): Promise<void> {
  if (events.length === 0) return;
  const column = (name: keyof StoredEvent) => events.map((event) => event[name]);
  await sql.all(INSERT_EVENTS, [
    column('position'),
    column('stream'),
    column('revision'),
    column('version'),
    column('type'),
    column('schemaVersion'),
    column('data'),
    column('meta'),
    column('recordedAt'),
    column('commandId'),
    column('hash'),
  ]);
}

export const moveHead = (sql: Sql, { position, hash, recordedAt }: LogHead) =>
  sql.all(MOVE_HEAD, [position, hash, recordedAt]);

/** Moves nothing that another release built, or that lags behind. */
const MOVE_CHECKPOINTS = `
UPDATE projection_checkpoints c SET position = $1
FROM unnest($3::text[], $4::bigint[]) p (name, version)
WHERE c.position = $2 AND c.name = p.name AND c.version = p.version RETURNING 1`;
const STACK_ID = 'SELECT id FROM stack_rows WHERE stream = $1';

/** Takes the log's end, so that no other writer appends before this transaction ends. */
export async function holdHead(sql: Sql): Promise<LogHead> {
  const head = await sql.get<LogHead>(HOLD_HEAD);
  if (head) return head;
  throw new IntegrityError('SCHEMA_DAMAGED', 'the row that says where the log ends is missing', {
    hint: 'Do not write to the database. Restore a backup and compare it with this one.',
  });
}

/**
 * The work of one command inside an open transaction that holds the log's end: facts, decision, events, projection.
 * Whatever it throws, the caller rolls back to where the command began.
 */
export function appender(projection: Projection, clock: Clock) {
  const write = eventWriter(projection);

  return async (client: pg.ClientBase, request: AppendRequest, held: Promise<LogHead>): Promise<Written> => {
    const sql = sqlOn(client);
    // Asked at once: what is not needed where the command was carried out before is no more than a few rows.
    const [earlier, first] = [commitOfCommand(sql, request.commandId), firstFacts(sql, request.keys)];
    const [commit, before] = await Promise.all([earlier, held, first]);
    if (commit) {
      const stack = await sql.get<{ id: string }>(STACK_ID, [commit.stream]);
      return { receipt: receiptAgain(commit, stack?.id ?? '', request), head: before, written: DONE };
    }
    const facts = await readFacts(sql, request.keys, first);
    const now = timeOf(request, clock);
    const events = await readLater(decideEvents(request, facts, (stream) => linkReads(sql, stream), now));
    const { stored, recorded, receipt } = recordDecided(request, facts, events, before, now);
    if (stored.length === 0) return { receipt, head: before, written: DONE };
    const head = { position: receipt.lastPosition, hash: receipt.hash, recordedAt: receipt.recordedAt };
    const written = write(client, stored, recorded);
    written.catch(() => {}); // it is waited for with COMMIT
    return { receipt, head, written };
  };
}

/** Writes events that follow the log's end, and what they change in the tables, in the transaction that holds it. */
export function eventWriter({ project, projectors }: Projection) {
  const checkpoints = [projectors.map(({ name }) => name), projectors.map(({ version }) => version)];
  const refuseOthers = (moved: readonly unknown[]): void => {
    if (moved.length !== projectors.length) throw tablesNotOurs();
  };

  return (
    client: pg.ClientBase,
    stored: readonly StoredEvent[],
    recorded: readonly (RecordedEvent | UnknownEvent)[],
  ): Promise<unknown> => {
    const sql = sqlOn(client);
    const [first, last] = [stored[0] as StoredEvent, stored[stored.length - 1] as StoredEvent];
    return Promise.all([
      insertEvents(sql, stored),
      writeRows(client, project(recorded)),
      sql.all(MOVE_CHECKPOINTS, [last.position, first.position - 1, ...checkpoints]).then(refuseOthers),
      moveHead(sql, last),
    ]);
  };
}

const DONE: Promise<unknown> = Promise.resolve();

/** What a command came to. It is sent, and holds once `written` resolves. */
export interface Written {
  readonly receipt: Receipt;
  /** The log's end after it. */
  readonly head: LogHead;
  readonly written: Promise<unknown>;
}

/** Tells whoever listens, on COMMIT, that there is something to read, and who says so. */
export const notify = (sql: Sql, self: string) => sql.all(NOTIFY, [self]);

/** Writing on would mix rows of two releases, or rows with a gap in them. */
const tablesNotOurs = (): StoreError =>
  new StoreError('PROJECTIONS_CHANGED', 'the tables were built by another release or do not show the whole log', {
    hint: 'Start again; if it stays so, look at them with: sloth-runner projections status',
  });
