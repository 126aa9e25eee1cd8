import type { DependencyGraph } from './graph-build.js';
import { byKey } from './graph-walk.js';

/**
 * A cycle for each group of nodes that can all be reached from one another: each node depends on the next, the last on
 * the first. It is a shortest one through the group's first node. graphology-components finds such groups by recursion,
 * which ends in a stack overflow on a long chain.
 */
export function findCycles(graph: DependencyGraph, within: ReadonlySet<string>): string[][] {
  return components(graph, within)
    .map((members) => cycleThrough(graph, [...members].sort(byKey)[0] as string, members))
    .filter((cycle) => cycle.length > 0)
    .sort(([a = ''], [b = '']) => byKey(a, b));
}

/** Strongly connected components, by Kosaraju's algorithm. */
function components(graph: DependencyGraph, within: ReadonlySet<string>): Set<string>[] {
  const placed = new Set<string>();
  return departures(graph, within)
    .reverse()
    .flatMap((key) => {
      if (placed.has(key)) return [];
      placed.add(key);
      const members = new Set([key]);
      for (const member of members) {
        graph.forEachInNeighbor(member, (dependent) => {
          if (!within.has(dependent) || placed.has(dependent)) return;
          placed.add(dependent);
          members.add(dependent);
        });
      }
      return [members];
    });
}

/** The nodes in the order in which a walk in depth along the dependencies leaves them for good. */
function departures(graph: DependencyGraph, within: ReadonlySet<string>): string[] {
  const seen = new Set<string>();
  const left: string[] = [];
  for (const start of within) {
    const way: { readonly key: string; readonly ahead: string[] }[] = [];
    const enter = (key: string): void => {
      if (!within.has(key) || seen.has(key)) return;
      seen.add(key);
      way.push({ key, ahead: graph.outNeighbors(key) });
    };
    enter(start);
    for (let here = way.at(-1); here; here = way.at(-1)) {
      const next = here.ahead.pop();
      if (next !== undefined) enter(next);
      else {
        left.push(here.key);
        way.pop();
      }
    }
  }
  return left;
}

/** Empty where no cycle goes through the node. */
function cycleThrough(graph: DependencyGraph, start: string, members: ReadonlySet<string>): string[] {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const key of queue) {
    for (const next of graph.outNeighbors(key)) {
      if (next === start) return wayTo(key, cameFrom);
      if (!members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, key);
      queue.push(next);
    }
  }
  return [];
}

function wayTo(end: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way: string[] = [];
  for (let key: string | undefined = end; key !== undefined; key = cameFrom.get(key)) way.push(key);
  return way.reverse();
}
