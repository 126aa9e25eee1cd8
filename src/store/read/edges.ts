import type { EdgeReads } from '../edge-query.js';
import { resourceNumber } from '../resource-id.js';
import { toDependencyRecord } from '../to-records.js';
import { EDGE } from './outputs.js';
import { resourcesByAddress } from './resources.js';
import { inBoth, list, type Sql } from './sql.js';

const edgesBy = (end: 'address' | 'target') =>
  inBoth(
    ({ byKey, join }) => `
${EDGE} FROM ${byKey('$2::text[]', 'dependency_rows', `r.stream = $1 AND r.${end} = k.value`)}
${join} events e ON e.position = r.position ORDER BY r.address, r.target`,
  );
const FROM = edgesBy('address');
const TO = edgesBy('target');

const IS_PRESENT = 'r.stream = $1 AND r.position IS NOT NULL';
const EXISTING = inBoth(
  ({ byKey }) => `
SELECT r.address FROM ${byKey('$2::text[]', 'resource_rows', `r.address = k.value AND ${IS_PRESENT}`)}
UNION
SELECT r.address FROM ${byKey(
    '$2::text[]',
    'resource_rows',
    `r.resource IN (SELECT resource FROM resource_rows WHERE stream = $1 AND base = k.value AND position IS NOT NULL
                    ORDER BY resource LIMIT $3)`,
  )}
ORDER BY 1`,
);
const NUMBERED = inBoth(
  ({ byKey }) => `
SELECT 'res-' || k.value, r.address
FROM ${byKey('$3::bigint[]', 'resource_rows', `r.resource = k.value AND r.id IS NULL AND ${IS_PRESENT}`)}`,
);
const knownBy = (column: 'id' | 'own_id' | 'identity') =>
  inBoth(
    ({ byKey }) =>
      `SELECT k.value, r.address FROM ${byKey('$2::text[]', 'resource_rows', `r.${column} = k.value AND ${IS_PRESENT}`)}`,
  ).postgres;
const KNOWN = {
  /** Looks up each value in three indexes. */
  sqlite: `
SELECT k.value, r.address FROM json_each($2) k CROSS JOIN resource_rows r
WHERE r.position IS NOT NULL
  AND (r.id = k.value AND r.stream = $1 OR r.stream = $1 AND r.own_id = k.value OR r.stream = $1 AND r.identity = k.value)
UNION ALL ${NUMBERED.sqlite}`,
  postgres: [knownBy('id'), knownBy('own_id'), knownBy('identity'), NUMBERED.postgres].join('\nUNION ALL\n'),
};

interface Known {
  readonly value: string;
  readonly address: string;
}

export function edgeReads(sql: Sql, stream: number): EdgeReads {
  const edges = (text: typeof FROM, keys: readonly string[]) =>
    keys.length === 0 ? [] : list(sql, text, [stream, keys], toDependencyRecord);
  return {
    from: (addresses) => edges(FROM, addresses),
    to: (targets) => edges(TO, targets),
    existing: (names, limit) =>
      list(sql, EXISTING, [stream, names, limit], ({ address }: { address: string }) => address),
    known: (values) =>
      values.length === 0
        ? []
        : sql.all<Known>(KNOWN, [stream, values, values.flatMap((value) => resourceNumber(value) ?? [])]),
    resources: (addresses) => resourcesByAddress(sql, stream, addresses),
  };
}
