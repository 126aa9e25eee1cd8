import type { Arrows, DependencyGraph } from './graph-build.js';

/** Walks of a graph by the places of its nodes. None recurses: a chain may be as long as the stack is large. */

/** In address order. */
export const byPlace = (a: number, b: number): number => a - b;

/** What a node's arrows lead to. */
export const ahead = (arrows: Arrows, place: number): Iterable<number> => arrows[place] ?? [];

/** What can be reached from a node in at most `depth` steps, itself too, with the fewest steps it takes; nearest first. */
export function reach(arrows: Arrows, start: number, depth = Number.POSITIVE_INFINITY): Map<number, number> {
  const distances = new Map([[start, 0]]);
  let front = [start];
  for (let distance = 1; front.length > 0 && distance <= depth; distance++) {
    const next: number[] = [];
    for (const place of front) {
      for (const other of ahead(arrows, place)) {
        if (distances.has(other)) continue;
        distances.set(other, distance);
        next.push(other);
      }
    }
    front = next;
  }
  return distances;
}

/**
 * Some nodes in an order in which each comes after all of those it depends on: level by level, what depends on nothing
 * among them first, each level in address order. Null where a cycle among them leaves no such order.
 */
export function dependencyOrder(
  { dependencies, dependents, nodes }: DependencyGraph,
  within: ReadonlySet<number>,
): number[] | null {
  /** For how many of those it depends on a node waits. */
  const waitsFor = new Int32Array(nodes.length);
  let level: number[] = [];
  for (const place of within) {
    for (const dependency of ahead(dependencies, place)) {
      if (within.has(dependency)) waitsFor[place] = (waitsFor[place] ?? 0) + 1;
    }
    if (waitsFor[place] === 0) level.push(place);
  }
  const order: number[] = [];
  while (level.length > 0) {
    const next: number[] = [];
    for (const place of level.sort(byPlace)) {
      order.push(place);
      for (const dependent of ahead(dependents, place)) {
        const left = (waitsFor[dependent] ?? 0) - 1; // below nothing for what is not among them
        waitsFor[dependent] = left;
        if (left === 0) next.push(dependent);
      }
    }
    level = next;
  }
  return order.length === within.size ? order : null;
}
