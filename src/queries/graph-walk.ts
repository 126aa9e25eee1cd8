import type { DependencyGraph } from './graph-build.js';

/** Walks of a graph by the keys of its nodes. None recurses: a chain may be as long as the stack is large. */

export type Towards = 'dependencies' | 'dependents';

/** In address order. */
export const byKey = (a: string, b: string): number => Number(a) - Number(b);

/** What can be reached from a node in at most `depth` steps, itself too, with the fewest steps it takes; nearest first. */
export function reach(
  graph: DependencyGraph,
  start: string,
  towards: Towards,
  depth = Number.POSITIVE_INFINITY,
): Map<string, number> {
  const distances = new Map([[start, 0]]);
  let front = [start];
  for (let distance = 1; front.length > 0 && distance <= depth; distance++) {
    const next: string[] = [];
    const visit = (key: string): void => {
      if (distances.has(key)) return;
      distances.set(key, distance);
      next.push(key);
    };
    for (const key of front) {
      if (towards === 'dependencies') graph.forEachOutNeighbor(key, visit);
      else graph.forEachInNeighbor(key, visit);
    }
    front = next;
  }
  return distances;
}

/**
 * Some nodes in an order in which each comes after all of those it depends on: level by level, what depends on nothing
 * among them first, each level in address order. Null where a cycle among them leaves no such order.
 */
export function dependencyOrder(graph: DependencyGraph, within: ReadonlySet<string>): string[] | null {
  const isWithin = (key: string): boolean => within.has(key);
  const waitsFor = new Map<string, number>();
  let level: string[] = [];
  for (const key of within) {
    const count = within.size === graph.order ? graph.outDegree(key) : graph.outNeighbors(key).filter(isWithin).length;
    if (count === 0) level.push(key);
    else waitsFor.set(key, count);
  }
  const order: string[] = [];
  while (level.length > 0) {
    const next: string[] = [];
    for (const key of level.sort(byKey)) {
      order.push(key);
      graph.forEachInNeighbor(key, (dependent) => {
        const count = waitsFor.get(dependent);
        if (count === undefined) return;
        waitsFor.set(dependent, count - 1);
        if (count === 1) next.push(dependent);
      });
    }
    level = next;
  }
  return order.length === within.size ? order : null;
}
