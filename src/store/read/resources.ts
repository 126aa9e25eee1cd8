import type { StoredData, StoredEvent } from '../../events/index.js';
import { NO_ENTRIES } from '../../lib/no-entries.js';
import { answers } from '../facts.js';
import type { Eventual } from '../program.js';
import type { ResourceName, ResourceRecord, StoredResource } from '../records.js';
import { resourceNumber } from '../resource-id.js';
import type { Page } from '../snapshot.js';
import type { Tables } from '../tables.js';
import { toNodeRecord, toResourceId, toResourceRecord, toStoredResource, type ValueEvent } from '../to-records.js';
import { EVENT } from './log.js';
import { ALL, DATA, dataOf, inBoth, list, type MaybeData, mapResult, type Sql } from './sql.js';

type ResourceRow = Tables['resource_rows'];
type StoredResourceRow = Omit<ResourceRow, 'base' | 'own_id' | 'identity' | 'position'> & MaybeData;
type ResourceOfStack = StoredResource & { readonly stream: number };

const storedResources = (from: string): string => `
SELECT r.resource, r.stream, r.address, r.module, r.type, r.name, r.id, ${DATA}
FROM ${from} LEFT JOIN events e ON e.position = r.position`;
const RESOURCES_BY_ADDRESS = inBoth(({ byKey }) =>
  storedResources(byKey('$2::text[]', 'resource_rows', 'r.stream = $1 AND r.address = k.value')),
);
const RESOURCES_BY_ID = inBoth(
  ({ byKey }) => `
${storedResources(byKey('$1::text[]', 'resource_rows', 'r.id = k.value'))}
UNION ALL
${storedResources(byKey('$2::bigint[]', 'resource_rows', 'r.resource = k.value'))}`,
);

const toStored = (row: StoredResourceRow): ResourceOfStack => toStoredResource(row, dataOf(row));

/** By address, in the requested order. */
export function resourcesByAddress(
  sql: Sql,
  stream: number,
  addresses: readonly string[],
): Eventual<ReadonlyMap<string, StoredResource>> {
  if (addresses.length === 0) return NO_ENTRIES;
  return mapResult(list(sql, RESOURCES_BY_ADDRESS, [stream, addresses], toStored), (found) => {
    const byAddress = new Map(found.map((stored) => [stored.address, stored]));
    return answers(addresses, (address) => byAddress.get(address));
  });
}

/** By the requested id: a caller's, or `res-` and the number. */
export function resourcesWithId(sql: Sql, ids: readonly string[]): Eventual<ReadonlyMap<string, ResourceOfStack>> {
  if (ids.length === 0) return NO_ENTRIES;
  const own = ids.filter((id) => resourceNumber(id) === undefined);
  const numbers = ids.flatMap((id) => resourceNumber(id) ?? []);
  return mapResult(list(sql, RESOURCES_BY_ID, [own, numbers], toStored), (found) => {
    const byId = new Map(found.map((stored) => [stored.id, stored]));
    const byNumber = new Map(found.map((stored) => [stored.resource, stored]));
    return answers(ids, (id) => {
      const number = resourceNumber(id);
      return number === undefined ? byId.get(id) : byNumber.get(number);
    });
  });
}

export const addressesOf = (sql: Sql, stream: number, ids: readonly string[]): Eventual<ReadonlyMap<string, string>> =>
  mapResult(resourcesWithId(sql, ids), (found) =>
    answers(ids, (id) => {
      const stored = found.get(id);
      return stored?.stream === stream ? stored.address : undefined;
    }),
  );

const PRESENT = `
SELECT resource, id, address, module, type, name FROM resource_rows
WHERE stream = $1 AND position IS NOT NULL ORDER BY address`;

export const resourceNames = (sql: Sql, stream: number) => sql.all<ResourceName>(PRESENT, [stream]);

type RecordRow = Pick<ResourceRow, 'resource' | 'address' | 'module' | 'type' | 'name'> &
  ValueEvent & { readonly createdAt: string };

