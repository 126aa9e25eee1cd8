import type { LinkReads } from '../../edge-query.js';
import type { DependencyRecord } from '../../records.js';
import { resourceNumber } from '../../resource-id.js';
import { toDependencyRecord } from '../../to-records.js';
import type { Statements } from '../statements.js';
import type { DependencyRow } from './outputs.js';
import { slotsByAddress } from './resources.js';

/**
 * The keys are a JSON array, so that many are found by one statement. CROSS JOIN keeps SQLite from reading the array once
 * for each row of a table, which it takes for the better way.
 */
const EDGES = `
SELECT e.position, e.recorded_at AS recordedAt, e.data
FROM json_each(?) k`;
const FROM = `${EDGES}
CROSS JOIN dependency_rows d ON d.stream = ? AND d.address = k.value
CROSS JOIN events e ON e.position = d.position
ORDER BY d.address, d.target`;
const TO = `${EDGES}
CROSS JOIN dependency_rows d ON d.stream = ? AND d.target = k.value
CROSS JOIN events e ON e.position = d.position
ORDER BY d.address, d.target`;
const STANDING = `
SELECT r.address FROM json_each(:keys) k
CROSS JOIN resource_rows r ON r.stream = :stream AND r.address = k.value AND r.position IS NOT NULL
UNION
SELECT r.address FROM json_each(:keys) k CROSS JOIN resource_rows r ON r.resource IN (
  SELECT resource FROM resource_rows WHERE stream = :stream AND base = k.value AND position IS NOT NULL LIMIT :limit)
ORDER BY 1`;
/** Of a resource that is known by a value in two ways one row: each value is looked up in three indexes at once. */
const KNOWN = `
SELECT k.value, r.address FROM json_each(?) k CROSS JOIN resource_rows r
WHERE r.position IS NOT NULL AND (r.id = k.value AND r.stream = ? OR r.stream = ? AND r.own_id = k.value OR r.stream = ? AND r.identity = k.value)`;
const NUMBERED = `
SELECT 'res-' || r.resource AS value, r.address FROM json_each(?) k
CROSS JOIN resource_rows r ON r.resource = k.value AND r.stream = ? AND r.id IS NULL AND r.position IS NOT NULL`;

interface Known {
  readonly value: string;
  readonly address: string;
}

export function linkReads(sql: Statements, stream: number): LinkReads {
  const edges = (statement: string, keys: readonly string[]): DependencyRecord[] =>
    keys.length === 0
      ? []
      : (sql(statement).all(JSON.stringify(keys), stream) as DependencyRow[]).map(toDependencyRecord);
  return {
    from: (addresses) => edges(FROM, addresses),
    to: (targets) => edges(TO, targets),
    standing: (names, limit) =>
      sql(STANDING)
        .pluck()
        .all({ stream, keys: JSON.stringify(names), limit }) as string[],
    known: (values) => {
      if (values.length === 0) return [];
      const known = sql(KNOWN).all(JSON.stringify(values), stream, stream, stream) as Known[];
      const numbers = values.flatMap((value) => resourceNumber(value) ?? []);
      if (numbers.length === 0) return known;
      return [...known, ...(sql(NUMBERED).all(JSON.stringify(numbers), stream) as Known[])];
    },
    slots: (addresses) => slotsByAddress(sql, stream, addresses),
  };
}
