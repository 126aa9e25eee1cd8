import { baseAddress, type NewEvent } from '../events/index.js';
import { groupBy } from '../lib/group-by.js';
import { NO_ENTRIES } from '../lib/no-entries.js';
import { type Eventual, type Program, wait } from './program.js';
import type { DependencyRecord, ResourceSlot } from './records.js';

/** One resource depends on another, or on all instances of one. */
export interface Edge {
  readonly address: string;
  readonly target: string;
}

/** What a decision on dependencies asks for, once it knows the resources it is about. */
export interface LinkKeys {
  /** Resources whose dependencies may change, with what they may come to depend on. */
  readonly of: readonly {
    readonly address: string;
    readonly targets: readonly string[];
    /** Values of its properties, each of which may be what another resource is known by. */
    readonly values: readonly string[];
  }[];
  /** Addresses of resources that are to go. */
  readonly leaving: readonly string[];
  /** Whether what depends on those goes with them, and so on. */
  readonly cascade: boolean;
}

/** Keys of {@link LinkReads}, as far as they can be told before anything is known. */
export interface LikelyLinks {
  readonly from: readonly string[];
  readonly known: readonly string[];
}

/** The answers. */
export interface Links {
  /** By address: the edges that start from each resource asked for, from each that leaves or goes with those. */
  readonly from: ReadonlyMap<string, readonly DependencyRecord[]>;
  /** The edges that end at a resource that leaves, or at the instances of which it is one. */
  readonly to: readonly DependencyRecord[];
  /**
   * Resources that a candidate target, or an end of an edge in `to`, stands for; without an entry it names nothing. Of many
   * instances only so many that one is left whichever go.
   */
  readonly present: ReadonlyMap<string, readonly string[]>;
  /** By value: the resources known by it, but for those asked for and those that go. */
  readonly known: ReadonlyMap<string, readonly string[]>;
  /**
   * Edges there are, of which every cycle consists that a new edge among those asked for would close, and from the
   * address without keys to each instance.
   */
  readonly around: readonly Edge[];
  /** With `cascade`: the resources that depend on those that leave. */
  readonly slots: ReadonlyMap<string, ResourceSlot>;
}

/** What a decision comes to that must know more: it is told, and then decides. */
export interface Question {
  readonly links: LinkKeys;
  /** @throws SlothError when the command cannot be accepted */
  answer(links: Links): readonly NewEvent[];
}

/** What a store must be able to find in one stack, by index. Each takes many keys at once, and none twice. */
export interface LinkReads {
  from(addresses: readonly string[]): Eventual<readonly DependencyRecord[]>;
  to(targets: readonly string[]): Eventual<readonly DependencyRecord[]>;
  /** Addresses of the resources there are that bear one of the names: of those with keys at most `limit` for each name. */
  standing(names: readonly string[], limit: number): Eventual<readonly string[]>;
  /** A resource's id, own id or identity, and whose it is; it may be told twice where it is known by one value in two ways. */
  known(values: readonly string[]): Eventual<readonly { readonly value: string; readonly address: string }[]>;
  /** By address; one without an answer is left out. */
  slots(addresses: readonly string[]): Eventual<ReadonlyMap<string, ResourceSlot>>;
}

/** For a stack that is not there yet. */
export const NOTHING_THERE: LinkReads = {
  from: () => [],
  to: () => [],
  standing: () => [],
  known: () => [],
  slots: () => NO_ENTRIES,
};

export function* readLinks(reads: LinkReads, keys: LinkKeys): Program<Links> {
  const { to, going } = keys.leaving.length > 0 ? yield* dependents(reads, keys) : NOBODY;
  // Both are asked before either answer is waited for: on a server they then cost one round trip.
  const sources = unique([...keys.of.map(({ address }) => address), ...going]);
  const [byValue, edgesFrom] = [reads.known(unique(keys.of.flatMap(({ values }) => values))), reads.from(sources)];
  if (edgesFrom instanceof Promise) edgesFrom.catch(() => {}); // it is waited for below
  const known = owners(yield* wait(byValue), sources);
  const edges = yield* wait(edgesFrom);
  const from = groupBy(edges, ({ address }) => address);
  const candidates = keys.of.flatMap(({ address, targets, values }) => {
    if (targets.length === 0 && known.size === 0) return [];
    const there = new Map(from.get(address)?.map(({ target, type }) => [target, type]));
    return unique([...targets, ...values.flatMap((value) => known.get(value) ?? [])])
      .filter((target) => there.get(target) !== 'explicit')
      .map((target) => ({ address, target, isNew: !there.has(target) }));
  });
  const names = unique([...candidates, ...to].flatMap(({ address, target }) => [address, target]));
  const added = candidates.filter(({ isNew }) => isNew);
  return {
    from,
    to,
    known,
    present: names.length > 0 ? yield* standFor(reads, names, going.size + 1) : NO_ENTRIES,
    around: added.length > 0 ? yield* edgesAround(reads, added) : [],
    slots: keys.cascade ? yield* wait(reads.slots([...going])) : NO_ENTRIES,
  };
}

const unique = <T>(items: Iterable<T>): T[] => [...new Set(items)];

interface Dependents {
  readonly to: readonly DependencyRecord[];
  readonly going: ReadonlySet<string>;
}
const NOBODY: Dependents = { to: [], going: new Set() };

/** What depends on the resources that leave, and with `cascade` what depends on that, and so on. */
function* dependents(reads: LinkReads, { leaving, cascade }: LinkKeys): Program<Dependents> {
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

/** What an edge may call a resource. */
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

function* standFor(reads: LinkReads, targets: readonly string[], limit: number): Program<Map<string, string[]>> {
  const wanted = new Set(targets);
  const present = new Map<string, string[]>();
  for (const address of yield* wait(reads.standing(targets, limit))) {
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
 * A cycle that new edges close leads from the target of one along edges there are to the source of one. Both ends are
 * followed, first backward, then the side with the smaller front, until one side comes to its end: what it went along is
 * enough. So a resource on which nothing depends yet costs one step, however much it comes to depend on.
 */
function* edgesAround(reads: LinkReads, added: readonly Edge[]): Program<Edge[]> {
  const forward = new Side(added.map(({ target }) => target));
  const backward = new Side(added.map(({ address }) => address));
  for (let first = true; ; first = false) {
    if (forward.front.length === 0) return forward.edges;
    if (backward.front.length === 0) return backward.edges;
    if (!first && forward.front.length < backward.front.length) {
      const { front } = forward;
      const names = new Set(front);
      const standing = yield* wait(reads.standing(front, ALL));
      const instances = standing.flatMap((address) => {
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

/** A walk in one direction. */
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
