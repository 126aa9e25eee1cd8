import { type ContentKey, contentKey, newKey } from '../../src/store/content-key.js';
import { emptyLog, type MemoryLog } from './log.js';
import { emptyTables, type MemoryTables } from './tables.js';

/** The state of a memory store. */
export interface MemoryState {
  log: MemoryLog;
  tables: MemoryTables;
  readonly key: ContentKey;
}

export const emptyState = (): MemoryState => ({
  log: emptyLog(),
  tables: emptyTables(),
  key: contentKey(newKey()),
});
