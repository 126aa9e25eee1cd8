import { resourceAddress, withoutRemark } from '../../events/index.js';
import { sha256 } from '../../lib/digest.js';
import type { InvalidInputError } from '../../lib/errors.js';
import { groupBy } from '../../lib/group-by.js';
import { checkShape } from '../../lib/parse-input.js';
import { name } from '../../lib/text.js';
import { type PulumiResource, problem } from './format.js';
import { addressOfUrn, nameHere, parseUrn, type Urn } from './urns.js';

/** Where a resource of a deployment stands here. */
export interface Place extends Pick<Urn, 'module' | 'type' | 'name'> {
  readonly urn: string;
  readonly address: string;
  /** Its index in the deployment. */
  readonly index: number;
  readonly deleting: boolean;
}

const LIMITS = { module: name(1024), type: name(), name: name(1024), address: name(2048) };

/**
 * Gives each resource its place: the last type of its urn is the type, those of its parents are the module. One that is
 * to be deleted may stand beside its successor of the same urn, so it is told by its id: `web (pending delete i-0a1b)`.
 * @param list names the list in errors, `what` the file
 * @throws InvalidInputError for an urn that is none, that cannot be an address, or that stands twice
 */
export function placesOf(resources: readonly PulumiResource[], list: string, what: string): Place[] {
  const taken = new Map<string, number>();
  const counts = new Map<string, number>();
  return resources.map((resource, index) => {
    const refuse = (text: string): InvalidInputError => problem(what, `${list}.${index}`, text);
    const { urn, delete: deleting } = resource;
    const parsed = parseUrn(urn);
    if (!parsed) throw refuse(`"${urn}" is no urn of a resource (urn:pulumi:STACK::PROJECT::TYPE::NAME)`);
    const { module, type } = parsed;
    const mark = deleting === true ? ` (pending delete${keyOf(resource)})` : '';
    const plain = nameHere(parsed.name);
    let named = plain + mark;
    let address = resourceAddress({ module, type, name: named });
    const first = address;
    for (let count = counts.get(first) ?? 2; mark !== '' && taken.has(address); count += 1) {
      counts.set(first, count + 1);
      named = `${plain}${mark} #${count}`;
      address = resourceAddress({ module, type, name: named });
    }
    const place = { module, type, name: named, address };
    const wrong = problemOf(place);
    if (wrong) throw refuse(`"${urn}" cannot be an address here: ${wrong}`);
    const other = taken.get(address);
    if (other !== undefined) throw refuse(`"${urn}" is a resource already, at ${list}.${other}`);
    taken.set(address, index);
    return { ...place, urn, index, deleting: mark !== '' };
  });
}

/** What tells it from others of its urn that are to be deleted: its id where that is short and plain. */
function keyOf({ id }: PulumiResource): string {
  if (typeof id !== 'string' || id === '') return '';
  return ` ${/^[\w:./@+=-]{1,128}$/.test(id) ? id : sha256(id).slice(0, 8)}`;
}

/** The address of the resource that is not to be deleted. */
export function withoutMark(address: string): string {
  const marked = address.replace(/ #\d+$/, '');
  const plain = withoutRemark(marked, ' (pending delete');
  return plain === marked ? address : plain;
}

function problemOf(place: Readonly<Record<keyof typeof LIMITS, string>>): string | undefined {
  for (const [field, schema] of Object.entries(LIMITS)) {
    const text = place[field as keyof typeof LIMITS];
    const issue = field === 'module' && text === '' ? undefined : checkShape(schema, text).error?.issues[0];
    if (issue) return `${field} ${issue.message}`;
  }
  return undefined;
}

/**
 * Which resource an urn means in a resource's dependencies. Pulumi lists what is depended on first, so of several it is
 * one before, if there is one; and for what is to be deleted rather one that is to be deleted, else rather one that is not.
 * What is not there is meant by the address it would have.
 */
export function resolver(places: readonly Place[]): (urn: string, from: Place) => string | undefined {
  const byUrn = groupBy(places, ({ urn }) => urn);
  const ofKind = (deleting: boolean) =>
    groupBy(
      places.filter((place) => place.deleting === deleting),
      ({ urn }) => urn,
    );
  const [deleted, kept] = [ofKind(true), ofKind(false)];
  return (urn, from) => {
    const all = byUrn.get(urn) ?? [];
    const alike = (from.deleting ? deleted : kept).get(urn) ?? [];
    const meant = lastBefore(alike, from.index) ?? lastBefore(all, from.index) ?? alike.at(-1) ?? all.at(-1);
    return meant ? meant.address : addressOfUrn(urn);
  };
}

/** The last of some places, in their order, that is before an index: by halves, as any number may share one urn. */
function lastBefore(places: readonly Place[], index: number): Place | undefined {
  let [from, to] = [0, places.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((places[middle] as Place).index < index) from = middle + 1;
    else to = middle;
  }
  return places[from - 1];
}

/** Whether a dependency on this address can be declared. */
export const canBeTarget = (address: string): boolean => LIMITS.address.safeParse(address).success;
