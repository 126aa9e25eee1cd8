import type { LogHead } from '../../events/index.js';
import { headMissing } from './errors.js';
import type { Sql } from './sql.js';
import { HEAD_MOVED } from './sqlstates.js';

/** A function that raises an SQLSTATE if a condition does not hold, so that the calling statement fails. */
export const GUARD = 'sloth_guard';
export const CREATE_GUARD = `
CREATE FUNCTION ${GUARD}(holds BOOLEAN, otherwise TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN IF holds IS NOT TRUE THEN RAISE EXCEPTION 'refused: %', otherwise USING ERRCODE = otherwise; END IF; END $$;
`;

/** The holder of this row lock is the only writer until COMMIT. */
const HOLD_HEAD = 'SELECT position, hash, recorded_at AS "recordedAt" FROM log_head FOR UPDATE';

/** Locks the log's end, so that no other writer appends before this transaction ends. */
export async function holdHead(sql: Sql): Promise<LogHead> {
  const head = await sql.get<LogHead>(HOLD_HEAD);
  if (!head) throw headMissing();
  return head;
}

const CHECK_HEAD = `SELECT ${GUARD}(position = $1, '${HEAD_MOVED}') FROM log_head`;

/** @throws an error for which `isMoved` is true if the log ends elsewhere */
export const checkHead = (sql: Sql, { position }: LogHead): Promise<unknown> => sql.all(CHECK_HEAD, [position]);

const MOVE_HEAD = 'UPDATE log_head SET position = $1, hash = $2, recorded_at = $3';

export const moveHead = (sql: Sql, { position, hash, recordedAt }: LogHead): Promise<unknown> =>
  sql.all(MOVE_HEAD, [position, hash, recordedAt]);
