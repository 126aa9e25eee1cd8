import type { AppendRequest } from '../event-store.js';

/**
 * Takes from what waits what can be decided side by side: nothing that one asks for is what another one may change. The
 * order of those that have to do with each other is kept.
 * @param limit resources at most, or commands about none; one command may be about more
 */
export function independent<T extends { readonly requests: readonly AppendRequest[] }>(
  waiting: readonly T[],
  limit: number,
): { readonly now: readonly T[]; readonly later: T[] } {
  const [first, ...others] = waiting as [T, ...T[]];
  if (!sharing(first)) return { now: [first], later: others };
  const now: T[] = [];
  const later: T[] = [];
  const asked = new Set<string>();
  let size = 0;
  for (const [index, unit] of waiting.entries()) {
    const request = sharing(unit);
    if (!request || (size > 0 && size + sizeOf(request) > limit)) {
      return { now, later: [...later, ...waiting.slice(index)] };
    }
    const keys = keysOf(request);
    if (keys.some((key) => asked.has(key))) later.push(unit);
    else {
      now.push(unit);
      size += sizeOf(request);
    }
    for (const key of keys) asked.add(key);
  }
  return { now, later };
}

/**
 * The command, where it may share a transaction: several follow each other, and some touch what is only known once their
 * stack has been read.
 */
function sharing({ requests }: { readonly requests: readonly AppendRequest[] }): AppendRequest | undefined {
  const [only] = requests;
  return requests.length !== 1 || only?.keys.ownName || only?.keys.changedSince !== undefined ? undefined : only;
}

const sizeOf = ({ keys }: AppendRequest): number => Math.max(1, keys.addresses?.length ?? 0);

/** Names and ids of stacks share one space. */
function keysOf({ commandId, keys: { stack, name, id, resourceIds = [] } }: AppendRequest): string[] {
  return [
    `command ${commandId}`,
    ...[stack, name, id].filter((one) => one !== undefined).map((one) => `stack ${one}`),
    ...resourceIds.map((one) => `resource ${one}`),
  ];
}
