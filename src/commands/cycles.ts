import { baseAddress } from '../events/index.js';
import { type Arrow, cyclicCore, wayfinder } from '../lib/acyclic.js';
import { ConflictError } from '../lib/errors.js';
import type { EdgeFacts } from '../store/edge-query.js';
import type { DesiredEdge, DesiredEdges } from './desired-edges.js';

/** A desired edge, and whether it exists already. */
interface Link extends Arrow, DesiredEdge {
  readonly isNew: boolean;
}

/**
 * The desired edges without guesses that would close a cycle: two resources that hold each other's ids say nothing about
 * their order.
 * @throws ConflictError with the cycle, if declared dependencies or references close one
 */
export function withoutCycles(
  desired: ReadonlyMap<string, DesiredEdges>,
  leaving: ReadonlySet<string>,
  edgeFacts: EdgeFacts,
): ReadonlyMap<string, DesiredEdges> {
  const wanted = [...desired].flatMap(([from, targets]): Link[] => {
    if (targets.size === 0) return [];
    const there = new Set(edgeFacts.from.get(from)?.map(({ target }) => target));
    return [...targets].map(([to, edge]) => ({ from, to, ...edge, isNew: !there.has(to) }));
  });
  if (!wanted.some(({ isNew }) => isNew)) return desired;
  const others = [...around(desired, leaving, edgeFacts), ...instances(desired.keys())];
  const isGuess = ({ guessed, isNew }: Link): boolean => isNew && guessed === true;
  refuseCycles([...others, ...wanted.filter((link) => !isGuess(link))], wanted);

  const core = cyclicCore([...others, ...wanted]);
  const doubtful = wanted.filter((link) => isGuess(link) && core.has(link));
  if (doubtful.length === 0) return desired;
  const way = wayfinder(core);
  const closing = doubtful.filter(({ from, to }) => way(to, from));
  const settled = new Map([...desired].map(([address, targets]) => [address, new Map(targets)]));
  for (const { from, to } of closing) settled.get(from)?.delete(to);
  return settled;
}

/** The edges of all other resources that a cycle could contain. */
const around = (
  desired: ReadonlyMap<string, DesiredEdges>,
  leaving: ReadonlySet<string>,
  { around: edges }: EdgeFacts,
): Arrow[] =>
  edges.flatMap(({ address: from, target: to }) => {
    const replaced = (desired.has(from) || leaving.has(from)) && baseAddress(to) !== from;
    return replaced ? [] : [{ from, to }];
  });

/** An address without keys leads to each of its instances. */
const instances = (addresses: Iterable<string>): Arrow[] =>
  [...addresses].flatMap((to) => {
    const from = baseAddress(to);
    return from === null ? [] : [{ from, to }];
  });

function refuseCycles(arrows: readonly Arrow[], wanted: readonly Link[]): void {
  const core = cyclicCore(arrows);
  if (core.size === 0) return;
  const way = wayfinder(core);
  // An older cycle among other resources is not an error of this command.
  for (const link of wanted) {
    const back = link.isNew && core.has(link) ? way(link.to, link.from) : undefined;
    if (back) throw cyclic([link.from, ...back], link);
  }
}

const cyclic = (cycle: readonly string[], { type, path }: Link): ConflictError =>
  new ConflictError('DEPENDENCY_CYCLE', `dependencies: this would close a cycle: ${cycle.join(' → ')}`, {
    hint:
      type === 'explicit'
        ? 'Take one of these dependencies away.'
        : `Take one of these dependencies away; the first is referred to at ${path} of ${cycle[0]}.`,
    details: { field: 'dependencies', cycle },
  });
