import { byBytes } from '../../../src/lib/order.js';
import type { DependencyRecord, EdgeRecord, OutputRecord } from '../../../src/store/records.js';
import type { Tables } from '../../../src/store/tables.js';
import { toDependencyRecord, toOutputRecord } from '../../../src/store/to-records.js';
import { valueAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { inForce, rowsOf } from './rows.js';

export const outputsAt = ({ log, tables }: MemoryState, stream: number, version?: number): OutputRecord[] =>
  [...inForce(rowsOf(tables.output_history, stream), ({ name }) => name, version).values()]
    .filter(({ present }) => present === 1)
    .sort((a, b) => byBytes(a.name, b.name))
    .map(({ position }) => toOutputRecord(valueAt(log, position)));

export function outputAt(
  { log, tables }: MemoryState,
  stream: number,
  name: string,
  version?: number,
): OutputRecord | undefined {
  const rows = rowsOf(tables.output_history, stream).filter((row) => row.name === name);
  const row = inForce(rows, () => name, version).get(name);
  return row?.present === 1 ? toOutputRecord(valueAt(log, row.position)) : undefined;
}

const edge = ({ address, target }: Tables['dependency_history']): string => JSON.stringify([address, target]);

export const dependenciesAt = ({ log, tables }: MemoryState, stream: number, version?: number): DependencyRecord[] =>
  [...inForce(rowsOf(tables.dependency_history, stream), edge, version).values()]
    .filter(({ present }) => present === 1)
    .sort((a, b) => byBytes(a.address, b.address) || byBytes(a.target, b.target))
    .map(({ position }) => toDependencyRecord(valueAt(log, position)));

export const edgesAt = (state: MemoryState, stream: number, version?: number): EdgeRecord[] =>
  dependenciesAt(state, stream, version).map(({ address, target, type, path }) => ({ address, target, type, path }));

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
  return row?.present === 1 ? toDependencyRecord(valueAt(log, row.position)) : undefined;
}
