import type { RecordedEvent, StoredEvent, UnknownEvent } from '../../events/index.js';
import type { Projection, ProjectorInfo } from '../event-store.js';
import { GUARD } from './log-end.js';
import { rowValues } from './row-values.js';
import { statementsInAnyOrder, statementsInOrder } from './rows.js';
import { runAll, type Sql, type Statement } from './sql.js';
import { HEAD_MOVED, NOT_STORED, TABLES_CHANGED } from './sqlstates.js';

const CHANNEL = 'sloth_events';
export const LISTEN = `LISTEN ${CHANNEL}`;
/** Notifies subscribers on COMMIT that there are new events, and names the writer. */
const NOTIFY = `SELECT pg_notify('${CHANNEL}', $1)`;
export const notify = (sql: Sql, self: string) => sql.all(NOTIFY, [self]);

/** The columns of an event, each with its type and the field of {@link StoredEvent}. */
export const EVENT_COLUMNS = [
  { name: 'position', type: 'bigint', field: 'position' },
  { name: 'stream', type: 'bigint', field: 'stream' },
  { name: 'revision', type: 'bigint', field: 'revision' },
  { name: 'version', type: 'bigint', field: 'version' },
  { name: 'type', type: 'text', field: 'type' },
  { name: 'schema_version', type: 'bigint', field: 'schemaVersion' },
  { name: 'data', type: 'text', field: 'data' },
  { name: 'meta', type: 'text', field: 'meta' },
  { name: 'recorded_at', type: 'text', field: 'recordedAt' },
  { name: 'command_id', type: 'text', field: 'commandId' },
  { name: 'hash', type: 'text', field: 'hash' },
] as const satisfies readonly { name: string; type: string; field: keyof StoredEvent }[];

const NAMES = EVENT_COLUMNS.map(({ name }) => name).join(', ');
const insertion = (events: readonly StoredEvent[]): Statement => {
  const { from, values } = rowValues(
    EVENT_COLUMNS.map(({ name, type, field }) => ({ name, type, values: events.map((event) => event[field]) })),
  );
  return { text: `INSERT INTO events (${NAMES}) SELECT ${NAMES} FROM ${from} RETURNING 1`, values };
};

/**
 * Moves the log's end, and the checkpoints except those of another release and those that lag behind. The statement locks
 * the tables from its start, so it must not wait for the lock on the log's end: a rebuild that swaps the tables holds that
 * lock and waits for the tables.
 */
const MOVES = `
free AS (SELECT one FROM log_head WHERE position = $4 FOR UPDATE SKIP LOCKED),
head AS (
  UPDATE log_head h SET position = $1, hash = $2, recorded_at = $3 FROM free WHERE h.one = free.one RETURNING 1),
checkpoints AS (
  UPDATE projection_checkpoints c SET position = $1 FROM unnest($5::text[], $6::bigint[]) p (name, version)
  WHERE c.position = $4 AND c.name = p.name AND c.version = p.version RETURNING 1)`;
const GUARDS = `
SELECT ${GUARD}((SELECT count(*) FROM head) = 1, '${HEAD_MOVED}'),
       ${GUARD}((SELECT count(*) FROM p0) = $1 - $4, '${NOT_STORED}'),
       ${GUARD}((SELECT count(*) FROM checkpoints) = cardinality($5::text[]), '${TABLES_CHANGED}'),
       pg_notify('${CHANNEL}', $7)`;

/**
 * One statement that does all parts at the log's end, or nothing.
 * @param parts the first inserts the events and returns a row for each
 */
function atLogEnd(
  stored: readonly StoredEvent[],
  projectors: readonly ProjectorInfo[],
  self: string,
  parts: readonly Statement[],
): Statement {
  const [first, last] = [stored[0] as StoredEvent, stored[stored.length - 1] as StoredEvent];
  const values: unknown[] = [
    last.position,
    last.hash,
    last.recordedAt,
    first.position - 1,
    projectors.map(({ name }) => name),
    projectors.map(({ version }) => version),
    self,
  ];
  let text = `WITH ${MOVES}`;
  for (const [index, part] of parts.entries()) {
    const before = values.length;
    text += `,\np${index} AS (${part.text.replace(/\$(\d+)/g, (_, place) => `$${before + Number(place)}`)})`;
    values.push(...part.values);
  }
  return { text: text + GUARDS, values };
}

export type Order = 'any order' | 'in order';

/**
 * Writes events that follow the log's end, applies their row changes, and notifies subscribers.
 * @param self the payload of this store's notifications
 */
export function eventWriter({ project, projectors }: Projection, self: string) {
  /**
   * If the changes may be applied in any order, it is one statement, which is its own transaction unless one is open. In
   * order it is several statements.
   * @throws an error for which `isMoved` is true if the log ends elsewhere; then nothing is written
   */
  return (
    sql: Sql,
    stored: readonly StoredEvent[],
    recorded: readonly (RecordedEvent | UnknownEvent)[],
    order: Order,
  ): Promise<unknown> => {
    const changes = project(recorded);
    const events = insertion(stored);
    return runAll(
      sql,
      order === 'any order'
        ? [atLogEnd(stored, projectors, self, [events, ...statementsInAnyOrder(changes)])]
        : [atLogEnd(stored, projectors, self, [events]), ...statementsInOrder(changes)],
    );
  };
}
