import type { AppendRequest } from '../event-store.js';

/**
 * Takes from the queue the commands that can be decided concurrently: no key of one may be changed by another. Dependent
 * commands keep their order.
 * @param limit the maximum number of resources, or of commands without any; a single command may have more
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
 * The command, if it may share a transaction. A batch of several commands may not, and neither may a command with keys that
 * are known only after its stack is read.
 */
function sharing({ requests }: { readonly requests: readonly AppendRequest[] }): AppendRequest | undefined {
  const [only] = requests;
  return requests.length !== 1 || only?.keys.ownName || only?.keys.changedSince !== undefined ? undefined : only;
}

const sizeOf = ({ keys }: AppendRequest): number => Math.max(1, keys.addresses?.length ?? 0);

/** Names and ids of stacks share one namespace. */
function keysOf({ commandId, keys: { stack, name, id, resourceIds = [] } }: AppendRequest): string[] {
  return [
    `command ${commandId}`,
    ...[stack, name, id].filter((one) => one !== undefined).map((one) => `stack ${one}`),
    ...resourceIds.map((one) => `resource ${one}`),
  ];
}
