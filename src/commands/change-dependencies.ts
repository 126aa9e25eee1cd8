import { type NewEvent, resourceAddress } from '../events/index.js';
import { formatPath } from '../lib/json.js';
import { type EdgeFacts, type EdgeQuery, type LikelyEdgeKeys, namesOf } from '../store/edge-query.js';
import type { DependencyRecord, ResourceName } from '../store/records.js';
import { withoutCycles } from './cycles.js';
import { dependentsToRemove, refuseMissing } from './dependents.js';
import type { DesiredEdge, DesiredEdges, EdgeRules } from './desired-edges.js';
import { identities, namingTexts, references, type Steps, type Text, textsIn } from './references.js';
import { type Outcome, type ResourceInput, removed } from './resource-input.js';

/**
 * The events that remove resources and set others, each followed by those of its edges: declared ones, references in its
 * properties, and ids of other resources in its properties (docs/adr/0014). Refuses cycles, and removals on which others
 * depend, unless allowed. Yields edge queries for what it needs to know.
 * @param within the other events of the command, around these
 */
export function edgeEvents(
  outcomes: readonly Outcome[],
  leaving: readonly ResourceName[],
  rules: EdgeRules,
  within: (events: readonly NewEvent[]) => readonly NewEvent[] = (events) => events,
): EdgeQuery | readonly NewEvent[] {
  if (outcomes.length + leaving.length === 0) return within([]);
  const named = outcomes.map((outcome) => {
    const texts = textsIn(outcome.value.properties);
    const own = identities(outcome.id, outcome.value);
    return { outcome, own, stated: statedEdgesOf(outcome, texts), naming: namingTexts(texts, own) };
  });
  const owners = ownersAmong(named);
  return {
    keys: {
      of: named.map(({ outcome: { address }, stated, naming }) => ({
        address,
        // A value may also identify a resource of this commit; the store knows only the previous ones.
        targets: [...stated.keys(), ...[...naming.keys()].flatMap((value) => onlyOne(owners.get(value)))],
        values: [...naming.keys()],
      })),
      leaving: leaving.map(({ address }) => address),
      cascade: rules.dependents === 'cascade',
    },
    decide: (edgeFacts) => {
      const known = knownAfter(owners, edgeFacts);
      const desired = new Map(
        named.map(({ outcome, stated, naming }) => [
          outcome.address,
          desiredEdgesOf(outcome, stated, naming, known, edgeFacts),
        ]),
      );
      const going = [...dependentsToRemove(leaving, desired, edgeFacts, rules), ...leaving];
      const gone = new Set(going.map(({ address }) => address));
      if (!rules.allowMissing) refuseMissing(desired, gone, edgeFacts);
      const settled = withoutCycles(desired, gone, edgeFacts);
      const edgesOf = (address: string): NewEvent[] =>
        changes(address, edgeFacts.from.get(address) ?? [], settled.get(address) ?? new Map());
      return within([
        ...going.flatMap((stored) => [removed(stored), ...edgesOf(stored.address)]),
        ...outcomes.flatMap(({ event, address }) => [...(event ? [event] : []), ...edgesOf(address)]),
      ]);
    },
  };
}

/** The facts that resources to be set need, as far as their properties show them. */
export const likelyEdgeKeys = (resources: readonly ResourceInput[]): LikelyEdgeKeys => ({
  from: resources.map(resourceAddress),
  known: [...new Set(resources.flatMap(({ properties = {} }) => [...namingTexts(textsIn(properties), NOBODY).keys()]))],
});
const NOBODY: ReadonlySet<string> = new Set();

/** Declared dependencies, and references of properties by address. */
function statedEdgesOf({ address, module, value, addedEdge }: Outcome, texts: readonly Text[]): DesiredEdges {
  const stated = new Map<string, DesiredEdge>(
    value.dependencies.map((target) => [target, { type: 'explicit', path: null }]),
  );
  for (const [target, path] of references(texts, module)) {
    if (!stated.has(target) && !namesOf(address).includes(target)) stated.set(target, { type: 'implicit', path });
  }
  if (addedEdge && !stated.has(addedEdge.target))
    stated.set(addedEdge.target, { type: 'implicit', path: addedEdge.path });
  return stated;
}

/** The addresses of the command's resources, by the values that identify them. */
function ownersAmong(
  named: readonly { readonly outcome: Outcome; readonly own: ReadonlySet<string> }[],
): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, string[]>();
  for (const { outcome, own } of named) {
    for (const known of own) {
      const all = owners.get(known);
      if (all) all.push(outcome.address);
      else owners.set(known, [outcome.address]);
    }
  }
  return owners;
}

/** A value that identifies several resources refers to none. */
const onlyOne = (addresses: readonly string[] = []): readonly string[] => (addresses.length === 1 ? addresses : []);

/** The resource that each value identifies after the command. */
const knownAfter =
  (owners: ReadonlyMap<string, readonly string[]>, edgeFacts: EdgeFacts) =>
  (value: string): string | undefined => {
    const [stated, there] = [owners.get(value), edgeFacts.known.get(value)];
    if (!stated && !there) return undefined;
    const [only] = onlyOne([...(stated ?? []), ...(there ?? [])]);
    return only;
  };

function desiredEdgesOf(
  { address, sameProperties }: Outcome,
  stated: DesiredEdges,
  naming: ReadonlyMap<string, Steps>,
  known: (value: string) => string | undefined,
  edgeFacts: EdgeFacts,
): DesiredEdges {
  const desired = new Map(stated);
  for (const [text, steps] of naming) {
    const target = known(text);
    if (target === undefined || target === address || namesOf(target).some((one) => desired.has(one))) continue;
    desired.set(target, { type: 'implicit', path: formatPath(steps), guessed: true });
  }
  for (const { target, type, path } of edgeFacts.from.get(address) ?? []) {
    // An edge that was found in the properties goes when they change; one that a caller added stays until it is removed.
    if (type === 'implicit' && (path === null || sameProperties) && !desired.has(target))
      desired.set(target, { type, path });
  }
  return desired;
}

/** The events that turn the existing edges into the desired ones. */
function changes(address: string, before: readonly DependencyRecord[], wanted: DesiredEdges): NewEvent[] {
  if (before.length === 0 && wanted.size === 0) return [];
  const known = new Map(before.map((edge) => [edge.target, edge]));
  const removed = before.filter(({ target }) => !wanted.has(target));
  const added = [...wanted].filter(([target, { type, path }]) => {
    const edge = known.get(target);
    return edge?.type !== type || edge.path !== path;
  });
  return [
    ...removed.map(({ target }): NewEvent => ({ type: 'DependencyRemoved', data: { address, target } })),
    ...added.map(
      ([target, { type, path }]): NewEvent => ({
        type: 'DependencyAdded',
        data: { address, target, dependencyType: type, path },
      }),
    ),
  ];
}
