/** The text of an order; see `orderText` in commands. */
export const ORDER = /^(?:\d{1,15}(?:-\d{1,15})?(?:,(?!$)|$))*$/;

/**
 * Sorts items by that order; an item that is not in it, because a rollback restored it, comes after the next lower number.
 */
export function inOrder<T extends { readonly number: number }>(items: readonly T[], order: string): T[] {
  const runs = runsOf(order);
  let run = runs.next().value;
  let rank = -1;
  const ranked = items
    .toSorted((a, b) => a.number - b.number)
    .map((item) => {
      while (run && run.last < item.number) run = runs.next().value;
      if (run && run.first <= item.number) rank = run.rank + item.number - run.first;
      return { item, rank };
    });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}

interface Run {
  readonly first: number;
  readonly last: number;
  /** The index of its first number. */
  readonly rank: number;
}

/** By their numbers. */
function* runsOf(order: string): Generator<Run, undefined> {
  const runs: Run[] = [];
  let rank = 0;
  for (const run of order === '' ? [] : order.split(',')) {
    const [first = 0, last = first] = run.split('-').map(Number);
    runs.push({ first, last, rank });
    rank += last - first + 1;
  }
  yield* runs.sort((a, b) => a.first - b.first);
}

/**
 * The same with each item after its dependencies, as Pulumi requires; items in order stay in place. Without recursion,
 * because chains may be long.
 * @param targets the indexes, in the list, of an item's dependencies
 */
export function dependenciesFirst<T>(items: readonly T[], targets: (item: T) => readonly number[]): T[] {
  const placed: T[] = [];
  const seen = new Set<number>();
  const enter = (place: number) => {
    seen.add(place);
    const item = items[place] as T;
    return { item, open: [...targets(item)].sort((a, b) => b - a) };
  };
  for (const place of items.keys()) {
    if (seen.has(place)) continue;
    const way = [enter(place)];
    for (let at = way.at(-1); at; at = way.at(-1)) {
      const next = at.open.pop();
      if (next === undefined) placed.push((way.pop() as typeof at).item);
      else if (!seen.has(next)) way.push(enter(next));
    }
  }
  return placed;
}
