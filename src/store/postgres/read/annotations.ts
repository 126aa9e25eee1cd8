import type { DriftRecord, DriftRuleRecord, ExecutionRecord, LockRecord, TagRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { toDriftRecord, toDriftRuleRecord, toExecutionRecord, toLockRecord, toTagRecord } from '../../to-records.js';
import type { Sql } from '../sql.js';
import { rowsByKey } from './by-keys.js';

export async function readLock(sql: Sql, stream: number): Promise<LockRecord | undefined> {
  const row = await sql.get<Tables['lock_rows']>('SELECT * FROM lock_rows WHERE stream = $1', [stream]);
  return row && toLockRecord(row);
}

export async function readTags(sql: Sql, stream: number): Promise<TagRecord[]> {
  const rows = await sql.all<Tables['tag_rows']>('SELECT * FROM tag_rows WHERE stream = $1 ORDER BY tag', [stream]);
  return rows.map(toTagRecord);
}

const TAGS_AMONG = `SELECT r.tag FROM ${rowsByKey('$2::text[]', 'tag_rows', 'stream = $1 AND tag = k.key')}`;

export async function tagsAmong(sql: Sql, stream: number, tags: readonly string[]): Promise<Set<string>> {
  if (tags.length === 0) return new Set();
  const found = new Set((await sql.all<{ tag: string }>(TAGS_AMONG, [stream, tags])).map(({ tag }) => tag));
  return new Set(tags.filter((tag) => found.has(tag)));
}

type DriftRow = Tables['drift_rows'] & { data: string; recorded_at: string };

const DRIFT = 'SELECT d.*, e.data, e.recorded_at FROM drift_rows d JOIN events e ON e.position = d.position';

const toDrift = (row: DriftRow): DriftRecord => toDriftRecord(row, { data: row.data, recordedAt: row.recorded_at });

export async function readDrift(sql: Sql, stream: number): Promise<DriftRecord[]> {
  return (await sql.all<DriftRow>(`${DRIFT} WHERE d.stream = $1 ORDER BY d.position DESC`, [stream])).map(toDrift);
}

const DRIFTED = 'SELECT DISTINCT resource_id FROM drift_rows WHERE stream = $1 AND is_drifted = 1 ORDER BY resource_id';

export async function readDrifted(sql: Sql, stream: number): Promise<string[]> {
  return (await sql.all<{ resource_id: string }>(DRIFTED, [stream])).map(({ resource_id }) => resource_id);
}

const LAST_DRIFT = `
SELECT r.*, e.data, e.recorded_at
FROM ${rowsByKey('$2::text[]', 'drift_rows', 'stream = $1 AND resource_id = k.key ORDER BY position DESC LIMIT 1')}
JOIN events e ON e.position = r.position`;

/** The last finding for each resource, whatever became of it. */
export async function lastDriftOf(sql: Sql, stream: number, ids: readonly string[]): Promise<Map<string, DriftRecord>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.all<DriftRow>(LAST_DRIFT, [stream, ids]);
  return new Map(rows.map((row) => [row.resource_id, toDrift(row)]));
}

const DRIFT_RULES = 'SELECT * FROM drift_rule_rows WHERE stream = $1 ORDER BY position';

export async function readDriftRules(sql: Sql, stream: number): Promise<DriftRuleRecord[]> {
  return (await sql.all<Tables['drift_rule_rows']>(DRIFT_RULES, [stream])).map(toDriftRuleRecord);
}

type ExecutionRow = Tables['execution_rows'] & { data: string | null };

const EXECUTION = 'SELECT x.*, e.data FROM execution_rows x LEFT JOIN events e ON e.position = x.finished';

const toExecution = (row: ExecutionRow): ExecutionRecord => toExecutionRecord(row, row.data);

export async function readExecutions(sql: Sql, stream: number, limit: number): Promise<ExecutionRecord[]> {
  const text = `${EXECUTION} WHERE x.stream = $1 ORDER BY x.number DESC LIMIT $2`;
  return (await sql.all<ExecutionRow>(text, [stream, limit < 0 ? null : limit])).map(toExecution);
}

export async function executionById(sql: Sql, stream: number, id: string): Promise<ExecutionRecord | undefined> {
  const row = await sql.get<ExecutionRow>(`${EXECUTION} WHERE x.stream = $1 AND x.id = $2`, [stream, id]);
  return row && toExecution(row);
}
