import { ConflictError, InvalidInputError } from '../lib/errors.js';
import { type EdgeFacts, namesOf } from '../store/edge-query.js';
import type { DependencyRecord, ResourceName } from '../store/records.js';
import type { DesiredEdges, EdgeRules } from './desired-edges.js';

/** The maximum number of resources that an error names. */
const SHOWN = 5;

/**
 * The resources to remove together with others, dependents first.
 * @throws ConflictError if remaining resources would depend on a removed one
 */
export function dependentsToRemove(
  removed: readonly ResourceName[],
  desired: ReadonlyMap<string, DesiredEdges>,
  edgeFacts: EdgeFacts,
  rules: EdgeRules,
): ResourceName[] {
  if (rules.dependents === 'leave' || removed.length === 0) return [];
  const leaving = new Set(removed.map(({ address }) => address));
  const stays = existsAfter(desired, leaving, edgeFacts);
  const cascaded: ResourceName[] = [];
  for (let next = removed; next.length > 0; ) {
    const names = new Set(next.flatMap(({ address }) => namesOf(address)));
    const broken = edgeFacts.to.filter(
      ({ address, target }) =>
        names.has(target) &&
        !stays(target) &&
        !leaving.has(address) &&
        isWanted(address, target, desired, edgeFacts, rules),
    );
    const stuck = broken.filter(({ address }) => rules.dependents === 'refuse' || desired.has(address));
    if (stuck.length > 0) throw hasDependents(stuck);
    next = [...new Set(broken.map(({ address }) => address))].flatMap(
      (address) => edgeFacts.dependents.get(address) ?? [],
    );
    for (const stored of next) leaving.add(stored.address);
    cascaded.push(...next);
  }
  return cascaded.reverse();
}

/** Whether an existing edge remains: its resource is not part of the command, or states it again. */
function isWanted(
  address: string,
  target: string,
  desired: ReadonlyMap<string, DesiredEdges>,
  edgeFacts: EdgeFacts,
  { allowMissing }: EdgeRules,
): boolean {
  const wanted = desired.get(address);
  return wanted ? wanted.has(target) && !allowMissing : edgeFacts.present.has(address);
}

/** Whether a resource with the target's address exists after the command. */
function existsAfter(
  desired: ReadonlyMap<string, DesiredEdges>,
  leaving: ReadonlySet<string>,
  edgeFacts: EdgeFacts,
): (target: string) => boolean {
  const made = new Set([...desired.keys()].flatMap(namesOf));
  return (target) => made.has(target) || (edgeFacts.present.get(target) ?? []).some((address) => !leaving.has(address));
}

const hasDependents = (edges: readonly DependencyRecord[]): ConflictError => {
  const shown = edges.slice(0, SHOWN).map(({ address, target }) => `${address} depends on ${target}`);
  const more = edges.length > SHOWN ? ` and ${edges.length - SHOWN} more` : '';
  return new ConflictError(
    'HAS_DEPENDENTS',
    `other resources depend on what is to be removed: ${shown.join(', ')}${more}`,
    {
      hint: 'Remove those too with --cascade, or leave them as they are with --force (with an import: --allow-missing).',
      details: { dependents: edges.map(({ address, target }) => ({ resource: address, dependsOn: target })) },
    },
  );
};

/** @throws InvalidInputError if a new dependency is declared on a resource that will not exist */
export function refuseMissing(
  desired: ReadonlyMap<string, DesiredEdges>,
  leaving: ReadonlySet<string>,
  edgeFacts: EdgeFacts,
): void {
  const newlyDeclared = [...desired].flatMap(([resource, wanted]) => {
    if (wanted.size === 0) return [];
    const there = new Set(
      edgeFacts.from.get(resource)?.flatMap(({ target, type }) => (type === 'explicit' ? [target] : [])),
    );
    return [...wanted].flatMap(([dependsOn, { type }]) =>
      type === 'explicit' && !there.has(dependsOn) ? [{ resource, dependsOn }] : [],
    );
  });
  if (newlyDeclared.length === 0) return;
  const stands = existsAfter(desired, leaving, edgeFacts);
  const missing = newlyDeclared.filter(({ dependsOn }) => !stands(dependsOn));
  const [first] = missing;
  if (!first) return;
  const more = missing.length > 1 ? ` (and ${missing.length - 1} more)` : '';
  throw new InvalidInputError(
    'DEPENDENCY_MISSING',
    `dependencies: "${first.resource}" depends on "${first.dependsOn}", which is not in the stack${more}`,
    {
      hint: 'Correct the address, make that resource first or in the same commit, or allow it with --allow-missing.',
      details: { field: 'dependencies', missing },
    },
  );
}
