export const rowsOf = <R extends { readonly stream: number }>(table: ReadonlyMap<string, R>, stream: number): R[] =>
  [...table.values()].filter((row) => row.stream === stream);

/** For each key the row at a version: the one with the largest version not above it. */
export function inForce<K, R extends { readonly version: number }>(
  rows: Iterable<R>,
  key: (row: R) => K,
  version = Number.MAX_SAFE_INTEGER,
): Map<K, R> {
  const latest = new Map<K, R>();
  for (const row of rows) {
    if (row.version > version) continue;
    const known = latest.get(key(row));
    if (!known || row.version > known.version) latest.set(key(row), row);
  }
  return latest;
}

/** The first `limit` items; all of them for a negative limit, as in SQL. */
export const limited = <T>(items: readonly T[], limit: number): T[] => items.slice(0, limit < 0 ? undefined : limit);
