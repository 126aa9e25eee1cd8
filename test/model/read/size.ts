import type { StoredEvent } from '../../../src/events/index.js';
import type { Measured, Size } from '../../../src/store/event-store.js';
import { eventAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { rowsOf } from './rows.js';

export function readSize({ log, tables }: MemoryState, of: Measured, most: number): Size {
  const rows = most + 1;
  if (of === 'stacks') return { rows: Math.min(tables.stack_rows.size, rows), bytes: 0 };
  if (of === 'events') return total(log.events.slice(0, rows));
  if (of.part === 'events') return total((log.streams.get(of.stream) ?? []).slice(0, rows));
  const some = (positions: readonly (number | null)[]) => positions.slice(0, rows);
  const stack = tables.stack_rows.get(JSON.stringify([of.stream]));
  const present = rowsOf(tables.resource_rows, of.stream).filter(({ position }) => position !== null);
  const positions = [
    ...some(present.map(({ position }) => position)),
    ...some(rowsOf(tables.output_rows, of.stream).map(({ position }) => position)),
    ...some(rowsOf(tables.dependency_rows, of.stream).map(() => null)),
    ...(stack ? [stack.document, stack.finished] : []),
  ];
  return total(positions.map((position) => (position === null ? undefined : eventAt(log, position))));
}

const total = (events: readonly (StoredEvent | undefined)[]): Size => ({
  rows: events.length,
  bytes: events.reduce((sum, event) => sum + (event ? Buffer.byteLength(event.data) : 0), 0),
});
