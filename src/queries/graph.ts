import { InvalidInputError } from '../lib/errors.js';
import type { At } from '../store/event-store.js';
import { type Program, together } from '../store/program.js';
import type { EdgeRecord, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { type StackMoment, stackMoment } from './at.js';
import { buildGraph, type DependencyGraph, type GraphNode } from './graph-build.js';
import { findCycles } from './graph-cycles.js';
import { ahead, byPlace, dependencyOrder, reach } from './graph-walk.js';
import { resourceMissing } from './resource.js';

export interface GraphOptions {
  readonly at?: At | undefined;
  /** The address or id of a resource: only that and its dependencies. */
  readonly root?: string | undefined;
  /** The dependents of the root, instead of its dependencies. */
  readonly reverse?: boolean | undefined;
  /** At most this many steps from the root. */
  readonly depth?: number | undefined;
}

/** The graph of a stack, or a part of it. Edges run between its nodes. */
export interface GraphView {
  readonly stack: StackRecord;
  readonly version: number;
  /** The address of the requested root. */
  readonly root: string | null;
  /** Sorted by address. */
  readonly nodes: readonly GraphNode[];
  /** Sorted by address, then target; both are nodes, so an edge to several instances is several edges. */
  readonly edges: readonly EdgeRecord[];
  /** All addresses, each after its dependencies; null if there is a cycle. */
  readonly order: readonly string[] | null;
  /** One for each strongly connected component: each address depends on the next, the last on the first. */
  readonly cycles: readonly (readonly string[])[];
}

/**
 * The dependency graph of a stack, now or at a past position.
 * @throws NotFoundError for an unknown stack, root or position; InvalidInputError for an invalid depth, and for options that
 * need a root if none is given
 */
export function* readGraph(s: Snapshot, ref: string, options: GraphOptions = {}): Program<GraphView> {
  const { root, reverse = false, depth } = options;
  checkOptions(options);
  const { stack, version, graph } = yield* readAll(s, ref, options.at);
  const start = root === undefined ? undefined : findNode(graph, stack, root);
  const arrows = reverse ? graph.dependents : graph.dependencies;
  const places = start === undefined ? [...graph.nodes.keys()] : [...reach(arrows, start, depth).keys()].sort(byPlace);
  const within = new Set(places);
  const order = dependencyOrder(graph, within);
  const addresses = (some: readonly number[]): string[] => some.map((place) => nodeAt(graph, place).address);
  return {
    stack,
    version,
    root: start === undefined ? null : nodeAt(graph, start).address,
    nodes: places.map((place) => nodeAt(graph, place)),
    edges: graph.links.flatMap(({ from, to, edge }) => (within.has(from) && within.has(to) ? [edge] : [])),
    order: order && addresses(order),
    cycles: order ? [] : findCycles(graph, within).map(addresses),
  };
}

const nodeAt = ({ nodes }: DependencyGraph, place: number): GraphNode => nodes[place] as GraphNode;

/** A resource that a change of another one reaches. */
export interface Affected extends Pick<GraphNode, 'address' | 'type'> {
  /** The smallest number of steps from that other one; 1 for a direct dependent. */
  readonly depth: number;
  /** Its dependencies that are also reached, including that other one; sorted by address. */
  readonly via: readonly string[];
}

export interface Impact {
  readonly stack: StackRecord;
  readonly version: number;
  /** The address of the requested resource. */
  readonly resource: string;
  /** Each after everything in its `via`; if there is a cycle, nearest first. */
  readonly affected: readonly Affected[];
}

/**
 * Everything that depends on a resource, directly or indirectly: what a change of it may reach. The resource may be a
 * missing one to which edges lead.
 * @throws NotFoundError for an unknown stack, position or resource
 */
export function* readImpact(s: Snapshot, ref: string, resource: string, at?: At): Program<Impact> {
  const { stack, version, graph } = yield* readAll(s, ref, at);
  const start = findNode(graph, stack, resource);
  const depths = reach(graph.dependents, start);
  const others = new Set(depths.keys());
  others.delete(start);
  const depthOf = (place: number): number => depths.get(place) as number;
  const order = dependencyOrder(graph, others) ?? [...others].sort((a, b) => depthOf(a) - depthOf(b) || byPlace(a, b));
  return {
    stack,
    version,
    resource: nodeAt(graph, start).address,
    affected: order.map((place) => {
      const { address, type } = nodeAt(graph, place);
      const via = [...ahead(graph.dependencies, place)].filter((dependency) => depths.has(dependency));
      return { address, type, depth: depthOf(place), via: via.map((one) => nodeAt(graph, one).address) };
    }),
  };
}

function* readAll(
  s: Snapshot,
  ref: string,
  at: At | undefined,
): Program<Pick<StackMoment, 'stack' | 'version'> & { readonly graph: DependencyGraph }> {
  const { stack, version, past } = yield* stackMoment(s, ref, at);
  const asOf = past ? version : undefined;
  const [nodes, edges] = yield* together([s.nodes(stack.stream, asOf), s.edges(stack.stream, asOf)]);
  return { stack, version, graph: buildGraph(nodes, edges) };
}

function findNode({ nodes }: DependencyGraph, stack: StackRecord, ref: string): number {
  const byAddress = nodes.findIndex(({ address }) => address === ref);
  const place = byAddress >= 0 ? byAddress : nodes.findIndex(({ id }) => id === ref);
  if (place < 0) throw resourceMissing(stack.name, ref);
  return place;
}

function checkOptions({ root, reverse, depth }: GraphOptions): void {
  if (depth !== undefined && !(Number.isSafeInteger(depth) && depth >= 1)) {
    throw new InvalidInputError('INVALID_NUMBER', `depth: ${depth} is not a whole number of at least 1`, {
      hint: 'Give how many steps from the root to show.',
      details: { field: 'depth', value: depth },
    });
  }
  const field = reverse ? 'reverse' : depth === undefined ? undefined : 'depth';
  if (root !== undefined || field === undefined) return;
  throw new InvalidInputError('ROOT_MISSING', `${field}: there is no root to start from`, {
    hint: 'Name the resource to start from as the root (--root ADDRESS).',
    details: { field },
  });
}
