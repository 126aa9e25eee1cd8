import type { StoredEvent } from '../../../events/index.js';
import { parseStoredJson } from '../../../kernel/json.js';
import type { NodeRecord, PresentSlot, ResourceRecord, ResourceSlot } from '../../records.js';
import { resourceNumber } from '../../resource-id.js';
import { toNodeRecord, toResourceRecord, toResourceSlot } from '../../to-records.js';
import type { Sql } from '../sql.js';
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

const SLOT = `
SELECT r.resource, r.stream, r.address, r.module, r.type, r.name, r.id, e.data
FROM resource_rows r LEFT JOIN events e ON e.position = r.position`;
const SLOTS_BY_ADDRESS = `${SLOT} WHERE r.stream = $1 AND r.address = ANY ($2)`;
const SLOTS_BY_ID = `${SLOT} WHERE r.id = ANY ($1) OR r.resource = ANY ($2::bigint[])`;

const toSlot = (row: SlotRow): Slot => toResourceSlot(row, row.data);

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
const AT_VERSION = `
SELECT r.resource, r.address, r.module, r.type, r.name, e.position, e.version, e.data,
       c.recorded_at AS created_at, e.recorded_at AS updated_at
FROM resource_rows r
JOIN LATERAL (SELECT position, present FROM resource_history WHERE resource = r.resource AND version <= $2
              ORDER BY version DESC LIMIT 1) h ON h.present = 1
JOIN events e ON e.position = h.position
JOIN events c ON c.position = r.resource
WHERE r.stream = $1`;

const toRecord = (row: RecordRow): ResourceRecord =>
  toResourceRecord(row, { ...row, recordedAt: row.updated_at }, row.created_at);

export async function resourcesOf(
  sql: Sql,
  stream: number,
  addresses: readonly string[],
  version = Number.MAX_SAFE_INTEGER,
): Promise<Map<string, ResourceRecord>> {
  const rows = await sql.all<RecordRow>(`${AT_VERSION} AND r.address = ANY ($3)`, [stream, version, addresses]);
  return new Map(rows.map((row) => [row.address, toRecord(row)]));
}

export async function resourcesAt(
  sql: Sql,
  stream: number,
  version = Number.MAX_SAFE_INTEGER,
): Promise<ResourceRecord[]> {
  return (await sql.all<RecordRow>(`${AT_VERSION} ORDER BY r.address`, [stream, version])).map(toRecord);
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
  return rows.map((row) => toNodeRecord(row, (parseStoredJson(row.data) as { readonly id?: string }).id ?? null));
}

const AFTER = `${SLOT} WHERE r.stream = $1 AND r.address > $2 AND r.position IS NOT NULL ORDER BY r.address LIMIT $3`;

export async function resourcesAfter(sql: Sql, stream: number, address: string, limit: number): Promise<PresentSlot[]> {
  return (await sql.all<SlotRow>(AFTER, [stream, address, limit])).map(toSlot) as unknown as PresentSlot[];
}

const RESOURCE_HISTORY = `
SELECT ${EVENT} FROM events
WHERE position IN (SELECT h.position FROM resource_rows r JOIN resource_history h ON h.resource = r.resource
                   WHERE r.stream = $1 AND r.address = $2)
ORDER BY position`;

/** The events of one resource, oldest first. */
export const resourceHistory = (sql: Sql, stream: number, address: string): Promise<StoredEvent[]> =>
  sql.all(RESOURCE_HISTORY, [stream, address]);
