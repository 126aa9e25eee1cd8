import type * as z from 'zod';

/**
 * The subject of an event. `tag`, `lock`, `drift` and `existence` are the annotations: both databases have an index
 * (`events_signals`) of exactly those types, so a new type of one of them changes the schema (CONTRIBUTING.md, "Change the
 * schema"). `content`, `execution` and `history` only describe.
 */
export type Category = 'content' | 'execution' | 'existence' | 'tag' | 'lock' | 'drift' | 'history';

/** The kind of value that it changes, which is where a reader finds the previous value. */
export type ChangedKind = 'resource' | 'output' | 'dependency';

/** All properties of an event type. All lists of types are derived from it. */
export interface EventDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly schema: S;
  readonly category: Category;
  /** Whether a commit with it has a new state version. */
  readonly raisesVersion: boolean;
  readonly changes: ChangedKind | undefined;
  /**
   * The fields that SQL reads from the stored text: the views, and in SQLite the graph. SQL does not upcast, so
   * an upcaster must keep them (CONTRIBUTING.md, "Change an event").
   */
  readonly readBySql: readonly (keyof z.infer<S> & string)[];
}

export const defineEvent = <const S extends z.ZodObject>({
  schema,
  category,
  raisesVersion = false,
  changes,
  readBySql = [],
}: {
  readonly schema: S;
  readonly category: Category;
  readonly raisesVersion?: boolean;
  readonly changes?: ChangedKind;
  readonly readBySql?: readonly (keyof z.infer<S> & string)[];
}): EventDefinition<S> => ({ schema, category, raisesVersion, changes, readBySql });
