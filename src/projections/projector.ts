import type { Commit, EventType, RecordedEvent } from '../events/index.js';
import type { RowChange } from '../store/row-change.js';
import type { TableName } from '../store/tables.js';

/**
 * Owns some tables and returns the changes of each commit in them. Pure: the same commit gives the same changes, in any
 * process, at any time, without a clock, a table or an earlier commit. Raise `version` with any change of the result, so
 * that rows of an older release are rebuilt.
 */
export interface Projector {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly TableName[];
  project(commit: Commit): Iterable<RowChange>;
}

/**
 * The changes of one event. A type without a handler changes no row. The compiler does not find a forgotten one;
 * `test/properties/tables.test.ts`, which compares rows with `evolve`, does.
 */
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
