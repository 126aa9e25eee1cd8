import { readData, type StoredEvent } from '../../../events/index.js';
import type { Page } from '../../event-store.js';
import type { NodeRecord, ResourceName, ResourceRecord, ResourceSlot } from '../../records.js';
import { resourceNumber } from '../../resource-id.js';
import { toNodeRecord, toResourceRecord, toResourceSlot } from '../../to-records.js';
import type { Sql } from '../sql.js';
import { rowsByKey } from './by-keys.js';
import { EVENT } from './log.js';

interface SlotRow {
  resource: number;
  stream: number;
  address: string;
  module: string;
  type: string;
  name: string;
  id: string | null;
  data: string | null;
}

type Slot = ResourceSlot & { readonly stream: number };

const slots = (from: string): string => `
SELECT r.resource, r.stream, r.address, r.module, r.type, r.name, r.id, e.data
FROM ${from} LEFT JOIN events e ON e.position = r.position`;
const SLOTS_BY_ADDRESS = slots(rowsByKey('$2::text[]', 'resource_rows', 'stream = $1 AND address = k.key'));
const SLOTS_BY_ID = `
${slots(rowsByKey('$1::text[]', 'resource_rows', 'id = k.key'))}
UNION ALL
${slots(rowsByKey('$2::bigint[]', 'resource_rows', 'resource = k.key'))}`;

const toSlot = (row: SlotRow): Slot => toResourceSlot(row, row.data);

const PRESENT = `
SELECT resource, id, address, module, type, name FROM resource_rows
WHERE stream = $1 AND position IS NOT NULL ORDER BY address`;

export const resourceNames = (sql: Sql, stream: number): Promise<ResourceName[]> => sql.all(PRESENT, [stream]);

/** By address, in the order asked for. */
export async function slotsByAddress(
  sql: Sql,
  stream: number,
  addresses: readonly string[],
): Promise<Map<string, ResourceSlot>> {
  if (addresses.length === 0) return new Map();
  const rows = await sql.all<SlotRow>(SLOTS_BY_ADDRESS, [stream, addresses]);
  const found = new Map(rows.map((row) => [row.address, toSlot(row)]));
  return pick(addresses, (address) => found.get(address));
}

/** By the id asked for: a caller's, or `res-` and the number. */
export async function slotsById(sql: Sql, ids: readonly string[]): Promise<Map<string, Slot>> {
  if (ids.length === 0) return new Map();
  const numbers = ids.flatMap((id) => resourceNumber(id) ?? []);
  const rows = await sql.all<SlotRow>(SLOTS_BY_ID, [ids.filter((id) => resourceNumber(id) === undefined), numbers]);
  return pick(ids, (id) => {
    const number = resourceNumber(id);
    const row = rows.find((one) => (number === undefined ? one.id === id : one.resource === number));
    return row && toSlot(row);
  });
}

export async function addressesOf(sql: Sql, stream: number, ids: readonly string[]): Promise<Map<string, string>> {
  const found = await slotsById(sql, ids);
  return pick(ids, (id) => {
    const slot = found.get(id);
    return slot?.stream === stream ? slot.address : undefined;
  });
}

function pick<T>(keys: readonly string[], find: (key: string) => T | undefined): Map<string, T> {
  const found = new Map<string, T>();
  for (const key of keys) {
    const value = find(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

interface RecordRow {
  resource: number;
  address: string;
  module: string;
  type: string;
  name: string;
  position: number;
  version: number;
  data: string;
  created_at: string;
  updated_at: string;
}

/** The value in force at a version: the row with the largest version not above it. */
const atVersion = (from: string): string => `
SELECT r.resource, r.address, r.module, r.type, r.name, e.position, e.version, e.data,
       c.recorded_at AS created_at, e.recorded_at AS updated_at
FROM ${from}
JOIN LATERAL (SELECT position, present FROM resource_history WHERE resource = r.resource AND version <= $2
              ORDER BY version DESC LIMIT 1) h ON h.present = 1
JOIN events e ON e.position = h.position
JOIN events c ON c.position = r.resource`;
const ALL_AT_VERSION = `${atVersion('resource_rows r')} WHERE r.stream = $1 AND r.address > $3 ORDER BY r.address LIMIT $4`;
const SOME_AT_VERSION = atVersion(rowsByKey('$3::text[]', 'resource_rows', 'stream = $1 AND address = k.key'));

const toRecord = (row: RecordRow): ResourceRecord =>
  toResourceRecord(row, { recordedAt: row.updated_at, ...row }, row.created_at);

export async function resourcesOf(
  sql: Sql,
  stream: number,
  addresses: readonly string[],
  version = Number.MAX_SAFE_INTEGER,
): Promise<Map<string, ResourceRecord>> {
  if (addresses.length === 0) return new Map();
  const rows = await sql.all<RecordRow>(SOME_AT_VERSION, [stream, version, addresses]);
  return new Map(rows.map((row) => [row.address, toRecord(row)]));
}

export async function resourcesAt(
  sql: Sql,
  stream: number,
  version = Number.MAX_SAFE_INTEGER,
  { after = '', limit }: Page = {},
): Promise<ResourceRecord[]> {
  return (await sql.all<RecordRow>(ALL_AT_VERSION, [stream, version, after, limit ?? null])).map(toRecord);
}

interface NodeRow {
  resource: number;
  address: string;
  base: string | null;
  type: string;
  id: string | null;
}

const NODES = `
SELECT resource, address, base, type, id FROM resource_rows WHERE stream = $1 AND position IS NOT NULL ORDER BY address`;
/** The row's own id is today's. */
const NODES_AT_VERSION = `
SELECT r.resource, r.address, r.base, r.type, e.data
FROM resource_rows r
JOIN LATERAL (SELECT position, present FROM resource_history WHERE resource = r.resource AND version <= $2
              ORDER BY version DESC LIMIT 1) h ON h.present = 1
JOIN events e ON e.position = h.position
WHERE r.stream = $1 ORDER BY r.address`;

export async function nodesAt(sql: Sql, stream: number, version?: number): Promise<NodeRecord[]> {
  if (version === undefined) {
    return (await sql.all<NodeRow>(NODES, [stream])).map((row) => toNodeRecord(row, row.id));
  }
  const rows = await sql.all<Omit<NodeRow, 'id'> & { data: string }>(NODES_AT_VERSION, [stream, version]);
  return rows.map((row) => toNodeRecord(row, readData('ResourceCreated', row.data).id ?? null));
}

const RESOURCE_HISTORY = `
SELECT ${EVENT} FROM events
WHERE position IN (SELECT h.position FROM resource_rows r JOIN resource_history h ON h.resource = r.resource
                   WHERE r.stream = $1 AND r.address = $2)
ORDER BY position`;

/** The events of one resource, oldest first. */
export const resourceHistory = (sql: Sql, stream: number, address: string): Promise<StoredEvent[]> =>
  sql.all(RESOURCE_HISTORY, [stream, address]);
