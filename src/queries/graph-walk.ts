import type { Arrows, DependencyGraph } from './graph-build.js';

/** Traversals of a graph by node index. None recurses: a chain may be as long as the stack is large. */

/** Sorted by address. */
export const byPlace = (a: number, b: number): number => a - b;

/** The targets of a node's edges. */
export const ahead = (arrows: Arrows, place: number): Iterable<number> => arrows[place] ?? [];

/**
 * The nodes that can be reached from a node in at most `depth` steps, including itself, with the smallest number of steps;
 * nearest first.
 */
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
 * Sorts some nodes topologically: each after its dependencies, level by level, starting with those without dependencies among
 * them, each level sorted by address. Null if they contain a cycle.
 */
export function dependencyOrder(
  { dependencies, dependents, nodes }: DependencyGraph,
  within: ReadonlySet<number>,
): number[] | null {
  /** The number of dependencies that are not sorted yet. */
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
        const left = (waitsFor[dependent] ?? 0) - 1; // negative for a node that is not among them
        waitsFor[dependent] = left;
        if (left === 0) next.push(dependent);
      }
    }
    level = next;
  }
  return order.length === within.size ? order : null;
}
