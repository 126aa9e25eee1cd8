import { groupBy } from '../lib/group-by.js';
import { byBytes } from '../lib/order.js';
import type { EdgeRecord, NodeRecord } from '../store/records.js';

/** A resource, or the missing end of an edge, which has no type and no id. */
export interface GraphNode {
  readonly address: string;
  readonly type: string | null;
  readonly id: string | null;
  readonly missing: boolean;
}

/** An edge between two nodes, by their indexes. */
export interface GraphLink {
  readonly from: number;
  readonly to: number;
  readonly edge: EdgeRecord;
}

/** Algorithms use the index of a node in address order. */
export interface DependencyGraph {
  /** Sorted by address. */
  readonly nodes: readonly GraphNode[];
  /** Sorted by both ends. */
  readonly links: readonly GraphLink[];
  /** The edges from each node to its dependencies, and the reverse. */
  readonly dependencies: Arrows;
  readonly dependents: Arrows;
}

/** By a node's index: the indexes of the nodes its edges lead to. */
export type Arrows = readonly ReadonlySet<number>[];

/**
 * An edge to the base address of several instances becomes one to each of them. If two edges become equal, a declared one
 * takes precedence over a detected one.
 */
export function buildGraph(records: readonly NodeRecord[], edges: readonly EdgeRecord[]): DependencyGraph {
  const instances = groupBy(
    records.filter(({ base }) => base !== null),
    ({ base }) => base as string,
  );
  const nodes = withMissing(records, edges, instances);
  const places = new Map(nodes.map(({ address }, place) => [address, place]));
  const placeOf = (address: string): number => places.get(address) as number;
  const plain = edges.flatMap((edge): GraphLink[] => {
    const from = placeOf(edge.address);
    const here = instances.get(edge.target) ?? [];
    const own = places.get(edge.target);
    const isNode = own !== undefined && (here.length === 0 || !nodes[own]?.missing);
    return [
      ...(isNode ? [{ from, to: own, edge }] : []),
      ...here.map(({ address: target }) => ({ from, to: placeOf(target), edge: { ...edge, target } })),
    ];
  });
  const links = (instances.size === 0 ? plain : merged(plain)).sort((a, b) => a.from - b.from || a.to - b.to);
  const [dependencies, dependents] = [nodes, nodes].map((all) => all.map(() => new Set<number>())) as [
    Set<number>[],
    Set<number>[],
  ];
  for (const { from, to } of links) {
    dependencies[from]?.add(to);
    dependents[to]?.add(from);
  }
  return { nodes, links, dependencies, dependents };
}

/** Edges can only become equal through instances. */
function merged(links: readonly GraphLink[]): GraphLink[] {
  const ofPairs = groupBy(links, ({ from, to }) => `${from} ${to}`);
  return [...ofPairs.values()].flatMap((same) => same.find(({ edge }) => edge.type === 'explicit') ?? same.slice(0, 1));
}

/** The resources and all other ends of edges, sorted by address. */
function withMissing(
  records: readonly NodeRecord[],
  edges: readonly EdgeRecord[],
  instances: ReadonlyMap<string, unknown>,
): GraphNode[] {
  const present = new Set(records.map(({ address }) => address));
  const missing = new Set<string>();
  for (const { address, target } of edges) {
    if (!present.has(address)) missing.add(address);
    if (!present.has(target) && !instances.has(target)) missing.add(target);
  }
  const all: GraphNode[] = records.map(({ address, type, id }) => ({ address, type, id, missing: false }));
  if (missing.size === 0) return all;
  for (const address of missing) all.push({ address, type: null, id: null, missing: true });
  return all.sort((a, b) => byBytes(a.address, b.address));
}
