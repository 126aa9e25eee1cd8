import { TOUCHING_TYPES, type TouchingEvent, touchedBy } from '../../changed-keys.js';
import type { At, CommitFilter, Moment, Touched } from '../../event-store.js';
import { type EarlierCommit, toEarlierCommit } from '../../receipts.js';
import type { CommitRecord, SnapshotRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { toCommitRecord, toSnapshotRecord } from '../../to-records.js';
import type { Sql } from '../sql.js';

export type CommitRow = Tables['commit_rows'] & { hash: string };

const COMMIT = 'SELECT c.*, e.hash FROM commit_rows c JOIN events e ON e.position = c.position';

const toRecord = (row: CommitRow): CommitRecord => toCommitRecord(row, row.hash);

async function one(sql: Sql, text: string, values: readonly unknown[]): Promise<CommitRecord | undefined> {
  const row = await sql.get<CommitRow>(text, values);
  return row && toRecord(row);
}

export const commitOfVersion = (sql: Sql, stream: number, version: number) =>
  one(sql, `${COMMIT} WHERE c.stream = $1 AND c.version = $2 AND c.raised = 1`, [stream, version]);

const COMMIT_OF_COMMAND = `${COMMIT} WHERE c.command_id = $1 AND c.principal IN ('', 'local') ORDER BY c.position LIMIT 1`;

export const commitOfCommand = (sql: Sql, commandId: string) => one(sql, COMMIT_OF_COMMAND, [commandId]);

/**
 * Commits under a command id by a principal, and those whose principal was not recorded, as a JSON array of
 * {@link EarlierRow}.
 */
export const earlierCommits = (commandId: string, principal: string): string => `
SELECT json_agg(c) FROM (
  SELECT c.*, e.hash, e.meta, s.id AS stack_id
  FROM commit_rows c JOIN events e ON e.position = c.position JOIN stack_rows s ON s.stream = c.stream
  WHERE c.command_id = ${commandId} AND c.principal IN ('', ${principal})) c`;

export type EarlierRow = CommitRow & { readonly meta: string; readonly stack_id: string };

export const toEarlier = (row: EarlierRow): EarlierCommit => toEarlierCommit(toRecord(row), row.stack_id, row.meta);

const COMMITS = `${COMMIT}
WHERE c.stream = $1 AND c.version <= $2 AND c.raised >= $3
ORDER BY c.version DESC, c.position DESC LIMIT $4`;

export async function commitsOf(sql: Sql, stream: number, filter: CommitFilter): Promise<CommitRecord[]> {
  const { upTo = Number.MAX_SAFE_INTEGER, raised, limit = null } = filter;
  return (await sql.all<CommitRow>(COMMITS, [stream, upTo, raised ? 1 : 0, limit])).map(toRecord);
}

export function momentAt(sql: Sql, stream: number, at: At): Promise<Moment | undefined> {
  const [column, value] =
    'version' in at ? ['version', at.version] : 'time' in at ? ['at', at.time] : ['position', at.position];
  return sql.get(
    `SELECT version, position FROM commit_rows WHERE stream = $1 AND ${column} <= $2
     ORDER BY version DESC, position DESC LIMIT 1`,
    [stream, value],
  );
}

const SNAPSHOTS = 'SELECT * FROM snapshot_rows WHERE stream = $1 ORDER BY version DESC, position DESC';

export async function snapshotsOf(sql: Sql, stream: number): Promise<SnapshotRecord[]> {
  return (await sql.all<Tables['snapshot_rows']>(SNAPSHOTS, [stream])).map(toSnapshotRecord);
}

/**
 * The range is found by version in the commits and walked by revision in the log, so it costs what happened in between.
 * What an event is about is read here and not by the server: its JSON functions refuse `\u0000` and lone surrogates.
 */
const TOUCHING_EVENTS = `
SELECT e.type, e.data
FROM events e
WHERE e.stream = $1
  AND e.revision > coalesce((SELECT l.revision FROM commit_rows c JOIN events l ON l.position = c.position
                             WHERE c.stream = $1 AND c.version <= $2 ORDER BY c.version DESC, c.position DESC LIMIT 1), 0)
  AND e.revision <= (SELECT l.revision FROM commit_rows c JOIN events l ON l.position = c.position
                     WHERE c.stream = $1 AND c.version <= $3 ORDER BY c.version DESC, c.position DESC LIMIT 1)
  AND e.type IN (${TOUCHING_TYPES})
ORDER BY e.revision`;

export const touchedBetween = async (sql: Sql, stream: number, from: number, to: number): Promise<Touched> =>
  touchedBy(await sql.all<TouchingEvent>(TOUCHING_EVENTS, [stream, from, to]));
