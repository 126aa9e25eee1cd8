import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { LogHead, StoredEvent } from '../../../events/index.js';
import { checkedLog, refuseFilled } from '../../checked-log.js';
import type { Projection } from '../../event-store.js';
import type { OnProgress } from '../../maintenance.js';
import { readHead } from '../../read/log.js';
import { EVENT_COLUMNS, notify } from '../append.js';
import { holdHead, moveHead } from '../log-end.js';
import { sqlOn } from '../sql.js';
import { NO_TIME_LIMIT } from '../transaction.js';
import { buildTables } from './rebuild.js';

const COPY_EVENTS = `COPY events (${EVENT_COLUMNS.map(({ name }) => name).join(', ')}) FROM STDIN`;
/** The number of events between two progress reports. */
const STEP = 2_000;

/**
 * Imports a whole log into an empty database in the open transaction, with its tables, or nothing.
 * @param client a connection without pipelining, because COPY does not work with it
 */
export async function importEvents(
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
  await pipeline(Readable.from(lines(checkedLog(events, head), head, onProgress)), client.query(copyFrom(COPY_EVENTS)));
  await buildTables(client, projection, onProgress);
  const end = await readHead(sql);
  await moveHead(sql, end);
  await notify(sql, self);
  return end;
}

function* lines(events: Iterable<StoredEvent>, head: Pick<LogHead, 'position'>, onProgress: OnProgress) {
  for (const event of events) {
    yield `${EVENT_COLUMNS.map(({ field }) => escaped(String(event[field]))).join('\t')}\n`;
    if (event.position % STEP === 0) onProgress({ step: 'importing', done: event.position, total: head.position });
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Escapes for the text format of COPY. */
const escaped = (text: string): string => text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] as string);
