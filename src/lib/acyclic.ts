import { groupBy } from './group-by.js';

/** An edge of a directed graph whose nodes are texts. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Counts down the remaining edges of a node to zero. */
function peel(arrows: ReadonlySet<Arrow>, front: (arrow: Arrow) => string, back: (arrow: Arrow) => string): Set<Arrow> {
  const left = new Set(arrows);
  const leading = groupBy(arrows, front);
  const open = new Map([...groupBy(arrows, back)].map(([node, all]) => [node, all.length]));
  const bare = [...leading.keys()].filter((node) => !open.has(node));
  for (let node = bare.pop(); node !== undefined; node = bare.pop()) {
    for (const arrow of leading.get(node) ?? []) {
      left.delete(arrow);
      const next = back(arrow);
      const count = (open.get(next) ?? 0) - 1;
      open.set(next, count);
      if (count === 0) bare.push(next);
    }
  }
  return left;
}

/**
 * The edges that are on cycles or lead from one cycle to another; empty for a graph without cycles. Linear and without
 * recursion, for chains of any length.
 */
export function cyclicCore(arrows: Iterable<Arrow>): Set<Arrow> {
  const from = (arrow: Arrow): string => arrow.from;
  const to = (arrow: Arrow): string => arrow.to;
  return peel(peel(new Set(arrows), from, to), to, from);
}

/** Finds paths along edges. */
export function wayfinder(arrows: Iterable<Arrow>): (from: string, to: string) => string[] | undefined {
  const leading = groupBy(arrows, (arrow) => arrow.from);
  return (from, to) => {
    const cameFrom = new Map<string, string>();
    let found = from === to;
    for (const queue = [from]; !found && queue.length > 0; ) {
      const next: string[] = [];
      for (const node of queue.splice(0)) {
        for (const arrow of leading.get(node) ?? []) {
          if (arrow.to === from || cameFrom.has(arrow.to)) continue;
          cameFrom.set(arrow.to, node);
          next.push(arrow.to);
        }
      }
      found = cameFrom.has(to);
      queue.push(...next);
    }
    return found ? traced(cameFrom, from, to) : undefined;
  };
}

function traced(cameFrom: ReadonlyMap<string, string>, from: string, to: string): string[] {
  const way = [to];
  for (let node = to; node !== from; ) {
    node = cameFrom.get(node) ?? from;
    way.push(node);
  }
  return way.reverse();
}
