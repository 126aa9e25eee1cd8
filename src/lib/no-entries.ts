/** A map of nothing, one for all who have nothing to tell. */
export const NO_ENTRIES: ReadonlyMap<string, never> = new Map<string, never>();