const valuesOf = (from: string, value: string, join: string): string => `
SELECT r.resource, r.address, r.module, r.type, r.name, e.position, e.version, ${DATA},
       c.recorded_at AS "createdAt", e.recorded_at AS "recordedAt"
FROM ${from} ${value} ${join} events c ON c.position = r.resource`;
const NOW = 'events e ON e.position = r.position';
const OF_RESOURCE = 'resource = r.resource';
const SOME = ['$2::text[]', 'resource_rows', 'r.stream = $1 AND r.address = k.value'] as const;
const PAGE = 'WHERE r.stream = $1 AND r.address > $2 ORDER BY r.address LIMIT $3';

const RESOURCES = inBoth(({ join }) => `${valuesOf('resource_rows r', `${join} ${NOW}`, join)} ${PAGE}`);
const RESOURCES_AT_VERSION = inBoth(
  ({ join, valueAt }) => `${valuesOf('resource_rows r', valueAt('resource_history', OF_RESOURCE, '$4'), join)} ${PAGE}`,
);
const RESOURCES_OF = inBoth(({ join, byKey }) => valuesOf(byKey(...SOME), `${join} ${NOW}`, join));
const RESOURCES_OF_AT_VERSION = inBoth(({ join, byKey, valueAt }) =>
  valuesOf(byKey(...SOME), valueAt('resource_history', OF_RESOURCE, '$3'), join),
);

const toRecord = (row: RecordRow): ResourceRecord => toResourceRecord(row, row, row.createdAt);

export function resourcesOf(
  sql: Sql,
  stream: number,
  addresses: readonly string[],
  version?: number,
): Eventual<ReadonlyMap<string, ResourceRecord>> {
  if (addresses.length === 0) return NO_ENTRIES;
  const found =
    version === undefined
      ? list(sql, RESOURCES_OF, [stream, addresses], toRecord)
      : list(sql, RESOURCES_OF_AT_VERSION, [stream, addresses, version], toRecord);
  return mapResult(found, (records) => new Map(records.map((record) => [record.address, record])));
}

export const resourcesAt = (
  sql: Sql,
  stream: number,
  version?: number,
  { after = '', limit = ALL }: Page = {},
): Eventual<ResourceRecord[]> =>
  version === undefined
    ? list(sql, RESOURCES, [stream, after, limit], toRecord)
    : list(sql, RESOURCES_AT_VERSION, [stream, after, limit, version], toRecord);

type NodeRow = Pick<ResourceRow, 'resource' | 'address' | 'base' | 'type'>;

const NODES = `
SELECT resource, address, base, type, id FROM resource_rows
WHERE stream = $1 AND position IS NOT NULL ORDER BY address`;
/**
 * The id in the row is the current one, so the id at a version comes from the event, where SQLite finds it faster than a
 * parser of the whole value. PostgreSQL's JSON functions refuse characters that a document may contain, so it is parsed here.
 */
const NODES_AT_VERSION = inBoth(
  ({ join, valueAt }) => `
SELECT r.resource, r.address, r.base, r.type, ${join === 'JOIN' ? DATA : "e.data ->> '$.id' AS id"}
FROM resource_rows r ${valueAt('resource_history', OF_RESOURCE, '$2')}
WHERE r.stream = $1 ORDER BY r.address`,
);

export const nodesAt = (sql: Sql, stream: number, version?: number) =>
  version === undefined
    ? list(sql, NODES, [stream], (row: NodeRow & { id: string | null }) => toNodeRecord(row, row.id))
    : list(sql, NODES_AT_VERSION, [stream, version], (row: NodeRow & ({ id: string | null } | StoredData)) =>
        toNodeRecord(row, 'id' in row ? row.id : toResourceId(row)),
      );

const RESOURCE_HISTORY = `
SELECT ${EVENT} FROM events
WHERE position IN (SELECT h.position FROM resource_rows r JOIN resource_history h ON h.resource = r.resource
                   WHERE r.stream = $1 AND r.address = $2)
ORDER BY position`;

/** The events of one resource, oldest first. */
export const resourceHistory = (sql: Sql, stream: number, address: string) =>
  sql.all<StoredEvent>(RESOURCE_HISTORY, [stream, address]);
