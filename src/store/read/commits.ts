import type { StoredData } from '../../events/index.js';
import { CHANGE_TYPES_SQL, changedKeysOf } from '../changed-keys.js';
import { type Eventual, type Program, runNow, wait } from '../program.js';
import { type EarlierCommit, toEarlierCommit } from '../receipts.js';
import type { CommitRecord } from '../records.js';
import type { At, ChangedKeys, CommitFilter, Moment } from '../snapshot.js';
import type { Tables } from '../tables.js';
import { toCommitRecord, toSnapshotRecord } from '../to-records.js';
import { ALL, DATA, first, list, mapResult, type Sql } from './sql.js';

type CommitRow = Tables['commit_rows'] & { hash: string };

const COMMIT = 'SELECT c.*, e.hash FROM commit_rows c JOIN events e ON e.position = c.position';

const toRecord = (row: CommitRow): CommitRecord => toCommitRecord(row, row.hash);

/** The commit that raised it to the version: in SQLite, which has no index for it, its events are the first of that version. */
const COMMIT_OF_VERSION = {
  sqlite: `${COMMIT}
WHERE (c.command_id, c.principal, c.stream) =
      (SELECT command_id, coalesce(meta ->> '$.principal', ''), stream FROM events
       WHERE stream = $1 AND version = $2 ORDER BY revision LIMIT 1) AND c.raised = 1`,
  postgres: `${COMMIT} WHERE c.stream = $1 AND c.version = $2 AND c.raised = 1`,
};

export const commitOfVersion = (sql: Sql, stream: number, version: number) =>
  first(sql, COMMIT_OF_VERSION, [stream, version], toRecord);

const COMMIT_OF_COMMAND = `${COMMIT} WHERE c.command_id = $1 AND c.principal IN ('', 'local') ORDER BY c.position LIMIT 1`;

export const commitOfCommand = (sql: Sql, commandId: string) => first(sql, COMMIT_OF_COMMAND, [commandId], toRecord);

/** Commits with a command id of a principal, and those without a recorded principal; see {@link EarlierRow}. */
export const earlierRows = (commandId: string, principal: string): string => `
SELECT c.*, e.hash, e.meta, s.id AS stack_id
FROM commit_rows c JOIN events e ON e.position = c.position JOIN stack_rows s ON s.stream = c.stream
WHERE c.command_id = ${commandId} AND c.principal IN ('', ${principal})`;
const EARLIER = earlierRows('$1', '$2');

export type EarlierRow = CommitRow & { readonly meta: string; readonly stack_id: string };

export const toEarlier = (row: EarlierRow): EarlierCommit => toEarlierCommit(toRecord(row), row.stack_id, row.meta);

export const earlierCommits = (sql: Sql, commandId: string, principal: string): Eventual<EarlierCommit[]> =>
  list(sql, EARLIER, [commandId, principal], toEarlier);

const COMMITS = `${COMMIT}
WHERE c.stream = $1 AND c.version <= $2 AND c.raised >= $3
ORDER BY c.version DESC, c.position DESC LIMIT $4`;
/**
 * The last commit of a stack before a version and a revision. The position must also decrease, so that a damaged log cannot
 * make the walk loop.
 */
const COMMIT_BEFORE = `
SELECT c.*, e.hash, f.version AS first_version, f.revision AS first_revision
FROM (SELECT position, hash FROM events WHERE stream = $1 AND (version, revision) < ($2, $3) AND position < $4
      ORDER BY version DESC, revision DESC LIMIT 1) e
CROSS JOIN commit_rows c ON c.position = e.position CROSS JOIN events f ON f.position = c.first_position`;

type PlacedRow = CommitRow & { readonly first_version: number; readonly first_revision: number };

export function commitsOf(sql: Sql, stream: number, filter: CommitFilter): Eventual<CommitRecord[]> {
  const { upTo = ALL, raised = false, limit = ALL } = filter;
  return sql.dialect === 'sqlite'
    ? runNow(commitsBack(sql, stream, { upTo, raised, limit }))
    : list(sql, COMMITS, [stream, upTo, raised ? 1 : 0, limit], toRecord);
}

/** In SQLite, which has no index of the commits by version. */
function* commitsBack(
  sql: Sql,
  stream: number,
  { upTo, raised, limit }: Required<CommitFilter>,
): Program<CommitRecord[]> {
  const before = (...place: readonly number[]) => wait(sql.get<PlacedRow>(COMMIT_BEFORE, [stream, ...place]));
  const commits: CommitRecord[] = [];
  let row = yield* before(upTo, ALL, ALL);
  while (row && commits.length < limit) {
    if (!raised || row.raised === 1) commits.push(toRecord(row));
    row = yield* before(row.first_version, row.first_revision, row.position);
  }
  return commits;
}

/** All events of a commit carry its time, and the last of them its position. */
const momentOf = (column: 'version' | 'time' | 'position') => ({
  sqlite: `
SELECT e.version, e.position FROM events e ${column === 'position' ? 'JOIN commit_rows c ON c.position = e.position' : ''}
WHERE e.stream = $1 AND e.${column === 'time' ? 'recorded_at' : column} <= $2 ORDER BY e.version DESC, e.revision DESC LIMIT 1`,
  postgres: `
SELECT version, position FROM commit_rows WHERE stream = $1 AND ${column === 'time' ? 'at' : column} <= $2
ORDER BY version DESC, position DESC LIMIT 1`,
});
const MOMENTS = { version: momentOf('version'), time: momentOf('time'), position: momentOf('position') };

export const momentAt = (sql: Sql, stream: number, at: At): Eventual<Moment | undefined> =>
  'version' in at
    ? sql.get<Moment>(MOMENTS.version, [stream, at.version])
    : 'time' in at
      ? sql.get<Moment>(MOMENTS.time, [stream, at.time])
      : sql.get<Moment>(MOMENTS.position, [stream, at.position]);

const SNAPSHOTS = 'SELECT * FROM snapshot_rows WHERE stream = $1 ORDER BY version DESC, position DESC';

export const snapshotsOf = (sql: Sql, stream: number) => list(sql, SNAPSHOTS, [stream], toSnapshotRecord);

const lastRevision = (version: string): string => `
(SELECT l.revision FROM commit_rows c JOIN events l ON l.position = c.position
 WHERE c.stream = $1 AND c.version <= ${version} ORDER BY c.version DESC, c.position DESC LIMIT 1)`;

/**
 * The cost grows with the changes in between, not with the stack. PostgreSQL finds the version range in the commits and
 * reads it by revision in the log. Event data is parsed here, because the server's JSON functions refuse `\u0000` and lone
 * surrogates.
 */
const CHANGE_EVENTS = {
  sqlite: `
SELECT ${DATA} FROM events e
WHERE e.stream = $1 AND e.version > $2 AND e.version <= $3 AND e.type IN (${CHANGE_TYPES_SQL})`,
  postgres: `
SELECT ${DATA} FROM events e
WHERE e.stream = $1 AND e.revision > coalesce(${lastRevision('$2')}, 0) AND e.revision <= ${lastRevision('$3')}
  AND e.type IN (${CHANGE_TYPES_SQL})
ORDER BY e.revision`,
};

export const changedKeysBetween = (sql: Sql, stream: number, from: number, to: number): Eventual<ChangedKeys> =>
  mapResult(sql.each<StoredData>(CHANGE_EVENTS, [stream, from, to]), changedKeysOf);
