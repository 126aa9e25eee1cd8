import type { DependencyRecord, EdgeRecord, OutputRecord } from '../../records.js';
import { toDependencyRecord, toOutputRecord } from '../../to-records.js';
import type { Statements } from '../statements.js';

interface OutputRow {
  position: number;
  version: number;
  data: string;
}

const OUTPUTS_AT_VERSION = `
SELECT e.position, e.version, e.data
FROM (SELECT DISTINCT name FROM output_history WHERE stream = :stream) o
JOIN output_history h ON h.stream = :stream AND h.name = o.name AND h.present = 1
 AND h.version = (SELECT max(version) FROM output_history WHERE stream = :stream AND name = o.name AND version <= :version)
JOIN events e ON e.position = h.position
ORDER BY o.name`;
const OUTPUT_AT_VERSION = `
SELECT e.position, e.version, e.data, h.present
FROM output_history h JOIN events e ON e.position = h.position
WHERE h.stream = :stream AND h.name = :name AND h.version <= :version
ORDER BY h.version DESC LIMIT 1`;

const NAMES = 'SELECT name FROM output_rows WHERE stream = ? ORDER BY name';

export const outputNames = (sql: Statements, stream: number): string[] => sql(NAMES).pluck().all(stream) as string[];

export function outputsAt(sql: Statements, stream: number, version = Number.MAX_SAFE_INTEGER): OutputRecord[] {
  return (sql(OUTPUTS_AT_VERSION).all({ stream, version }) as OutputRow[]).map(toOutputRecord);
}

export function outputAt(
  sql: Statements,
  stream: number,
  name: string,
  version = Number.MAX_SAFE_INTEGER,
): OutputRecord | undefined {
  const row = sql(OUTPUT_AT_VERSION).get({ stream, name, version }) as (OutputRow & { present: number }) | undefined;
  return row?.present === 1 ? toOutputRecord(row) : undefined;
}

export interface DependencyRow {
  position: number;
  recordedAt: string;
  data: string;
}

const DEPENDENCIES = `
SELECT e.position, e.recorded_at AS recordedAt, e.data FROM dependency_rows d JOIN events e ON e.position = d.position
WHERE d.stream = :stream ORDER BY d.address, d.target`;
/** :version picks the edges in force at that version, each with its event. */
const IN_FORCE = `
FROM (SELECT DISTINCT address, target FROM dependency_history WHERE stream = :stream) d
JOIN dependency_history h ON h.stream = :stream AND h.address = d.address AND h.target = d.target AND h.present = 1
 AND h.version = (SELECT max(version) FROM dependency_history
                  WHERE stream = :stream AND address = d.address AND target = d.target AND version <= :version)
JOIN events e ON e.position = h.position
ORDER BY d.address, d.target`;
const DEPENDENCIES_AT_VERSION = `
SELECT e.position, e.recorded_at AS recordedAt, e.data ${IN_FORCE}`;
const DEPENDENCY_AT_VERSION = `
SELECT e.position, e.recorded_at AS recordedAt, e.data, h.present
FROM dependency_history h JOIN events e ON e.position = h.position
WHERE h.stream = :stream AND h.address = :address AND h.target = :target AND h.version <= :version
ORDER BY h.version DESC LIMIT 1`;

export function dependenciesAt(sql: Statements, stream: number, version?: number): DependencyRecord[] {
  const rows =
    version === undefined ? sql(DEPENDENCIES).all({ stream }) : sql(DEPENDENCIES_AT_VERSION).all({ stream, version });
  return (rows as DependencyRow[]).map(toDependencyRecord);
}

/** Those of a resource in one text: it is read in half the time of a row for each (150,000 edges: 150 ms, not 313). */
const EDGES = `
SELECT d.address, json_group_array(json_array(d.target, d.type,
  CASE d.type WHEN 'implicit' THEN (SELECT data ->> '$.path' FROM events WHERE position = d.position) END)) AS edges
FROM (SELECT * FROM dependency_rows WHERE stream = ? ORDER BY address, target) d
GROUP BY d.address ORDER BY d.address`;
const EDGES_AT_VERSION = `
SELECT d.address, d.target, e.data ->> '$.dependencyType' AS type, e.data ->> '$.path' AS path ${IN_FORCE}`;

export function edgesAt(sql: Statements, stream: number, version?: number): EdgeRecord[] {
  if (version !== undefined) return sql(EDGES_AT_VERSION).all({ stream, version }) as EdgeRecord[];
  return (sql(EDGES).all(stream) as { address: string; edges: string }[]).flatMap(({ address, edges }) =>
    (JSON.parse(edges) as [string, EdgeRecord['type'], string | null][]).map(([target, type, path]) => ({
      address,
      target,
      type,
      path,
    })),
  );
}

export function dependencyAt(
  sql: Statements,
  stream: number,
  [address, target]: readonly [string, string],
  version = Number.MAX_SAFE_INTEGER,
): DependencyRecord | undefined {
  const row = sql(DEPENDENCY_AT_VERSION).get({ stream, address, target, version }) as
    | (DependencyRow & { present: number })
    | undefined;
  return row?.present === 1 ? toDependencyRecord(row) : undefined;
}
