import type * as z from 'zod';

/** What an event is about: the content of the state, its executions, whether the stack exists, annotations, or history alone. */
export type Category = 'content' | 'execution' | 'existence' | 'tag' | 'lock' | 'drift' | 'history';

/** What it changes a value of, and so where a reader looks for the value before. */
export type Touches = 'resource' | 'output' | 'dependency';

/** Everything the engine must know of an event type. All lists of types are derived from it. */
export interface EventDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly schema: S;
  readonly category: Category;
  /** Whether a commit with it has a state version of its own. */
  readonly raisesVersion: boolean;
  readonly touches: Touches | undefined;
}

export const defineEvent = <const S extends z.ZodObject>({
  schema,
  category,
  raisesVersion = false,
  touches,
}: {
  readonly schema: S;
  readonly category: Category;
  readonly raisesVersion?: boolean;
  readonly touches?: Touches;
}): EventDefinition<S> => ({ schema, category, raisesVersion, touches });
