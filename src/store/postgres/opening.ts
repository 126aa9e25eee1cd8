import type { LogHead } from '../../events/index.js';
import type { AppendRequest } from '../event-store.js';
import type { Facts } from '../facts.js';
import { runLater } from '../program.js';
import { type EarlierRow, earlierRows, toEarlier } from '../read/commits.js';
import { readFacts, type Opening as StackOpening } from '../read/facts.js';
import { stackBy } from '../read/stacks.js';
import type { EarlierCommit } from '../receipts.js';
import type { Tables } from '../tables.js';
import { toLockRecord, toLockTaker, toStackRecord } from '../to-records.js';
import { headMissing } from './errors.js';
import type { Sql } from './sql.js';

/** The first facts that every command reads. */
interface Opening extends StackOpening {
  readonly head: LogHead;
  /** Commits of the command's id by its principal. */
  readonly earlier: readonly EarlierCommit[];
}

export interface Known extends Pick<Opening, 'head' | 'earlier'> {
  readonly facts: Facts;
}

type Wanted = Pick<AppendRequest, 'commandId' | 'identity' | 'meta' | 'keys'>;

const OPENING = `
SELECT h.position, h.hash, h.recorded_at AS "recordedAt", row_to_json(s) AS stack,
       (SELECT json_agg(c) FROM (${earlierRows('$1', '$4')}) c) AS earlier,
       (SELECT row_to_json(l) FROM lock_rows l WHERE l.stream = s.stream) AS lock,
       (SELECT e.meta FROM lock_rows l JOIN events e ON e.position = l.token WHERE $5 AND l.stream = s.stream) AS taker
FROM log_head h LEFT JOIN LATERAL (${stackBy('*', '$2', '$3').postgres}) s ON TRUE`;

interface OpeningRow extends LogHead {
  readonly stack: Tables['stack_rows'] | null;
  readonly earlier: readonly EarlierRow[] | null;
  readonly lock: Tables['lock_rows'] | null;
  /** The `meta` of the event that took the lock. */
  readonly taker: string | null;
}

/** One statement, so everything belongs to one snapshot. */
async function readOpening(sql: Sql, { commandId, identity, meta, keys }: Wanted): Promise<Opening> {
  const { stack: ref, deleted = false, lockTaker = false } = keys;
  const principal = identity?.principal ?? meta.principal ?? '';
  const row = await sql.get<OpeningRow>(OPENING, [commandId, ref, deleted, principal, lockTaker]);
  if (!row) throw headMissing();
  const { position, hash, recordedAt, stack, earlier, lock, taker } = row;
  return {
    head: { position, hash, recordedAt },
    earlier: (earlier ?? []).map(toEarlier),
    stack: stack ? toStackRecord(stack) : undefined,
    lock: lock ? toLockRecord(lock) : undefined,
    lockTaker: taker === null ? undefined : toLockTaker(taker),
  };
}

/**
 * Reads the log's end, and then the facts of a decision. If the end has not moved since, the facts are current.
 * @param guess the probable stream of the stack; if it is right, everything takes one round trip
 */
export async function readKnown(sql: Sql, wanted: Wanted, guess?: number): Promise<Known> {
  const opened = readOpening(sql, wanted);
  const facts = await runLater(readFacts(sql, wanted.keys, opened, guess));
  const { head, earlier } = await opened;
  return { head, earlier, facts };
}
