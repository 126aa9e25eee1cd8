import type { EventData } from '../../../events/index.js';
import { parseStoredJson } from '../../../kernel/json.js';
import { byBytes } from '../../../kernel/order.js';
import type { DependencyRecord, OutputRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { eventAt, type MemoryLog } from '../log.js';
import type { MemoryState } from '../state.js';
import { inForce, rowsOf } from './rows.js';

function toOutput(log: MemoryLog, position: number): OutputRecord {
  const event = eventAt(log, position);
  const data = parseStoredJson(event.data) as unknown as EventData['OutputSet'];
  return { ...data, position, version: event.version };
}

export const outputsAt = ({ log, tables }: MemoryState, stream: number, version?: number): OutputRecord[] =>
  [...inForce(rowsOf(tables.output_history, stream), ({ name }) => name, version).values()]
    .filter(({ present }) => present === 1)
    .sort((a, b) => byBytes(a.name, b.name))
    .map(({ position }) => toOutput(log, position));

export function outputAt(
  { log, tables }: MemoryState,
  stream: number,
  name: string,
  version?: number,
): OutputRecord | undefined {
  const rows = rowsOf(tables.output_history, stream).filter((row) => row.name === name);
  const row = inForce(rows, () => name, version).get(name);
  return row?.present === 1 ? toOutput(log, row.position) : undefined;
}

const edge = ({ address, target }: Tables['dependency_history']): string => JSON.stringify([address, target]);

function toDependency(log: MemoryLog, position: number): DependencyRecord {
  const event = eventAt(log, position);
  const { address, target, dependencyType, path } = parseStoredJson(
    event.data,
  ) as unknown as EventData['DependencyAdded'];
  return { address, target, type: dependencyType, path, position, createdAt: event.recordedAt };
}

export const dependenciesAt = ({ log, tables }: MemoryState, stream: number, version?: number): DependencyRecord[] =>
  [...inForce(rowsOf(tables.dependency_history, stream), edge, version).values()]
    .filter(({ present }) => present === 1)
    .sort((a, b) => byBytes(a.address, b.address) || byBytes(a.target, b.target))
    .map(({ position }) => toDependency(log, position));

export function dependencyAt(
  { log, tables }: MemoryState,
  stream: number,
  [address, target]: readonly [string, string],
  version?: number,
): DependencyRecord | undefined {
  const rows = rowsOf(tables.dependency_history, stream).filter(
    (row) => row.address === address && row.target === target,
  );
  const [row] = inForce(rows, edge, version).values();
  return row?.present === 1 ? toDependency(log, row.position) : undefined;
}
