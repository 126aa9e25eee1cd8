import type { DependencyRecord, EdgeRecord, OutputRecord } from '../../records.js';
import { toDependencyRecord, toOutputRecord } from '../../to-records.js';
import type { Sql } from '../sql.js';

interface OutputRow {
  position: number;
  version: number;
  data: string;
}

const OUTPUTS_AT_VERSION = `
SELECT e.position, e.version, e.data
FROM (SELECT DISTINCT name FROM output_history WHERE stream = $1) o
JOIN LATERAL (SELECT position, present FROM output_history WHERE stream = $1 AND name = o.name AND version <= $2
              ORDER BY version DESC LIMIT 1) h ON h.present = 1
JOIN events e ON e.position = h.position`;

const NAMES = 'SELECT name FROM output_rows WHERE stream = $1 ORDER BY name';

export const outputNames = async (sql: Sql, stream: number): Promise<string[]> =>
  (await sql.all<{ name: string }>(NAMES, [stream])).map(({ name }) => name);

export async function outputsAt(sql: Sql, stream: number, version = Number.MAX_SAFE_INTEGER): Promise<OutputRecord[]> {
  const rows = await sql.all<OutputRow>(`${OUTPUTS_AT_VERSION} ORDER BY o.name`, [stream, version]);
  return rows.map(toOutputRecord);
}

const OUTPUTS_OF = `
SELECT e.position, e.version, e.data
FROM unnest($3::text[]) o (name)
JOIN LATERAL (SELECT position, present FROM output_history WHERE stream = $1 AND name = o.name AND version <= $2
              ORDER BY version DESC LIMIT 1) h ON h.present = 1
JOIN events e ON e.position = h.position`;

export async function outputsOf(
  sql: Sql,
  stream: number,
  names: readonly string[],
  version = Number.MAX_SAFE_INTEGER,
): Promise<Map<string, OutputRecord>> {
  if (names.length === 0) return new Map();
  const rows = await sql.all<OutputRow>(OUTPUTS_OF, [stream, version, names]);
  const found = new Map(rows.map(toOutputRecord).map((output) => [output.name, output]));
  return new Map(names.flatMap((name) => (found.has(name) ? [[name, found.get(name) as OutputRecord]] : [])));
}

export interface DependencyRow {
  position: number;
  recordedAt: string;
  data: string;
}

const EVENT_OF_EDGE = 'SELECT e.position, e.recorded_at AS "recordedAt", e.data';
const DEPENDENCIES = `
${EVENT_OF_EDGE} FROM dependency_rows d JOIN events e ON e.position = d.position
WHERE d.stream = $1 ORDER BY d.address, d.target`;
/** The edges in force at a version, each with its event. */
const IN_FORCE = `
FROM (SELECT DISTINCT address, target FROM dependency_history WHERE stream = $1) d
JOIN LATERAL (SELECT position, present FROM dependency_history
              WHERE stream = $1 AND address = d.address AND target = d.target AND version <= $2
              ORDER BY version DESC LIMIT 1) h ON h.present = 1
JOIN events e ON e.position = h.position
ORDER BY d.address, d.target`;

export async function dependenciesAt(sql: Sql, stream: number, version?: number): Promise<DependencyRecord[]> {
  const rows =
    version === undefined
      ? await sql.all<DependencyRow>(DEPENDENCIES, [stream])
      : await sql.all<DependencyRow>(`${EVENT_OF_EDGE} ${IN_FORCE}`, [stream, version]);
  return rows.map(toDependencyRecord);
}

const EDGES = `
SELECT d.address, d.target, d.type, CASE d.type WHEN 'implicit' THEN (SELECT data FROM events WHERE position = d.position) END AS data
FROM dependency_rows d WHERE d.stream = $1 ORDER BY d.address, d.target`;

type EdgeRow = Omit<EdgeRecord, 'path'> & { readonly data: string | null };

export async function edgesAt(sql: Sql, stream: number, version?: number): Promise<EdgeRecord[]> {
  if (version !== undefined) {
    const edges = await dependenciesAt(sql, stream, version);
    return edges.map(({ address, target, type, path }) => ({ address, target, type, path }));
  }
  const rows = await sql.all<EdgeRow>(EDGES, [stream]);
  return rows.map(({ data, ...edge }) => ({ ...edge, path: data === null ? null : pathIn(data) }));
}

const pathIn = (data: string): string | null => toDependencyRecord({ data, position: 0, recordedAt: '' }).path;

const EDGES_OF = `
${EVENT_OF_EDGE}
FROM unnest($3::text[], $4::text[]) WITH ORDINALITY d (address, target, place)
JOIN LATERAL (SELECT position, present FROM dependency_history
              WHERE stream = $1 AND address = d.address AND target = d.target AND version <= $2
              ORDER BY version DESC LIMIT 1) h ON h.present = 1
JOIN events e ON e.position = h.position
ORDER BY d.place`;

/** Those of the edges that are there, in the order asked for. */
export async function edgesOf(
  sql: Sql,
  stream: number,
  edges: readonly (readonly [address: string, target: string])[],
  version = Number.MAX_SAFE_INTEGER,
): Promise<DependencyRecord[]> {
  if (edges.length === 0) return [];
  const values = [stream, version, edges.map(([address]) => address), edges.map(([, target]) => target)];
  return (await sql.all<DependencyRow>(EDGES_OF, values)).map(toDependencyRecord);
}
