import type { StoredEvent } from '../../../events/index.js';
import { NO_ENTRIES } from '../../../lib/no-entries.js';
import type { Page } from '../../event-store.js';
import type { NodeRecord, ResourceName, ResourceRecord, ResourceSlot } from '../../records.js';
import { resourceNumber } from '../../resource-id.js';
import { toNodeRecord, toResourceRecord, toResourceSlot } from '../../to-records.js';
import { valueAt } from '../history.js';
import type { Statements } from '../statements.js';
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

/** Each key of a JSON array is looked up by an index. */
const slots = (where: string): string => `
SELECT r.resource, r.stream, r.address, r.module, r.type, r.name, r.id, e.data
FROM json_each(:keys) k CROSS JOIN resource_rows r ON ${where} LEFT JOIN events e ON e.position = r.position`;
const SLOTS_BY_ADDRESS = slots('r.stream = :stream AND r.address = k.value');
const SLOTS_BY_ID = slots('r.id = k.value');
const SLOTS_BY_NUMBER = slots('r.resource = k.value');

type Slot = ResourceSlot & { readonly stream: number };

/** By address, in the order asked for. */
export function slotsByAddress(
  sql: Statements,
  stream: number,
  addresses: readonly string[] | undefined,
): ReadonlyMap<string, Slot> {
  if (addresses === undefined || addresses.length === 0) return NO_ENTRIES;
  const rows = sql(SLOTS_BY_ADDRESS).all({ stream, keys: JSON.stringify(addresses) }) as SlotRow[];
  return new Map(rows.map((row) => [row.address, toResourceSlot(row, row.data)]));
}

/** By the id asked for: a caller's, or `res-` and the number. */
export function slotsById(sql: Statements, ids: readonly string[] | undefined): ReadonlyMap<string, Slot> {
  if (ids === undefined || ids.length === 0) return NO_ENTRIES;
  const numbers = new Map(ids.flatMap((id) => [[resourceNumber(id), id] as const]));
  const find = (statement: string, keys: readonly unknown[]): SlotRow[] =>
    keys.length === 0 ? [] : (sql(statement).all({ keys: JSON.stringify(keys) }) as SlotRow[]);
  const own = find(
    SLOTS_BY_ID,
    ids.filter((id) => resourceNumber(id) === undefined),
  );
  const numbered = find(
    SLOTS_BY_NUMBER,
    [...numbers.keys()].filter((number) => number !== undefined),
  );
  return new Map([
    ...own.map((row) => [row.id as string, toResourceSlot(row, row.data)] as const),
    ...numbered.map((row) => [numbers.get(row.resource) as string, toResourceSlot(row, row.data)] as const),
  ]);
}

export const addressesOf = (sql: Statements, stream: number, ids: readonly string[]): ReadonlyMap<string, string> =>
  new Map([...slotsById(sql, ids)].flatMap(([id, slot]) => (slot.stream === stream ? [[id, slot.address]] : [])));

const PRESENT = `
SELECT resource, id, address, module, type, name FROM resource_rows
WHERE stream = ? AND position IS NOT NULL ORDER BY address`;

export const resourceNames = (sql: Statements, stream: number): ResourceName[] =>
  sql(PRESENT).all(stream) as ResourceName[];

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

const VALUES = `
SELECT r.resource, r.address, r.module, r.type, r.name, e.position, e.version, e.data,
       c.recorded_at AS created_at, e.recorded_at AS updated_at`;
const FROM_ALL = 'FROM resource_rows r';
/** Each address of a list is looked up by the index. */
const FROM_SOME = `
FROM json_each(:addresses) k CROSS JOIN resource_rows r ON r.stream = :stream AND r.address = k.value`;
/** The values as they are, and as they were at :version. */
const NOW = 'CROSS JOIN events e ON e.position = r.position CROSS JOIN events c ON c.position = r.resource';
const THEN = `CROSS JOIN events e ON e.position = ${valueAt(':version')} CROSS JOIN events c ON c.position = r.resource`;
const PAGE = 'WHERE r.stream = :stream AND r.address > :after ORDER BY r.address LIMIT :limit';
const SOME = `${VALUES} ${FROM_SOME} ${NOW}`;
const SOME_AT_VERSION = `${VALUES} ${FROM_SOME} ${THEN}`;
const [RESOURCES, RESOURCES_AT_VERSION] = [
  `${VALUES} ${FROM_ALL} ${NOW} ${PAGE}`,
  `${VALUES} ${FROM_ALL} ${THEN} ${PAGE}`,
];

const toRecord = (row: RecordRow): ResourceRecord =>
  toResourceRecord(row, { recordedAt: row.updated_at, ...row }, row.created_at);

export function resourcesOf(
  sql: Statements,
  stream: number,
  keys: readonly string[],
  version?: number,
): ReadonlyMap<string, ResourceRecord> {
  if (keys.length === 0) return NO_ENTRIES;
  const addresses = JSON.stringify(keys);
  const rows =
    version === undefined
      ? sql(SOME).all({ stream, addresses })
      : sql(SOME_AT_VERSION).all({ stream, addresses, version });
  return new Map((rows as RecordRow[]).map((row) => [row.address, toRecord(row)]));
}

export function resourcesAt(
  sql: Statements,
  stream: number,
  version?: number,
  { after = '', limit = -1 }: Page = {},
): ResourceRecord[] {
  const rows =
    version === undefined
      ? sql(RESOURCES).all({ stream, after, limit })
      : sql(RESOURCES_AT_VERSION).all({ stream, version, after, limit });
  return (rows as RecordRow[]).map(toRecord);
}

interface NodeRow {
  resource: number;
  address: string;
  base: string | null;
  type: string;
  id: string | null;
}

const NODES = `
SELECT resource, address, base, type, id FROM resource_rows
WHERE stream = :stream AND position IS NOT NULL ORDER BY address`;
/** The row's own id is today's. */
const NODES_AT_VERSION = `
SELECT r.resource, r.address, r.base, r.type, e.data ->> '$.id' AS id
FROM resource_rows r JOIN events e ON e.position = ${valueAt(':version')}
WHERE r.stream = :stream ORDER BY r.address`;

export function nodesAt(sql: Statements, stream: number, version?: number): NodeRecord[] {
  const rows = version === undefined ? sql(NODES).all({ stream }) : sql(NODES_AT_VERSION).all({ stream, version });
  return (rows as NodeRow[]).map((row) => toNodeRecord(row, row.id));
}

const RESOURCE_HISTORY = `
SELECT ${EVENT} FROM events
WHERE position IN (SELECT h.position FROM resource_rows r JOIN resource_history h ON h.resource = r.resource
                   WHERE r.stream = :stream AND r.address = :address)
ORDER BY position`;

/** The events of one resource, oldest first. */
export const resourceHistory = (sql: Statements, stream: number, address: string): StoredEvent[] =>
  sql(RESOURCE_HISTORY).all({ stream, address }) as StoredEvent[];
