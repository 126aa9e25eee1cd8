import type { DependencyGraph } from './graph-build.js';
import { ahead, byPlace } from './graph-walk.js';

/**
 * A cycle for each group of nodes that can all be reached from one another: each node depends on the next, the last on the
 * first. It is a shortest one through the group's first node. Libraries find such groups by recursion, which overflows the
 * stack on a long chain.
 */
export function findCycles(graph: DependencyGraph, within: ReadonlySet<number>): number[][] {
  return components(graph, within)
    .map((members) => cycleThrough(graph, [...members].sort(byPlace)[0] as number, members))
    .filter((cycle) => cycle.length > 0)
    .sort(([a = 0], [b = 0]) => byPlace(a, b));
}

/** Strongly connected components, by Kosaraju's algorithm. */
function components(graph: DependencyGraph, within: ReadonlySet<number>): Set<number>[] {
  const placed = new Set<number>();
  return departures(graph, within)
    .reverse()
    .flatMap((place) => {
      if (placed.has(place)) return [];
      placed.add(place);
      const members = new Set([place]);
      for (const member of members) {
        for (const dependent of ahead(graph.dependents, member)) {
          if (!within.has(dependent) || placed.has(dependent)) continue;
          placed.add(dependent);
          members.add(dependent);
        }
      }
      return [members];
    });
}

/** The nodes in the postorder of a depth-first search along the dependencies. */
function departures(graph: DependencyGraph, within: ReadonlySet<number>): number[] {
  const seen = new Set<number>();
  const left: number[] = [];
  for (const start of within) {
    const way: { readonly place: number; readonly ahead: number[] }[] = [];
    const enter = (place: number): void => {
      if (!within.has(place) || seen.has(place)) return;
      seen.add(place);
      way.push({ place, ahead: [...ahead(graph.dependencies, place)] });
    };
    enter(start);
    for (let here = way.at(-1); here; here = way.at(-1)) {
      const next = here.ahead.pop();
      if (next !== undefined) enter(next);
      else {
        left.push(here.place);
        way.pop();
      }
    }
  }
  return left;
}

/** Empty if no cycle goes through the node. */
function cycleThrough(graph: DependencyGraph, start: number, members: ReadonlySet<number>): number[] {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const place of queue) {
    for (const next of ahead(graph.dependencies, place)) {
      if (next === start) return wayTo(place, cameFrom);
      if (!members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, place);
      queue.push(next);
    }
  }
  return [];
}

function wayTo(end: number, cameFrom: ReadonlyMap<number, number>): number[] {
  const way: number[] = [];
  for (let place: number | undefined = end; place !== undefined; place = cameFrom.get(place)) way.push(place);
  return way.reverse();
}
