import type { AppendRequest } from '../event-store.js';

/**
 * Takes from what waits what can be decided side by side: nothing that one asks for is what another one may change. The
 * order of those that have to do with each other is kept.
 * @param limit commands at most
 */
export function independent<T extends { readonly requests: readonly AppendRequest[] }>(
  waiting: readonly T[],
  limit: number,
): { readonly now: readonly T[]; readonly later: T[] } {
  const [first, ...others] = waiting as [T, ...T[]];
  if (standsAlone(first)) return { now: [first], later: others };
  const now: T[] = [];
  const later: T[] = [];
  const asked = new Set<string>();
  for (const [index, unit] of waiting.entries()) {
    if (standsAlone(unit) || now.length === limit) {
      later.push(...waiting.slice(index));
      break;
    }
    const keys = keysOf(unit.requests[0] as AppendRequest);
    (keys.some((key) => asked.has(key)) ? later : now).push(unit);
    for (const key of keys) asked.add(key);
  }
  return { now, later };
}

/** Several commands follow each other, and some touch what is only known once their stack has been read. */
function standsAlone({ requests }: { readonly requests: readonly AppendRequest[] }): boolean {
  const [first] = requests;
  return requests.length !== 1 || first?.keys.ownName === true || first?.keys.changedSince !== undefined;
}

/** Names and ids of stacks share one space. */
function keysOf({ commandId, keys: { stack, name, id, resourceIds = [] } }: AppendRequest): string[] {
  return [
    `command ${commandId}`,
    ...[stack, name, id].filter((one) => one !== undefined).map((one) => `stack ${one}`),
    ...resourceIds.map((one) => `resource ${one}`),
  ];
}
