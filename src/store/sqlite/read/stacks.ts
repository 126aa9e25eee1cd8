import type { DocumentRecord, StackHead, StackListItem, StackRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { toDocumentRecord, toStackRecord } from '../../to-records.js';
import type { Statements } from '../statements.js';

type StackRow = Tables['stack_rows'];

function lastDeletedOfName(columns: string): string {
  return `SELECT ${columns} FROM stack_rows WHERE name = ? AND deleted_at IS NOT NULL
          ORDER BY deleted_at DESC, stream DESC LIMIT 1`;
}

/** A live stack's id or name goes before a deleted one's, and an id before a name. */
function finder<Row>(columns: string) {
  const all = `SELECT ${columns} FROM stack_rows WHERE`;
  const byId = `${all} id = ?`;
  const live = `${byId} AND deleted_at IS NULL UNION ALL ${all} name = ? AND deleted_at IS NULL LIMIT 1`;
  const lastDeleted = lastDeletedOfName(columns);
  return (sql: Statements, ref: string, deleted: boolean): Row | undefined =>
    (sql(live).get(ref, ref) ?? (deleted ? (sql(byId).get(ref) ?? sql(lastDeleted).get(ref)) : undefined)) as
      | Row
      | undefined;
}

const findRow = finder<StackRow>('*');

export function findStack(sql: Statements, ref: string, deleted: boolean): StackRecord | undefined {
  const row = findRow(sql, ref, deleted);
  return row && toStackRecord(row);
}

const LIVE_OF_NAME = 'SELECT * FROM stack_rows WHERE name = ? AND deleted_at IS NULL';
const DELETED_OF_NAME = lastDeletedOfName('*');

export function findStackOfName(sql: Statements, name: string, deleted: boolean): StackRecord | undefined {
  const row = sql(LIVE_OF_NAME).get(name) ?? (deleted ? sql(DELETED_OF_NAME).get(name) : undefined);
  return row === undefined ? undefined : toStackRecord(row as StackRow);
}

export const findStackHead = finder<StackHead>(
  'stream, id, name, state_version AS stateVersion, revision, execution_count AS executionCount, deleted_at AS deletedAt',
);

/** :tags a JSON array of tags a stack must bear all of, :status one or null, :deleted 1 for the deleted instead of the live. */
const LIST_STACKS = `
SELECT s.*, (SELECT json_group_array(tag) FROM (SELECT tag FROM tag_rows WHERE stream = s.stream ORDER BY tag)) AS tags,
       EXISTS (SELECT 1 FROM lock_rows l WHERE l.stream = s.stream AND l.expires_at > :now) AS locked
FROM stack_rows s
WHERE (s.deleted_at IS NOT NULL) = :deleted
  AND (:status IS NULL OR s.status = :status)
  AND (:tags = '[]' OR NOT EXISTS (SELECT 1 FROM json_each(:tags) w
                  WHERE NOT EXISTS (SELECT 1 FROM tag_rows t WHERE t.stream = s.stream AND t.tag = w.value)))
ORDER BY s.name, s.stream`;

export function listStacks(
  sql: Statements,
  filter: { readonly tags?: readonly string[]; readonly status?: string; readonly deleted?: boolean },
  now: string,
): StackListItem[] {
  const rows = sql(LIST_STACKS).all({
    tags: JSON.stringify(filter.tags ?? []),
    status: filter.status ?? null,
    deleted: filter.deleted ? 1 : 0,
    now,
  }) as (StackRow & { tags: string; locked: number })[];
  return rows.map((row) => ({
    tags: JSON.parse(row.tags) as string[],
    locked: row.locked === 1,
    ...toStackRecord(row),
  }));
}

/** :stream, :version. The last event of each part at or before the version. */
const DOCUMENT_PARTS = `
SELECT p.part, e.position, e.type, e.data
FROM (SELECT 'document' AS part UNION ALL SELECT 'started' UNION ALL SELECT 'finished') p
JOIN document_history h ON h.stream = :stream AND h.part = p.part
 AND h.version = (SELECT max(version) FROM document_history WHERE stream = :stream AND part = p.part AND version <= :version)
JOIN events e ON e.position = h.position`;

/** @throws never for a stream that exists: its first version has a document */
export function readDocument(sql: Statements, stream: number, version = Number.MAX_SAFE_INTEGER): DocumentRecord {
  const parts = sql(DOCUMENT_PARTS).all({ stream, version }) as {
    part: string;
    position: number;
    type: string;
    data: string;
  }[];
  const part = (name: string) => parts.find((row) => row.part === name);
  return toDocumentRecord({ document: part('document'), started: part('started'), finished: part('finished') });
}
