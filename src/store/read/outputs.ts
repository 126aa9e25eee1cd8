import { NO_ENTRIES } from '../../lib/no-entries.js';
import { answers } from '../facts.js';
import type { Eventual } from '../program.js';
import type { DependencyRecord, EdgeRecord, OutputRecord } from '../records.js';
import { toDependencyRecord, toEdgePath, toOutputRecord } from '../to-records.js';
import { ALL, DATA, inBoth, list, mapResult, type Sql } from './sql.js';

const OUTPUT = `SELECT e.position, e.version, ${DATA}`;
const OUTPUTS_AT_VERSION = inBoth(
  ({ valueAt }) => `
${OUTPUT} FROM (SELECT DISTINCT name FROM output_history WHERE stream = $1) o
${valueAt('output_history', 'stream = $1 AND name = o.name', '$2')}
ORDER BY o.name`,
);
const OUTPUTS_OF = inBoth(
  ({ keys, valueAt }) => `
${OUTPUT} FROM ${keys('$3::text[]')}
${valueAt('output_history', 'stream = $1 AND name = k.value', '$2')}`,
);

const NAMES = 'SELECT name FROM output_rows WHERE stream = $1 ORDER BY name';

export const outputNames = (sql: Sql, stream: number) =>
  list(sql, NAMES, [stream], ({ name }: { name: string }) => name);

export const outputsAt = (sql: Sql, stream: number, version = ALL) =>
  list(sql, OUTPUTS_AT_VERSION, [stream, version], toOutputRecord);

export function outputsOf(
  sql: Sql,
  stream: number,
  names: readonly string[],
  version = ALL,
): Eventual<ReadonlyMap<string, OutputRecord>> {
  if (names.length === 0) return NO_ENTRIES;
  return mapResult(list(sql, OUTPUTS_OF, [stream, version, names], toOutputRecord), (outputs) => {
    const found = new Map(outputs.map((output) => [output.name, output]));
    return answers(names, (name) => found.get(name));
  });
}

/** The columns that {@link toDependencyRecord} needs. */
export const EDGE = `SELECT e.position, e.recorded_at AS "recordedAt", ${DATA}`;

const DEPENDENCIES = `
${EDGE} FROM dependency_rows d JOIN events e ON e.position = d.position
WHERE d.stream = $1 ORDER BY d.address, d.target`;
/** The edges that exist at a version, each with its event. */
const inForce = (columns: string) =>
  inBoth(
    ({ valueAt }) => `
${columns} FROM (SELECT DISTINCT address, target FROM dependency_history WHERE stream = $1) d
${valueAt('dependency_history', 'stream = $1 AND address = d.address AND target = d.target', '$2')}
ORDER BY d.address, d.target`,
  );
const DEPENDENCIES_AT_VERSION = inForce(EDGE);

export const dependenciesAt = (sql: Sql, stream: number, version?: number) =>
  version === undefined
    ? list(sql, DEPENDENCIES, [stream], toDependencyRecord)
    : list(sql, DEPENDENCIES_AT_VERSION, [stream, version], toDependencyRecord);

const DEPENDENCIES_OF = inBoth(
  ({ pairs, valueAt }) => `
${EDGE} FROM ${pairs(3)}
${valueAt('dependency_history', 'stream = $1 AND address = k.one AND target = k.other', '$2')}`,
);

/** The existing edges among the requested ones, in the requested order. */
export function dependenciesOf(
  sql: Sql,
  stream: number,
  edges: readonly (readonly [address: string, target: string])[],
  version = ALL,
): Eventual<readonly DependencyRecord[]> {
  if (edges.length === 0) return [];
  const values = [stream, version, ...sql.pairs(edges)];
  return mapResult(list(sql, DEPENDENCIES_OF, values, toDependencyRecord), (records) => {
    const found = new Map(records.map((record) => [`${record.address}\n${record.target}`, record]));
    return edges.flatMap(([address, target]) => found.get(`${address}\n${target}`) ?? []);
  });
}

/**
 * SQLite returns the edges of a resource as one text, which takes half the time of a row for each (150,000 edges: 150 ms
 * instead of 313). PostgreSQL's JSON functions refuse characters that a path may contain, so the data is parsed here.
 */
const EDGES_IN_SQLITE = `
SELECT d.address, json_group_array(json_array(d.target, d.type,
  CASE d.type WHEN 'implicit' THEN (SELECT data ->> '$.path' FROM events WHERE position = d.position) END)) AS edges
FROM (SELECT * FROM dependency_rows WHERE stream = $1 ORDER BY address, target) d
GROUP BY d.address ORDER BY d.address`;
/** The schema version and the data of an event are one text, so that it is looked up once. */
const EDGES_IN_POSTGRES = `
SELECT d.address, d.target, d.type,
       CASE d.type WHEN 'implicit' THEN (SELECT schema_version || data FROM events WHERE position = d.position) END AS added
FROM dependency_rows d WHERE d.stream = $1 ORDER BY d.address, d.target`;
const EDGES_AT_VERSION = inForce(
  "SELECT d.address, d.target, e.data ->> '$.dependencyType' AS type, e.data ->> '$.path' AS path",
).sqlite;

export function edgesAt(sql: Sql, stream: number, version?: number): Eventual<EdgeRecord[]> {
  if (sql.dialect === 'postgres') {
    return version === undefined
      ? list(sql, EDGES_IN_POSTGRES, [stream], toEdge)
      : mapResult(dependenciesAt(sql, stream, version), (edges) => edges.map(withoutEvent));
  }
  return version === undefined
    ? mapResult(sql.all<EdgesRow>(EDGES_IN_SQLITE, [stream]), (rows) => rows.flatMap(toEdges))
    : sql.all<EdgeRecord>(EDGES_AT_VERSION, [stream, version]);
}

const withoutEvent = ({ address, target, type, path }: DependencyRecord): EdgeRecord => ({
  address,
  target,
  type,
  path,
});

const toEdge = ({ added, ...edge }: Omit<EdgeRecord, 'path'> & { readonly added: string | null }): EdgeRecord => ({
  ...edge,
  path: added === null ? null : pathOf(added),
});

function pathOf(added: string): string | null {
  const begin = added.indexOf('{');
  const schemaVersion = Number(added.slice(0, begin));
  return toEdgePath({ eventType: 'DependencyAdded', schemaVersion, data: added.slice(begin) });
}

interface EdgesRow {
  readonly address: string;
  readonly edges: string;
}

const toEdges = ({ address, edges }: EdgesRow): EdgeRecord[] =>
  (JSON.parse(edges) as [string, EdgeRecord['type'], string | null][]).map(([target, type, path]) => ({
    address,
    target,
    type,
    path,
  }));
