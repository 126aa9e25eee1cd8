import { decodeEvent, type LogHead, type StoredEvent } from '../../../events/index.js';
import { checkedLog, checkFollowing, refuseFilled } from '../../checked-log.js';
import type { Projection } from '../../event-store.js';
import type { OnProgress } from '../../maintenance.js';
import { eventWriter, insertEvent } from '../append.js';
import { headNow } from '../now.js';
import type { Connection } from '../open.js';
import type { Statements } from '../statements.js';
import { buildTables } from './rebuild.js';

/** The number of events between two progress reports. */
const STEP = 5_000;

/** Imports a whole log into an empty database with its tables, or nothing. */
export function importEvents(
  db: Connection,
  sql: Statements,
  projection: Projection,
  events: Iterable<StoredEvent>,
  head: Pick<LogHead, 'position' | 'hash'>,
  onProgress: OnProgress = () => {},
): LogHead {
  return db
    .transaction(() => {
      refuseFilled(headNow(sql).position);
      for (const event of checkedLog(events, head)) {
        insertEvent(sql, event);
        if (event.position % STEP === 0) onProgress({ step: 'importing', done: event.position, total: head.position });
      }
      buildTables(db, sql, projection, onProgress);
      return headNow(sql);
    })
    .immediate();
}

/** Appends events that follow the log's end, with their row changes, or nothing. */
export const extendEvents = (
  db: Connection,
  sql: Statements,
  projection: Projection,
  events: readonly StoredEvent[],
): LogHead =>
  db
    .transaction(() => {
      const { head, write, end } = eventWriter(db, sql, projection);
      checkFollowing(events, head());
      const recorded = events.map((event) => decodeEvent(event));
      if (events.length > 0) write(events, recorded);
      end();
      return head();
    })
    .immediate();
