import type { DocumentRecord, StackListItem, StackRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { toDocumentRecord, toStackRecord } from '../../to-records.js';
import type { Sql } from '../sql.js';

type StackRow = Tables['stack_rows'];

/**
 * A live stack's id or name goes before a deleted one's; of those, the id, then the last deleted of that name. Each is
 * found by an index of its own, which no `OR` of them would be.
 */
export const stackBy = (ref: string, deleted: string): string => `
SELECT *, 1 AS choice FROM stack_rows WHERE id = ${ref} AND deleted_at IS NULL
UNION ALL
SELECT *, 2 FROM stack_rows WHERE name = ${ref} AND deleted_at IS NULL
UNION ALL
SELECT *, 3 FROM stack_rows WHERE id = ${ref} AND deleted_at IS NOT NULL AND ${deleted}
UNION ALL
(SELECT *, 4 FROM stack_rows WHERE name = ${ref} AND deleted_at IS NOT NULL AND ${deleted}
 ORDER BY deleted_at DESC, stream DESC LIMIT 1)
ORDER BY choice LIMIT 1`;
const STACK = stackBy('$1', '$2');

export async function findStack(sql: Sql, ref: string, deleted: boolean): Promise<StackRecord | undefined> {
  const row = await sql.get<StackRow>(STACK, [ref, deleted]);
  return row && toStackRecord(row);
}

const STACK_OF_NAME = `
SELECT * FROM stack_rows WHERE name = $1 AND (deleted_at IS NULL OR $2)
ORDER BY deleted_at IS NOT NULL, deleted_at DESC, stream DESC LIMIT 1`;

export async function findStackOfName(sql: Sql, name: string, deleted: boolean): Promise<StackRecord | undefined> {
  const row = await sql.get<StackRow>(STACK_OF_NAME, [name, deleted]);
  return row && toStackRecord(row);
}

const LIST_STACKS = `
SELECT s.*, ARRAY (SELECT tag FROM tag_rows WHERE stream = s.stream ORDER BY tag) AS tags,
       EXISTS (SELECT 1 FROM lock_rows l WHERE l.stream = s.stream AND l.expires_at > $4) AS locked
FROM stack_rows s
WHERE (s.deleted_at IS NOT NULL) = $3 AND ($2::text IS NULL OR s.status = $2)
  AND NOT EXISTS (SELECT 1 FROM unnest($1::text[]) w (tag)
                  WHERE NOT EXISTS (SELECT 1 FROM tag_rows t WHERE t.stream = s.stream AND t.tag = w.tag))
ORDER BY s.name, s.stream`;

export async function listStacks(
  sql: Sql,
  filter: { readonly tags?: readonly string[]; readonly status?: string; readonly deleted?: boolean },
  now: string,
): Promise<StackListItem[]> {
  const values = [filter.tags ?? [], filter.status ?? null, filter.deleted ?? false, now];
  const rows = await sql.all<StackRow & { tags: string[]; locked: boolean }>(LIST_STACKS, values);
  return rows.map((row) => ({ tags: row.tags, locked: row.locked, ...toStackRecord(row) }));
}

/** The last event of each part at or before the version. */
const DOCUMENT_PARTS = `
SELECT p.part, e.position, e.type, e.data
FROM (VALUES ('document'), ('started'), ('finished')) p (part)
JOIN LATERAL (SELECT position FROM document_history h WHERE h.stream = $1 AND h.part = p.part AND h.version <= $2
              ORDER BY h.version DESC LIMIT 1) h ON TRUE
JOIN events e ON e.position = h.position`;

interface Part {
  readonly part: string;
  readonly position: number;
  readonly type: string;
  readonly data: string;
}

export async function readDocument(
  sql: Sql,
  stream: number,
  version = Number.MAX_SAFE_INTEGER,
): Promise<DocumentRecord> {
  const parts = await sql.all<Part>(DOCUMENT_PARTS, [stream, version]);
  const part = (name: string) => parts.find((row) => row.part === name);
  return toDocumentRecord({ document: part('document'), started: part('started'), finished: part('finished') });
}
