import { TOUCHING_TYPES, type TouchingEvent, touchedBy } from '../../changed-keys.js';
import type { At, CommitFilter, Moment, Touched } from '../../event-store.js';
import { type EarlierCommit, toEarlierCommit } from '../../receipts.js';
import type { CommitRecord, SnapshotRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { toCommitRecord, toSnapshotRecord } from '../../to-records.js';
import type { Statements } from '../statements.js';

type CommitRow = Tables['commit_rows'] & { hash: string };
type PlacedCommitRow = CommitRow & { first_version: number; first_revision: number };

const COMMIT = 'SELECT c.*, e.hash FROM commit_rows c JOIN events e ON e.position = c.position';
const COMMIT_OF_COMMAND = `${COMMIT} WHERE c.command_id = ? AND c.principal IN ('', 'local') ORDER BY c.position LIMIT 1`;
/** Those of one principal, and those whose principal was not recorded. */
const EARLIER = `
SELECT c.*, e.hash, e.meta, s.id AS stack_id
FROM commit_rows c JOIN events e ON e.position = c.position JOIN stack_rows s ON s.stream = c.stream
WHERE c.command_id = ? AND c.principal IN ('', ?)`;
/** The commit that raised it to the version: its events are the first of that version. */
const COMMIT_OF_VERSION = `${COMMIT}
WHERE (c.command_id, c.principal, c.stream) =
      (SELECT command_id, coalesce(meta ->> '$.principal', ''), stream FROM events
       WHERE stream = ? AND version = ? ORDER BY revision LIMIT 1) AND c.raised = 1`;
/**
 * A stack's last commit before a place in its order, which ends with the last event there; and before a position, so that no
 * damage makes who walks back go round.
 */
const COMMIT_BEFORE = `
SELECT c.*, e.hash, f.version AS first_version, f.revision AS first_revision
FROM (SELECT position, hash FROM events WHERE stream = ? AND (version, revision) < (?, ?) AND position < ?
      ORDER BY version DESC, revision DESC LIMIT 1) e
CROSS JOIN commit_rows c ON c.position = e.position CROSS JOIN events f ON f.position = c.first_position`;

const END = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

const toRecord = (row: CommitRow): CommitRecord => toCommitRecord(row, row.hash);

export function commitOfVersion(sql: Statements, stream: number, version: number): CommitRecord | undefined {
  const row = sql(COMMIT_OF_VERSION).get(stream, version) as CommitRow | undefined;
  return row && toRecord(row);
}

export function commitOfCommand(sql: Statements, commandId: string): CommitRecord | undefined {
  const row = sql(COMMIT_OF_COMMAND).get(commandId) as CommitRow | undefined;
  return row && toRecord(row);
}

export const earlierCommits = (sql: Statements, commandId: string, principal: string): EarlierCommit[] =>
  (sql(EARLIER).all(commandId, principal) as (CommitRow & { meta: string; stack_id: string })[]).map((row) =>
    toEarlierCommit(toRecord(row), row.stack_id, row.meta),
  );

export function commitsOf(sql: Statements, stream: number, filter: CommitFilter): CommitRecord[] {
  const { upTo = Number.MAX_SAFE_INTEGER, limit = Number.MAX_SAFE_INTEGER, raised = false } = filter;
  const before = sql(COMMIT_BEFORE);
  const commits: CommitRecord[] = [];
  let row = before.get(stream, upTo, ...END) as PlacedCommitRow | undefined;
  while (row && commits.length < limit) {
    if (!raised || row.raised === 1) commits.push(toRecord(row));
    row = before.get(stream, row.first_version, row.first_revision, row.position) as PlacedCommitRow | undefined;
  }
  return commits;
}

/** All events of a commit carry its time, and the last of them its position. */
const MOMENT = 'SELECT e.version, e.position FROM events e';
const LAST = 'ORDER BY e.version DESC, e.revision DESC LIMIT 1';
const MOMENT_OF_VERSION = `${MOMENT} WHERE e.stream = ? AND e.version <= ? ${LAST}`;
const MOMENT_OF_TIME = `${MOMENT} WHERE e.stream = ? AND e.recorded_at <= ? ${LAST}`;
const MOMENT_OF_POSITION = `${MOMENT} JOIN commit_rows c ON c.position = e.position
WHERE e.stream = ? AND e.position <= ? ${LAST}`;

export function momentAt(sql: Statements, stream: number, at: At): Moment | undefined {
  const row =
    'version' in at
      ? sql(MOMENT_OF_VERSION).get(stream, at.version)
      : 'time' in at
        ? sql(MOMENT_OF_TIME).get(stream, at.time)
        : sql(MOMENT_OF_POSITION).get(stream, at.position);
  return row as Moment | undefined;
}

const SNAPSHOTS = 'SELECT * FROM snapshot_rows WHERE stream = ? ORDER BY version DESC, position DESC';

export function snapshotsOf(sql: Statements, stream: number): SnapshotRecord[] {
  return (sql(SNAPSHOTS).all(stream) as Tables['snapshot_rows'][]).map(toSnapshotRecord);
}

/** Costs what happened in between, however large the stack is. */
const TOUCHING_EVENTS = `
SELECT e.type, e.data FROM events e
WHERE e.stream = ? AND e.version > ? AND e.version <= ? AND e.type IN (${TOUCHING_TYPES})`;

export const touchedBetween = (sql: Statements, stream: number, from: number, to: number): Touched =>
  touchedBy(sql(TOUCHING_EVENTS).iterate(stream, from, to) as IterableIterator<TouchingEvent>);
