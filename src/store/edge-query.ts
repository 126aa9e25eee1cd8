import { baseAddress, type NewEvent } from '../events/index.js';
import { groupBy } from '../lib/group-by.js';
import { NO_ENTRIES } from '../lib/no-entries.js';
import { type Eventual, type Program, wait } from './program.js';
import type { DependencyRecord, StoredResource } from './records.js';

/** One resource depends on another, or on all instances of one. */
export interface Edge {
  readonly address: string;
  readonly target: string;
}

/** The keys of an edge query, which a decision on dependencies knows once it knows its resources. */
export interface EdgeKeys {
  /** Resources whose dependencies may change, with their possible new dependencies. */
  readonly of: readonly {
    readonly address: string;
    readonly targets: readonly string[];
    /** Values in its properties. Each may be the id of another resource. */
    readonly values: readonly string[];
  }[];
  /** Addresses of resources to remove. */
  readonly leaving: readonly string[];
  /** Whether their dependents, direct and indirect, are removed with them. */
  readonly cascade: boolean;
}

/** Keys of {@link EdgeReads}, as far as they can be predicted before anything is read. */
export interface LikelyEdgeKeys {
  readonly from: readonly string[];
  readonly known: readonly string[];
}

/** The result. */
export interface EdgeFacts {
  /** By address: the edges from each requested and each removed resource. */
  readonly from: ReadonlyMap<string, readonly DependencyRecord[]>;
  /** The edges to a removed resource, or to its address without instance keys. */
  readonly to: readonly DependencyRecord[];
  /**
   * The existing resources that a candidate target, or an end of an edge in `to`, refers to. Of many instances, only enough
   * to prove that one remains, whichever are removed.
   */
  readonly present: ReadonlyMap<string, readonly string[]>;
  /** By value: the resources that it identifies, except the requested and the removed ones. */
  readonly known: ReadonlyMap<string, readonly string[]>;
  /**
   * The existing edges of every cycle that a requested new edge would close, and edges from an address without keys to each
   * of its instances.
   */
  readonly around: readonly Edge[];
  /** With `cascade`: the dependents of removed resources. */
  readonly dependents: ReadonlyMap<string, StoredResource>;
}

/** Returned by a decision that first needs to read edges; `decide` then decides with the result. */
export interface EdgeQuery {
  readonly keys: EdgeKeys;
  /** @throws SlothError when the command cannot be accepted */
  decide(facts: EdgeFacts): readonly NewEvent[];
}

/** The reads of a stack that an edge query needs, each by index. Each takes many distinct keys at once. */
export interface EdgeReads {
  from(addresses: readonly string[]): Eventual<readonly DependencyRecord[]>;
  to(targets: readonly string[]): Eventual<readonly DependencyRecord[]>;
  /** Addresses of existing resources with one of the names; of instances with keys, at most `limit` for each name. */
  existing(names: readonly string[], limit: number): Eventual<readonly string[]>;
  /** The resources with a value as id, own id or identity. A resource may occur twice if a value identifies it in two ways. */
  known(values: readonly string[]): Eventual<readonly { readonly value: string; readonly address: string }[]>;
  /** By address; missing resources are left out. */
  resources(addresses: readonly string[]): Eventual<ReadonlyMap<string, StoredResource>>;
}

/** For a stack that does not exist yet. */
export const NO_EDGES: EdgeReads = {
  from: () => [],
  to: () => [],
  existing: () => [],
  known: () => [],
  resources: () => NO_ENTRIES,
};

export function* readEdgeFacts(reads: EdgeReads, keys: EdgeKeys): Program<EdgeFacts> {
  const { to, going } = keys.leaving.length > 0 ? yield* dependents(reads, keys) : NO_DEPENDENTS;
  // Both reads start before the first result is awaited: on a server they cost one round trip.
  const sources = unique([...keys.of.map(({ address }) => address), ...going]);
  const [byValue, edgesFrom] = [reads.known(unique(keys.of.flatMap(({ values }) => values))), reads.from(sources)];
  if (edgesFrom instanceof Promise) edgesFrom.catch(() => {}); // it is awaited below
  const known = owners(yield* wait(byValue), sources);
  const edges = yield* wait(edgesFrom);
  const from = groupBy(edges, ({ address }) => address);
  const candidates = keys.of.flatMap(({ address, targets, values }) => {
    if (targets.length === 0 && known.size === 0) return [];
    const existing = new Map(from.get(address)?.map(({ target, type }) => [target, type]));
    return unique([...targets, ...values.flatMap((value) => known.get(value) ?? [])])
      .filter((target) => existing.get(target) !== 'explicit')
      .map((target) => ({ address, target, isNew: !existing.has(target) }));
  });
  const names = unique([...candidates, ...to].flatMap(({ address, target }) => [address, target]));
  const added = candidates.filter(({ isNew }) => isNew);
  return {
    from,
    to,
    known,
    present: names.length > 0 ? yield* instancesOf(reads, names, going.size + 1) : NO_ENTRIES,
    around: added.length > 0 ? yield* edgesAround(reads, added) : [],
    dependents: keys.cascade ? yield* wait(reads.resources([...going])) : NO_ENTRIES,
  };
}

