import { decodeEvent, type StoredEvent } from '../../../events/index.js';
import type { ChangeBatch, Stretch } from '../../change-batch.js';
import { readPage } from '../../event-page.js';
import type { Projection } from '../../event-store.js';
import { runLater } from '../../program.js';
import { EVENT } from '../../read/log.js';
import { readsOn } from '../../read/reads.js';
import { snapshotOn } from '../../snapshot.js';
import type { Sql } from '../sql.js';

/**
 * The maximum number of events that are read, projected and written at once, besides `PAGE_BYTES`. A commit is never split;
 * a larger one is kept whole.
 */
const BATCH_EVENTS = 2_000;

/** The rest of a split commit: the following events of its stream, up to the first event of another commit. */
const REST = `SELECT ${EVENT} FROM events WHERE stream = $1 AND revision > $2
  AND revision < coalesce((SELECT revision FROM events WHERE stream = $1 AND revision > $2 AND (command_id <> $3 OR meta <> $4)
                           ORDER BY revision LIMIT 1), ${Number.MAX_SAFE_INTEGER})
ORDER BY revision`;

/** The next whole commits after a position, of the log or of one stream; empty at the end. */
async function readCommits(sql: Sql, { after, upTo, stream }: Stretch): Promise<readonly StoredEvent[]> {
  const filter = { after, upTo, limit: BATCH_EVENTS, ...(stream === undefined ? {} : { stream }) };
  const { events, isFull } = await runLater(readPage(snapshotOn(readsOn(sql)), filter));
  const end = events.at(-1);
  if (!end || !isFull) return events;
  return [...events, ...(await sql.all<StoredEvent>(REST, [end.stream, end.revision, end.commandId, end.meta]))];
}

/** The row changes of the next whole commits; undefined at the end. */
export async function nextChanges(
  sql: Sql,
  projection: Projection,
  stretch: Stretch,
): Promise<ChangeBatch | undefined> {
  const stored = await readCommits(sql, stretch);
  const last = stored.at(-1)?.position;
  if (last === undefined) return undefined;
  const events = stored.map((event) => decodeEvent(event));
  return { changes: projection.project(events, stretch.only), events: events.length, last };
}

/** The row changes of all commits, batch by batch. */
export async function* changeBatches(sql: Sql, projection: Projection, stretch: Stretch): AsyncGenerator<ChangeBatch> {
  let next = await nextChanges(sql, projection, stretch);
  for (; next; next = await nextChanges(sql, projection, { ...stretch, after: next.last })) yield next;
}
