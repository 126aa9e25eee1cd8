import * as z from 'zod';

/** What a resource shall depend on, by target: the edges it starts. */
export type Wishes = ReadonlyMap<string, Wanted>;

export interface Wanted {
  readonly type: 'explicit' | 'implicit';
  readonly path: string | null;
  /** Meant by a value another resource is known by: only a guess, which gives way to what is said. */
  readonly guessed?: true;
}

/** What a command may say of how dependencies are judged. */
export const linkRules = {
  /** Whether a resource may be declared to depend on one that is not in the stack. */
  allowMissing: z.boolean().default(false),
  /** What becomes of resources that depend on one that is removed: it is refused, they go too, or are left as they are. */
  dependents: z.enum(['refuse', 'cascade', 'leave']).default('refuse'),
};
export type LinkRules = Readonly<z.output<z.ZodObject<typeof linkRules>>>;