const unique = <T>(items: Iterable<T>): T[] => [...new Set(items)];

interface Dependents {
  readonly to: readonly DependencyRecord[];
  readonly going: ReadonlySet<string>;
}
const NO_DEPENDENTS: Dependents = { to: [], going: new Set() };

/** The dependents of the removed resources, with `cascade` also the indirect ones. */
function* dependents(reads: EdgeReads, { leaving, cascade }: EdgeKeys): Program<Dependents> {
  const going = new Set(leaving);
  const to: DependencyRecord[] = [];
  for (let next = leaving; next.length > 0; ) {
    const found: readonly DependencyRecord[] = yield* wait(reads.to(unique(next.flatMap(namesOf))));
    to.push(...found);
    next = cascade ? unique(found.map(({ address }) => address)).filter((address) => !going.has(address)) : [];
    for (const address of next) going.add(address);
  }
  return { to, going };
}

/** The names by which an edge may refer to a resource. */
export function namesOf(address: string): string[] {
  const base = baseAddress(address);
  return base === null ? [address] : [address, base];
}

function owners(
  found: readonly { readonly value: string; readonly address: string }[],
  except: readonly string[],
): ReadonlyMap<string, string[]> {
  if (found.length === 0) return NO_ENTRIES;
  const passed = new Set(except);
  const all = new Map<string, Set<string>>();
  for (const { value, address } of found) {
    if (!passed.has(address)) all.set(value, (all.get(value) ?? new Set()).add(address));
  }
  return new Map([...all].map(([value, addresses]) => [value, [...addresses]]));
}

function* instancesOf(reads: EdgeReads, targets: readonly string[], limit: number): Program<Map<string, string[]>> {
  const wanted = new Set(targets);
  const present = new Map<string, string[]>();
  for (const address of yield* wait(reads.existing(targets, limit))) {
    for (const name of namesOf(address).filter((one) => wanted.has(one))) {
      const instances = present.get(name);
      if (instances) instances.push(address);
      else present.set(name, [address]);
    }
  }
  return present;
}

const ALL = Number.MAX_SAFE_INTEGER;

/**
 * A cycle that new edges close leads from the target of one along existing edges to the source of one. The search starts
 * at both ends, first backward, then on the side with the smaller front, until one side is exhausted: its edges are
 * enough. So a resource without dependents costs one step, however many dependencies it gets.
 */
function* edgesAround(reads: EdgeReads, added: readonly Edge[]): Program<Edge[]> {
  const forward = new Side(added.map(({ target }) => target));
  const backward = new Side(added.map(({ address }) => address));
  for (let first = true; ; first = false) {
    if (forward.front.length === 0) return forward.edges;
    if (backward.front.length === 0) return backward.edges;
    if (!first && forward.front.length < backward.front.length) {
      const { front } = forward;
      const names = new Set(front);
      const existing = yield* wait(reads.existing(front, ALL));
      const instances = existing.flatMap((address) => {
        const base = baseAddress(address);
        return base !== null && names.has(base) ? [{ address: base, target: address }] : [];
      });
      forward.step([...(yield* wait(reads.from(front))), ...instances], ({ target }) => target);
    } else {
      const { front } = backward;
      const instances = front.flatMap((target) => {
        const base = baseAddress(target);
        return base === null ? [] : [{ address: base, target }];
      });
      backward.step([...(yield* wait(reads.to(front))), ...instances], ({ address }) => address);
    }
  }
}

/** A search in one direction. */
class Side {
  readonly edges: Edge[] = [];
  readonly #seen: Set<string>;
  front: readonly string[];

  constructor(start: Iterable<string>) {
    this.#seen = new Set(start);
    this.front = [...this.#seen];
  }

  step(edges: readonly Edge[], end: (edge: Edge) => string): void {
    for (const { address, target } of edges) this.edges.push({ address, target });
    const next = unique(edges.map(end)).filter((node) => !this.#seen.has(node));
    for (const node of next) this.#seen.add(node);
    this.front = next;
  }
}
