import type { EventData, ResourceValue, StoredEvent } from '../../../events/index.js';
import { parseStoredJson } from '../../../kernel/json.js';
import { byBytes } from '../../../kernel/order.js';
import type { ResourceRecord, ResourceSlot } from '../../records.js';
import type { Tables } from '../../tables.js';
import { eventAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { inForce, rowsOf } from './rows.js';

type ResourceRow = Tables['resource_rows'];

/** Resources without an id of their own are known by their number. */
const NUMBERED = /^res-([1-9]\d{0,15})$/;

const dataOf = ({ data }: StoredEvent) => parseStoredJson(data) as unknown as EventData['ResourceUpdated'];

const toValue = (data: EventData['ResourceUpdated']): ResourceValue => ({
  properties: data.properties,
  dependencies: data.dependencies,
  state: data.state,
  metadata: data.metadata,
  checksum: data.checksum,
  lastApplied: data.lastApplied,
  errorMessage: data.errorMessage,
});

const toSlot = ({ log }: MemoryState, row: ResourceRow): ResourceSlot & { readonly stream: number } => ({
  resource: row.resource,
  stream: row.stream,
  id: row.id,
  address: row.address,
  module: row.module,
  type: row.type,
  name: row.name,
  value: row.position === null ? null : toValue(dataOf(eventAt(log, row.position))),
});

/** Finds the slots of one stream by address; goes through the table once, however many are asked for. */
export function slotsByAddress(state: MemoryState, stream: number): (address: string) => ResourceSlot | undefined {
  const rows = new Map(rowsOf(state.tables.resource_rows, stream).map((row) => [row.address, row]));
  return (address) => {
    const row = rows.get(address);
    return row && toSlot(state, row);
  };
}

/** The same by id, over all streams. */
export function slotsById(
  state: MemoryState,
): (id: string) => (ResourceSlot & { readonly stream: number }) | undefined {
  const rows = new Map(
    [...state.tables.resource_rows.values()].flatMap((row) => (row.id === null ? [] : [[row.id, row]])),
  );
  const numbers = new Map([...state.tables.resource_rows.values()].map((row) => [row.resource, row]));
  return (id) => {
    const number = NUMBERED.exec(id)?.[1];
    const row = number === undefined ? rows.get(id) : numbers.get(Number(number));
    return row && toSlot(state, row);
  };
}

/** Finds the resources of one stream as they were at a version; goes through the tables once. */
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
    const event = eventAt(log, value.position);
    const data = dataOf(event);
    return {
      resource: row.resource,
      id: data.id ?? `res-${row.resource}`,
      address: row.address,
      module: row.module,
      type: row.type,
      name: row.name,
      position: event.position,
      version: event.version,
      value: toValue(data),
      createdAt: eventAt(log, row.resource).recordedAt,
      updatedAt: event.recordedAt,
    };
  };
}

export function resourcesAt(state: MemoryState, stream: number, version?: number): ResourceRecord[] {
  const at = resourcesAtVersion(state, stream, version);
  return rowsOf(state.tables.resource_rows, stream)
    .map(({ address }) => address)
    .sort(byBytes)
    .flatMap((address) => at(address) ?? []);
}

export function resourceHistory({ log, tables }: MemoryState, stream: number, address: string): StoredEvent[] {
  const row = rowsOf(tables.resource_rows, stream).find((one) => one.address === address);
  return [...tables.resource_history.values()]
    .filter(({ resource }) => resource === row?.resource)
    .sort((a, b) => a.version - b.version)
    .map(({ position }) => eventAt(log, position));
}
