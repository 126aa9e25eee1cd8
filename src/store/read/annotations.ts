import type { StoredData } from '../../events/index.js';
import { answers, type Facts } from '../facts.js';
import type { Eventual, Program } from '../program.js';
import { wait } from '../program.js';
import type { DriftRecord } from '../records.js';
import { resourceId } from '../resource-id.js';
import type { Tables } from '../tables.js';
import {
  toDriftRecord,
  toDriftRuleRecord,
  toExecutionRecord,
  toLockRecord,
  toLockTaker,
  toTagRecord,
} from '../to-records.js';
import { resourcesByAddress } from './resources.js';
import { ALL, DATA, dataOf, first, inBoth, list, type MaybeData, mapResult, type Sql } from './sql.js';

export const readLock = (sql: Sql, stream: number) =>
  first(sql, 'SELECT * FROM lock_rows WHERE stream = $1', [stream], toLockRecord);

/** The token of a lock is the position of the event that took it. */
const LOCK_TAKER = 'SELECT e.meta FROM lock_rows l JOIN events e ON e.position = l.token WHERE l.stream = $1';

export const readLockTaker = (sql: Sql, stream: number) =>
  first(sql, LOCK_TAKER, [stream], ({ meta }: { meta: string }) => toLockTaker(meta));

export const readTags = (sql: Sql, stream: number) =>
  list(sql, 'SELECT * FROM tag_rows WHERE stream = $1 ORDER BY tag', [stream], toTagRecord);

const TAGS_AMONG = inBoth(
  ({ byKey }) => `SELECT r.tag FROM ${byKey('$2::text[]', 'tag_rows', 'r.stream = $1 AND r.tag = k.value')}`,
);

/** The requested tags that the stack has, in the requested order. */
export function tagsAmong(sql: Sql, stream: number, tags: readonly string[]): Eventual<ReadonlySet<string>> {
  if (tags.length === 0) return new Set();
  return mapResult(sql.all<{ tag: string }>(TAGS_AMONG, [stream, tags]), (rows) => {
    const found = new Set(rows.map(({ tag }) => tag));
    return new Set(tags.filter((tag) => found.has(tag)));
  });
}

type DriftRow = Tables['drift_rows'] & StoredData & { readonly recordedAt: string };

const FOUND = `${DATA}, e.recorded_at AS "recordedAt"`;
const DRIFT = `
SELECT d.*, ${FOUND} FROM drift_rows d JOIN events e ON e.position = d.position
WHERE d.stream = $1 ORDER BY d.position DESC`;

const toDrift = (row: DriftRow): DriftRecord => toDriftRecord(row, row);

export const readDrift = (sql: Sql, stream: number) => list(sql, DRIFT, [stream], toDrift);

const DRIFTED = 'SELECT DISTINCT resource_id FROM drift_rows WHERE stream = $1 AND is_drifted = 1 ORDER BY resource_id';

export const readDrifted = (sql: Sql, stream: number) =>
  list(sql, DRIFTED, [stream], ({ resource_id }: { resource_id: string }) => resource_id);

const LAST_DRIFT = inBoth(
  ({ byKey, join }) => `
SELECT r.*, ${FOUND}
FROM ${byKey('$2::text[]', 'drift_rows', 'r.position = (SELECT max(position) FROM drift_rows WHERE stream = $1 AND resource_id = k.value)')}
${join} events e ON e.position = r.position`,
);

/** The last finding for each resource, in any status; by address or id, as requested. */
export function* lastDriftOf(sql: Sql, stream: number, refs: readonly string[]): Program<Facts['drift']> {
  const storedResources = yield* wait(resourcesByAddress(sql, stream, refs));
  const idOf = (ref: string): string => {
    const stored = storedResources.get(ref);
    return stored ? resourceId(stored) : ref;
  };
  const ids = refs.map(idOf);
  const rows = ids.length > 0 ? yield* wait(sql.all<DriftRow>(LAST_DRIFT, [stream, ids])) : [];
  const found = new Map(rows.map((row) => [row.resource_id, toDrift(row)]));
  return answers(refs, (ref) => found.get(idOf(ref)));
}

const DRIFT_RULES = 'SELECT * FROM drift_rule_rows WHERE stream = $1 ORDER BY position';

export const readDriftRules = (sql: Sql, stream: number) => list(sql, DRIFT_RULES, [stream], toDriftRuleRecord);

type ExecutionRow = Tables['execution_rows'] & MaybeData;

const EXECUTION = `SELECT x.*, ${DATA} FROM execution_rows x LEFT JOIN events e ON e.position = x.finished`;
const EXECUTIONS = `${EXECUTION} WHERE x.stream = $1 ORDER BY x.number DESC LIMIT $2`;
const EXECUTION_BY_ID = `${EXECUTION} WHERE x.stream = $1 AND x.id = $2`;

const toExecution = (row: ExecutionRow) => toExecutionRecord(row, dataOf(row));

export const readExecutions = (sql: Sql, stream: number, limit: number) =>
  list(sql, EXECUTIONS, [stream, limit < 0 ? ALL : limit], toExecution);

export const executionById = (sql: Sql, stream: number, id: string) =>
  first(sql, EXECUTION_BY_ID, [stream, id], toExecution);
