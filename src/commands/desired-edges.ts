import * as z from 'zod';

/** The desired edges of a resource, by target. */
export type DesiredEdges = ReadonlyMap<string, DesiredEdge>;

export interface DesiredEdge {
  readonly type: 'explicit' | 'implicit';
  readonly path: string | null;
  /** Found because a value identifies another resource: only a guess, which yields to declarations and references. */
  readonly guessed?: true;
}

/** Options for the check of dependencies. */
export const edgeRules = {
  /** Whether a resource may be declared to depend on one that is not in the stack. */
  allowMissing: z.boolean().default(false),
  /** How to handle dependents of a removed resource: refuse the removal, remove them too, or leave them unchanged. */
  dependents: z.enum(['refuse', 'cascade', 'leave']).default('refuse'),
};
export type EdgeRules = Readonly<z.output<z.ZodObject<typeof edgeRules>>>;
