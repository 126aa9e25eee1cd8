import type { StoredEvent } from '../../../events/index.js';
import { codeOf } from '../../../lib/errors.js';
import { failed } from '../../../lib/failures.js';
import { isDamaged, isReadError } from '../../../lib/sqlite-damage.js';
import type { StorageProblem } from '../../maintenance.js';
import { EVENT } from '../../read/log.js';
import type { Connection } from '../open.js';
import { checkSchema } from '../schema-check.js';

/** The maximum number of damaged places that are reported. */
const MAX_REPORTED = 20;

/**
 * What SQLite reports about its pages and indexes, and whether the schema is this release's.
 * @param quick skips checks that read every index and event; all pages are read
 * @throws StoreError `DISK_ERROR` for a page that could not be read
 */
export function checkStorage(db: Connection, path: string, quick: boolean): StorageProblem[] {
  const pages = pageProblems(db, path, quick).map((problem) => {
    if (isReadError(problem)) throw failed('DISK_ERROR', 'the database', path, problem, { database: path });
    return { where: 'page', problem };
  });
  return [...pages, ...checkSchema(db), ...(quick ? [] : unreadable(db))];
}

/** SQLite's lines about pages; its own error if a damaged page makes it stop. */
function pageProblems(db: Connection, path: string, quick: boolean): string[] {
  try {
    const rows = db.pragma(`${quick ? 'quick' : 'integrity'}_check(${MAX_REPORTED})`) as Record<string, string>[];
    return rows.flatMap((row) => Object.values(row)).filter((line) => line !== 'ok');
  } catch (error) {
    if (!codeOf(error).startsWith('SQLITE_CORRUPT') || !isDamaged(path)) throw error;
    return [(error as Error).message];
  }
}

const SAME = `
SELECT 1 FROM events WHERE position = :position AND type = :type AND data = :data AND meta = :meta
  AND recorded_at = :recordedAt AND command_id = :commandId AND hash = :hash`;

/** Invalid UTF-8 is read as U+FFFD, like a genuine U+FFFD, so such texts are compared byte by byte. */
function unreadable(db: Connection): StorageProblem[] {
  const same = db.prepare(SAME);
  const problems: StorageProblem[] = [];
  for (const row of db.prepare(`SELECT ${EVENT} FROM events`).iterate() as IterableIterator<StoredEvent>) {
    const { type, data, meta, recordedAt, commandId, hash } = row;
    const doubtful = [type, data, meta, recordedAt, commandId, hash].some((text) => String(text).includes('\ufffd'));
    if (doubtful && !same.get(row)) problems.push({ where: 'events', problem: `event ${row.position} is no UTF-8` });
  }
  return problems;
}
