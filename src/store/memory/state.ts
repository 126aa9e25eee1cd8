import { emptyLog, type MemoryLog } from './log.js';
import { emptyTables, type MemoryTables } from './tables.js';

/** Everything a memory store holds. */
export interface MemoryState {
  log: MemoryLog;
  tables: MemoryTables;
}

export const emptyState = (): MemoryState => ({ log: emptyLog(), tables: emptyTables() });
