/** An empty map, shared. */
export const NO_ENTRIES: ReadonlyMap<string, never> = new Map<string, never>();
