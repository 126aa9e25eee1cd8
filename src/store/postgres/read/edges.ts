import type { LinkReads } from '../../edge-query.js';
import type { DependencyRecord } from '../../records.js';
import { resourceNumber } from '../../resource-id.js';
import { toDependencyRecord } from '../../to-records.js';
import type { Sql } from '../sql.js';
import { rowsByKey } from './by-keys.js';
import type { DependencyRow } from './outputs.js';
import { slotsByAddress } from './resources.js';

const edgesBy = (column: 'address' | 'target'): string => `
SELECT e.position, e.recorded_at AS "recordedAt", e.data
FROM ${rowsByKey('$2::text[]', 'dependency_rows', `stream = $1 AND ${column} = k.key`)}
JOIN events e ON e.position = r.position ORDER BY r.address, r.target`;
const FROM = edgesBy('address');
const TO = edgesBy('target');
const resourceWith = (column: 'address' | 'own_id' | 'identity'): string =>
  rowsByKey('$2::text[]', 'resource_rows', `stream = $1 AND ${column} = k.key AND position IS NOT NULL`);
const STANDING = `
SELECT r.address FROM ${resourceWith('address')}
UNION
SELECT r.address FROM unnest($2::text[]) k (name) CROSS JOIN LATERAL (
  SELECT address FROM resource_rows WHERE stream = $1 AND base = k.name AND position IS NOT NULL ORDER BY resource LIMIT $3) r
ORDER BY 1`;
const KNOWN = `
SELECT k.key AS value, r.address
FROM ${rowsByKey('$2::text[]', 'resource_rows', 'id = k.key AND stream = $1 AND position IS NOT NULL')}
UNION ALL
SELECT k.key, r.address FROM ${resourceWith('own_id')}
UNION ALL
SELECT k.key, r.address FROM ${resourceWith('identity')}
UNION ALL
SELECT 'res-' || k.key, r.address
FROM ${rowsByKey('$3::bigint[]', 'resource_rows', 'resource = k.key AND stream = $1 AND id IS NULL AND position IS NOT NULL')}`;

export function linkReads(sql: Sql, stream: number): LinkReads {
  const edges = async (text: string, keys: readonly string[]): Promise<DependencyRecord[]> =>
    keys.length === 0 ? [] : (await sql.all<DependencyRow>(text, [stream, keys])).map(toDependencyRecord);
  return {
    from: (addresses) => edges(FROM, addresses),
    to: (targets) => edges(TO, targets),
    standing: async (names, limit) => {
      const most = Math.min(limit, Number.MAX_SAFE_INTEGER);
      return (await sql.all<{ address: string }>(STANDING, [stream, names, most])).map(({ address }) => address);
    },
    known: async (values) => {
      if (values.length === 0) return [];
      return sql.all(KNOWN, [stream, values, values.flatMap((value) => resourceNumber(value) ?? [])]);
    },
    slots: (addresses) => slotsByAddress(sql, stream, addresses),
  };
}
