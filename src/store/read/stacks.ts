import type { StoredData } from '../../events/index.js';
import type { Eventual } from '../program.js';
import type { DocumentRecord, StackHead, StackListItem, StackRecord } from '../records.js';
import type { Tables } from '../tables.js';
import { toDocumentRecord, toStackRecord } from '../to-records.js';
import { ALL, DATA, first, inBoth, list, mapResult, type Sql } from './sql.js';

type StackRow = Tables['stack_rows'];

const lastDeleted = (columns: string, name: string, where = ''): string => `
SELECT * FROM (SELECT ${columns} FROM stack_rows WHERE name = ${name} AND deleted_at IS NOT NULL ${where}
               ORDER BY deleted_at DESC, stream DESC LIMIT 1) last`;

/**
 * The id or name of a live stack takes precedence over a deleted one's; among deleted ones the id, then the last deleted
 * one of that name. Each is found by its own index, which an `OR` would not use.
 * @param ref a placeholder of a value, like `deleted`: whether deleted stacks are included
 */
export const stackBy = (columns: string, ref: string, deleted: string) =>
  inBoth(({ inOrder }) =>
    inOrder([
      `SELECT ${columns} FROM stack_rows WHERE id = ${ref} AND deleted_at IS NULL`,
      `SELECT ${columns} FROM stack_rows WHERE name = ${ref} AND deleted_at IS NULL`,
      `SELECT ${columns} FROM stack_rows WHERE id = ${ref} AND deleted_at IS NOT NULL AND ${deleted}`,
      lastDeleted(columns, ref, `AND ${deleted}`),
    ]),
  );
const STACK = stackBy('*', '$1', '$2');

export const findStack = (sql: Sql, ref: string, deleted: boolean): Eventual<StackRecord | undefined> =>
  first(sql, STACK, [ref, deleted], toStackRecord);

const STACK_HEAD = stackBy(
  `stream, id, name, state_version AS "stateVersion", revision, execution_count AS "executionCount",
   deleted_at AS "deletedAt"`,
  '$1',
  '$2',
);

/** The same, without the columns that no decision needs. */
export const findStackHead = (sql: Sql, ref: string, deleted: boolean): Eventual<StackHead | undefined> =>
  sql.get<StackHead>(STACK_HEAD, [ref, deleted]);

const STACK_OF_NAME = inBoth(({ inOrder }) =>
  inOrder(['SELECT * FROM stack_rows WHERE name = $1 AND deleted_at IS NULL', lastDeleted('*', '$1', 'AND $2')]),
);

export const findStackOfName = (sql: Sql, name: string, deleted: boolean): Eventual<StackRecord | undefined> =>
  first(sql, STACK_OF_NAME, [name, deleted], toStackRecord);

/** Names and ids share one namespace. */
const HOLDER = `
SELECT id FROM stack_rows WHERE id = $1
UNION ALL
SELECT id FROM stack_rows WHERE name = $1 AND deleted_at IS NULL
LIMIT 1`;

/** The id of the stack that has the name as its id, or of the live stack with that name. */
export const holderOf = (sql: Sql, name: string): Eventual<string | undefined> =>
  first(sql, HOLDER, [name], ({ id }: { id: string }) => id);

const listed = (tags: string) =>
  inBoth(
    ({ keys }) => `
SELECT s.*, ${tags} AS tags, EXISTS (SELECT 1 FROM lock_rows l WHERE l.stream = s.stream AND l.expires_at > $4) AS locked
FROM stack_rows s
WHERE (s.deleted_at IS NOT NULL) = $3 AND (CAST($2 AS TEXT) IS NULL OR s.status = $2)
  AND NOT EXISTS (SELECT 1 FROM ${keys('$1::text[]')}
                  WHERE NOT EXISTS (SELECT 1 FROM tag_rows t WHERE t.stream = s.stream AND t.tag = k.value))
ORDER BY s.name, s.stream`,
  );
const LIST_STACKS = {
  sqlite: listed('(SELECT json_group_array(tag) FROM (SELECT tag FROM tag_rows WHERE stream = s.stream ORDER BY tag))')
    .sqlite,
  postgres: listed('ARRAY (SELECT tag FROM tag_rows WHERE stream = s.stream ORDER BY tag)').postgres,
};

/** In SQLite the tags are JSON. */
type ListRow = StackRow & { readonly tags: string | string[]; readonly locked: boolean | number };

export const listStacks = (
  sql: Sql,
  filter: { readonly tags?: readonly string[]; readonly status?: string; readonly deleted?: boolean },
  now: string,
): Eventual<StackListItem[]> =>
  list(sql, LIST_STACKS, [filter.tags ?? [], filter.status ?? null, filter.deleted ?? false, now], (row: ListRow) => ({
    tags: typeof row.tags === 'string' ? (JSON.parse(row.tags) as string[]) : row.tags,
    locked: Boolean(row.locked),
    ...toStackRecord(row),
  }));

/** The last event of each part at or before the version. */
const DOCUMENT_PARTS = inBoth(
  ({ valueAt }) => `
SELECT p.part, e.position, ${DATA}
FROM (SELECT 'document' AS part UNION ALL SELECT 'started' UNION ALL SELECT 'finished') p
${valueAt('document_history', 'stream = $1 AND part = p.part', '$2', false)}`,
);

type Part = StoredData & { readonly part: string; readonly position: number };

/** For an existing stream: its first version has a document. */
export const readDocument = (sql: Sql, stream: number, version = ALL): Eventual<DocumentRecord> =>
  mapResult(sql.all<Part>(DOCUMENT_PARTS, [stream, version]), (parts) => {
    const part = (name: string) => parts.find((row) => row.part === name);
    return toDocumentRecord({ document: part('document'), started: part('started'), finished: part('finished') });
  });
