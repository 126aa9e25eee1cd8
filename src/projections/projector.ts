import type { Commit, EventType, RecordedEvent } from '../events/index.js';
import type { RowChange } from '../store/row-change.js';
import type { TableName } from '../store/tables.js';

/**
 * Owns some tables and says what each commit changes in them. Pure: the same commit gives the same changes, in any
 * process, at any time; it sees no clock, no table and no earlier commit. Raise `version` with any change of meaning,
 * so that what an older release wrote is rebuilt.
 */
export interface Projector {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly TableName[];
  project(commit: Commit): Iterable<RowChange>;
}

/** What one event changes. A type without a handler changes nothing; naming those is the compiler's check that none was forgotten. */
export type Handlers = {
  readonly [T in EventType]?: (event: RecordedEvent<T>) => readonly RowChange[];
};

/** The changes of each event of a commit by its handler, in order. */
export const byHandler =
  (handlers: Handlers) =>
  (commit: Commit): RowChange[] => {
    const changes: RowChange[] = [];
    for (const event of commit.events) {
      const handle = handlers[event.type] as ((event: RecordedEvent) => readonly RowChange[]) | undefined;
      if (handle) changes.push(...handle(event));
    }
    return changes;
  };
