import { resourceAddress, withoutRemark } from '../../events/index.js';
import { sha256 } from '../../lib/digest.js';
import type { InvalidInputError } from '../../lib/errors.js';
import { groupBy } from '../../lib/group-by.js';
import { checkShape } from '../../lib/parse-input.js';
import { name } from '../../lib/text.js';
import { type PulumiResource, problem } from './format.js';
import { addressOfUrn, nameHere, parseUrn, type Urn } from './urns.js';

/** The address of a deployment's resource here. */
export interface Place extends Pick<Urn, 'module' | 'type' | 'name'> {
  readonly urn: string;
  readonly address: string;
  /** Its index in the deployment. */
  readonly index: number;
  readonly deleting: boolean;
}

const LIMITS = { module: name(1024), type: name(), name: name(1024), address: name(2048) };

/**
 * Assigns each resource its address: the last type of its urn is the type, those of its parents are the module. A resource
 * that is to be deleted may have the same urn as its successor, so its id is added: `web (pending delete i-0a1b)`.
 * @param list names the list in errors, `what` the file
 * @throws InvalidInputError for an urn that is invalid, that cannot be an address, or that occurs twice
 */
export function placesOf(resources: readonly PulumiResource[], list: string, what: string): Place[] {
  const taken = new Map<string, number>();
  const counts = new Map<string, number>();
  return resources.map((resource, index) => {
    const refuse = (text: string): InvalidInputError => problem(what, `${list}.${index}`, text);
    const { urn, delete: deleting } = resource;
    const parsed = parseUrn(urn);
    if (!parsed) throw refuse(`"${urn}" is not the urn of a resource (urn:pulumi:STACK::PROJECT::TYPE::NAME)`);
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

/** Distinguishes it from others with its urn that are to be deleted: its id if that is short and plain. */
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
 * Finds the resource that an urn in another resource's dependencies refers to. Pulumi lists dependencies first, so of
 * several it is a previous one, if there is one. A resource that is to be deleted prefers one that is to be deleted, any
 * other one that is not. If none exists, it is the address that it would have.
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

/** The last of some sorted indexes before an index, by binary search, because any number of resources may share one urn. */
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
