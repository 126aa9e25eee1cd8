import { ConflictError, InvalidInputError } from '../lib/errors.js';
import { type Links, namesOf } from '../store/edge-query.js';
import type { DependencyRecord, ResourceName } from '../store/records.js';
import type { LinkRules, Wishes } from './desired-edges.js';

/** An error names no more than these. */
const SHOWN = 5;

/**
 * What goes with the resources that leave, what depends on others first.
 * @throws ConflictError where resources would be left that depend on one that is gone
 */
export function judgeDependents(
  removed: readonly ResourceName[],
  wishes: ReadonlyMap<string, Wishes>,
  links: Links,
  rules: LinkRules,
): ResourceName[] {
  if (rules.dependents === 'leave' || removed.length === 0) return [];
  const leaving = new Set(removed.map(({ address }) => address));
  const stays = standing(wishes, leaving, links);
  const cascaded: ResourceName[] = [];
  for (let next = removed; next.length > 0; ) {
    const names = new Set(next.flatMap(({ address }) => namesOf(address)));
    const broken = links.to.filter(
      ({ address, target }) =>
        names.has(target) && !stays(target) && !leaving.has(address) && isWanted(address, target, wishes, links, rules),
    );
    const stuck = broken.filter(({ address }) => rules.dependents === 'refuse' || wishes.has(address));
    if (stuck.length > 0) throw hasDependents(stuck);
    next = [...new Set(broken.map(({ address }) => address))].flatMap((address) => links.slots.get(address) ?? []);
    for (const slot of next) leaving.add(slot.address);
    cascaded.push(...next);
  }
  return cascaded.reverse();
}

/** Whether an edge remains that was there: of a resource the command says nothing of, or says so again. */
function isWanted(
  address: string,
  target: string,
  wishes: ReadonlyMap<string, Wishes>,
  links: Links,
  { allowMissing }: LinkRules,
): boolean {
  const wanted = wishes.get(address);
  return wanted ? wanted.has(target) && !allowMissing : links.present.has(address);
}

/** Whether a target names a resource that is there afterwards. */
function standing(
  wishes: ReadonlyMap<string, Wishes>,
  leaving: ReadonlySet<string>,
  links: Links,
): (target: string) => boolean {
  const made = new Set([...wishes.keys()].flatMap(namesOf));
  return (target) => made.has(target) || (links.present.get(target) ?? []).some((address) => !leaving.has(address));
}

const hasDependents = (edges: readonly DependencyRecord[]): ConflictError => {
  const told = edges.slice(0, SHOWN).map(({ address, target }) => `${address} depends on ${target}`);
  const more = edges.length > SHOWN ? ` and ${edges.length - SHOWN} more` : '';
  return new ConflictError(
    'HAS_DEPENDENTS',
    `other resources depend on what is to be removed: ${told.join(', ')}${more}`,
    {
      hint: 'Remove those too with --cascade, or leave them as they are with --force (with an import: --allow-missing).',
      details: { dependents: edges.map(({ address, target }) => ({ resource: address, dependsOn: target })) },
    },
  );
};

/** @throws InvalidInputError where a dependency is declared anew on what is not there afterwards */
export function refuseMissing(wishes: ReadonlyMap<string, Wishes>, leaving: ReadonlySet<string>, links: Links): void {
  const declaredAnew = [...wishes].flatMap(([resource, wanted]) => {
    if (wanted.size === 0) return [];
    const there = new Set(
      links.from.get(resource)?.flatMap(({ target, type }) => (type === 'explicit' ? [target] : [])),
    );
    return [...wanted].flatMap(([dependsOn, { type }]) =>
      type === 'explicit' && !there.has(dependsOn) ? [{ resource, dependsOn }] : [],
    );
  });
  if (declaredAnew.length === 0) return;
  const stands = standing(wishes, leaving, links);
  const missing = declaredAnew.filter(({ dependsOn }) => !stands(dependsOn));
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
