import { DirectedGraph } from 'graphology';
import { byBytes } from '../kernel/order.js';
import type { EdgeRecord, NodeRecord } from '../store/records.js';

/** A resource; or what an edge names and is not there (any more): that has no type and no id. */
export type GraphNode = {
  readonly address: string;
  readonly type: string | null;
  readonly id: string | null;
  readonly missing: boolean;
};

export type GraphEdge = Pick<EdgeRecord, 'type' | 'path'>;

/**
 * An arrow leads from each resource to what it depends on. A node's key is its place in address order, as text. Not the
 * address: graphology keeps neighbours in plain objects, which have no room for a `__proto__`, take half the time with
 * numbers, and give those in their order.
 */
export type DependencyGraph = DirectedGraph<GraphNode, GraphEdge>;

/**
 * An edge to what several instances have as their base becomes one to each of them. Where two edges come to the same,
 * what is declared goes before what was found.
 */
export function buildGraph(nodes: readonly NodeRecord[], edges: readonly EdgeRecord[]): DependencyGraph {
  const graph: DependencyGraph = new DirectedGraph({ multi: false });
  const keys = new Map<string, string>();
  for (const node of withMissing(nodes, edges)) {
    const key = String(keys.size);
    keys.set(node.address, key);
    graph.addNode(key, node);
  }
  const instances = instanceKeys(nodes, keys);
  const link = (from: string, to: string, edge: GraphEdge): void => {
    // Only by instances can two edges come to the same; to ask costs a tenth of the whole.
    const known = instances.size === 0 ? undefined : graph.edge(from, to);
    if (known === undefined) graph.addDirectedEdgeWithKey(String(graph.size), from, to, edge);
    else if (edge.type === 'explicit') graph.replaceEdgeAttributes(known, edge);
  };
  for (const { address, target, type, path } of edges) {
    const from = keys.get(address) as string;
    const here = instances.get(target) ?? [];
    const own = keys.get(target);
    if (own !== undefined && (here.length === 0 || !graph.getNodeAttribute(own, 'missing')))
      link(from, own, { type, path });
    for (const to of here) link(from, to, { type, path });
  }
  return graph;
}

/** The resources and everything else that edges name, in address order. */
function withMissing(nodes: readonly NodeRecord[], edges: readonly EdgeRecord[]): GraphNode[] {
  const present = new Set(nodes.map(({ address }) => address));
  const bases = new Set(nodes.map(({ base }) => base));
  const missing = new Set<string>();
  for (const { address, target } of edges) {
    if (!present.has(address)) missing.add(address);
    if (!present.has(target) && !bases.has(target)) missing.add(target);
  }
  const all: GraphNode[] = nodes.map(({ address, type, id }) => ({ address, type, id, missing: false }));
  if (missing.size === 0) return all;
  for (const address of missing) all.push({ address, type: null, id: null, missing: true });
  return all.sort((a, b) => byBytes(a.address, b.address));
}

/** By base, the keys of its instances. */
function instanceKeys(nodes: readonly NodeRecord[], keys: ReadonlyMap<string, string>): Map<string, string[]> {
  const instances = new Map<string, string[]>();
  for (const { address, base } of nodes) {
    if (base === null) continue;
    const all = instances.get(base) ?? [];
    instances.set(base, all);
    all.push(keys.get(address) as string);
  }
  return instances;
}
