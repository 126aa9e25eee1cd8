import type { StoredEvent } from '../../../src/events/index.js';
import { byBytes } from '../../../src/lib/order.js';
import type { Page } from '../../../src/store/event-store.js';
import type { NodeRecord, ResourceName, ResourceRecord, StoredResource } from '../../../src/store/records.js';
import { resourceNumber } from '../../../src/store/resource-id.js';
import type { Tables } from '../../../src/store/tables.js';
import { toNodeRecord, toResourceId, toResourceRecord, toStoredResource } from '../../../src/store/to-records.js';
import { eventAt, valueAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { inForce, limited, rowsOf } from './rows.js';

type ResourceRow = Tables['resource_rows'];

const toStored = ({ log }: MemoryState, row: ResourceRow) =>
  toStoredResource(row, row.position === null ? null : valueAt(log, row.position));

/** Finds the resources of one stream by address; scans the table once for all addresses. */
export function resourcesByAddress(
  state: MemoryState,
  stream: number,
): (address: string) => StoredResource | undefined {
  const rows = new Map(rowsOf(state.tables.resource_rows, stream).map((row) => [row.address, row]));
  return (address) => {
    const row = rows.get(address);
    return row && toStored(state, row);
  };
}

export const resourceNames = ({ tables }: MemoryState, stream: number): ResourceName[] =>
  rowsOf(tables.resource_rows, stream)
    .filter(({ position }) => position !== null)
    .sort((a, b) => byBytes(a.address, b.address))
    .map(({ resource, id, address, module, type, name }) => ({ resource, id, address, module, type, name }));

/** The same by id, over all streams. */
export function resourcesWithId(
  state: MemoryState,
): (id: string) => (StoredResource & { readonly stream: number }) | undefined {
  const rows = new Map(
    [...state.tables.resource_rows.values()].flatMap((row) => (row.id === null ? [] : [[row.id, row]])),
  );
  const numbers = new Map([...state.tables.resource_rows.values()].map((row) => [row.resource, row]));
  return (id) => {
    const number = resourceNumber(id);
    const row = number === undefined ? rows.get(id) : numbers.get(number);
    return row && toStored(state, row);
  };
}

/** Finds the resources of one stream at a version; scans the tables once. */
export function resourcesAtVersion(
  state: MemoryState,
  stream: number,
  version?: number,
): (address: string) => ResourceRecord | undefined {
  const { log, tables } = state;
  const rows = new Map(rowsOf(tables.resource_rows, stream).map((row) => [row.address, row]));
  const values = inForce(tables.resource_history.values(), ({ resource }) => resource, version);
  return (address) => {
    const row = rows.get(address);
    const value = row && values.get(row.resource);
    if (!row || value?.present !== 1) return undefined;
    return toResourceRecord(row, valueAt(log, value.position), eventAt(log, row.resource).recordedAt);
  };
}

export function resourcesAt(
  state: MemoryState,
  stream: number,
  version?: number,
  { after = '', limit = -1 }: Page = {},
): ResourceRecord[] {
  const at = resourcesAtVersion(state, stream, version);
  const found = rowsOf(state.tables.resource_rows, stream)
    .map(({ address }) => address)
    .filter((address) => byBytes(address, after) > 0)
    .sort(byBytes)
    .flatMap((address) => at(address) ?? []);
  return limited(found, limit);
}

export function nodesAt({ log, tables }: MemoryState, stream: number, version?: number): NodeRecord[] {
  const values = inForce(tables.resource_history.values(), ({ resource }) => resource, version);
  return rowsOf(tables.resource_rows, stream)
    .sort((a, b) => byBytes(a.address, b.address))
    .flatMap((row) => {
      const value = values.get(row.resource);
      if (value?.present !== 1) return [];
      return toNodeRecord(row, version === undefined ? row.id : toResourceId(valueAt(log, value.position)));
    });
}

export function resourceHistory({ log, tables }: MemoryState, stream: number, address: string): StoredEvent[] {
  const row = rowsOf(tables.resource_rows, stream).find((one) => one.address === address);
  return [...tables.resource_history.values()]
    .filter(({ resource }) => resource === row?.resource)
    .sort((a, b) => a.version - b.version)
    .map(({ position }) => eventAt(log, position));
}
