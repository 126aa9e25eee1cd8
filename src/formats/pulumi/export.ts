import { baseAddress } from '../../events/index.js';
import { ConflictError } from '../../lib/errors.js';
import { groupBy } from '../../lib/group-by.js';
import type { JsonObject } from '../../lib/json.js';
import type { StateView } from '../../queries/state.js';
import type { ResourceRecord } from '../../store/records.js';
import { headerOf, joinDocument } from './header.js';
import { madeFields, madeLineage, madeManifest, madeRoot, madeUrn } from './made-up.js';
import { dependenciesFirst, inOrder } from './order.js';
import { writeOutputs } from './outputs.js';
import { type Kept, keptOf } from './resources.js';
import { urnsBefore } from './urns.js';
import { type UrnsOf, writeResource } from './write.js';

/** A resource during the export. */
interface Item {
  readonly resource: ResourceRecord;
  readonly kept: Kept;
}

/**
 * The stack as Pulumi writes it, in the imported form: a deployment or a checkpoint. An imported and unchanged stack is
 * exported value for value. Things that were created here get urns. If the stack was changed since, each resource comes
 * after its dependencies: Pulumi refuses another order.
 * @throws ConflictError if two resources would have one urn
 */
export function toPulumiState(view: StateView): JsonObject {
  const { origin } = view.document;
  const imported = origin?.format === 'pulumi' ? origin : undefined;
  const header = headerOf(imported);
  const lineage = imported?.lineage || madeLineage(view);
  const { known, made } = splitMade(view.resources);
  const root = known.find(({ kept }) => kept.root)?.kept.fields;
  const added = root || (imported && view.outputs.length === 0) ? undefined : madeRoot(lineage);
  const parent = (root ?? added)?.urn;
  const items = [
    ...inOrder(
      known.map((item) => ({ ...item, number: item.kept.number })),
      header.order,
    ),
    ...made.map((resource) => ({ resource, kept: madeUp(resource, lineage, parent) })),
  ];
  const urnsOf = urnFinder(items);
  const written = items.map(({ resource, kept }) =>
    writeResource(resource, kept, urnsOf, kept.root ? writeOutputs(view.outputs, kept.fields) : {}),
  );
  const all = added ? [withOutputs(added, writeOutputs(view.outputs, {})), ...written] : written;
  const places = placesByUrn(all);
  const isAsImported = imported?.version === view.version;
  return joinDocument(header, isAsImported ? all : sorted(all, places), madeManifest(view));
}

function splitMade(resources: readonly ResourceRecord[]): { readonly known: Item[]; readonly made: ResourceRecord[] } {
  const known: Item[] = [];
  const made: ResourceRecord[] = [];
  for (const resource of resources) {
    const kept = keptOf(resource);
    if (kept) known.push({ resource, kept });
    else made.push(resource);
  }
  return { known, made };
}

const madeUp = (resource: ResourceRecord, lineage: string, parent: string | undefined): Kept => ({
  fields: madeFields(resource, madeUrn(resource, lineage), parent),
  number: 0,
});

const withOutputs = (root: JsonObject, outputs: JsonObject): JsonObject =>
  Object.keys(outputs).length === 0 ? root : { ...root, outputs };

/** An address without keys means all its instances. */
function urnFinder(items: readonly Item[]): UrnsOf {
  const urns = new Map(items.map(({ resource, kept }) => [resource.address, kept.fields.urn]));
  const instances = groupBy(items, ({ resource }) => baseAddress(resource.address));
  return (address) => {
    const urn = urns.get(address);
    return urn === undefined ? (instances.get(address) ?? []).map(({ kept }) => kept.fields.urn) : [urn];
  };
}

function placesByUrn(resources: readonly JsonObject[]): ReadonlyMap<unknown, number> {
  const places = new Map<unknown, number>();
  for (const [place, { urn, delete: deleting }] of resources.entries()) {
    if (deleting === true) continue;
    if (places.has(urn)) throw urnTaken(String(urn));
    places.set(urn, place);
  }
  // A resource that is to be deleted counts if no other has its urn.
  for (const [place, { urn }] of resources.entries()) if (!places.has(urn)) places.set(urn, place);
  return places;
}

const sorted = (resources: readonly JsonObject[], places: ReadonlyMap<unknown, number>): JsonObject[] =>
  dependenciesFirst(resources, (resource) => urnsBefore(resource).flatMap((urn) => places.get(urn) ?? []));

const urnTaken = (urn: string): ConflictError =>
  new ConflictError('URN_TAKEN', `two resources would have the urn ${urn}`, {
    hint: 'Give one of them another name here; what came from Pulumi keeps its urn.',
    details: { urn },
  });
