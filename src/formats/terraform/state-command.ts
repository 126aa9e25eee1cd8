import { checkSuccession } from '../../commands/succession.js';
import { type Origin, resourceAddress } from '../../events/index.js';
import { equalJson, type Json } from '../../lib/json.js';
import type { Apply, Incoming, IncomingOutput, IncomingResource } from '../incoming.js';

/**
 * The command that changes a stack from one state to the next: the differences, and the removal of everything that the next
 * one does not contain. It must be carried out on the version with the first state.
 * @param held the state that the stack holds, if there is one
 * @throws ConflictError for another lineage, a lower serial, or the same serial with other content, unless forced
 */
export function commandBetween(
  { id, name }: { readonly id: string; readonly name: string },
  held: Incoming | undefined,
  next: Incoming,
  force: boolean,
): Apply {
  const { resources, outputs } = next;
  const command: Apply = { type: 'apply', kind: 'import', stack: id };
  const origin = originOf(next);
  if (!held) return { ...command, create: {}, document: { origin }, resources: [...resources], outputs: [...outputs] };
  const changes = difference(held, next);
  const known = originOf(held);
  const unchanged = equalJson(origin, known) && Object.values(changes).every((list) => list.length === 0);
  if (!force) {
    const hasResources = held.resources.length > 0;
    checkSuccession(next, { name, version: 0, origin: { ...known, version: 0 }, hasResources }, unchanged);
  }
  return { ...command, ...changes, document: unchanged ? {} : { origin } };
}

const originOf = ({ format, lineage, serial, header }: Incoming): Omit<Origin, 'version'> => ({
  format,
  lineage,
  serial,
  header,
});

function difference(held: Incoming, next: Incoming) {
  const resources = new Map(held.resources.map((resource) => [addressOf(resource), resource]));
  const outputs = new Map(held.outputs.map((output) => [output.name, output]));
  const wanted = new Set(next.resources.map(addressOf));
  const named = new Set(next.outputs.map(({ name }) => name));
  return {
    resources: next.resources.filter((resource) => {
      const now = resources.get(addressOf(resource));
      return !now || !sameResource(resource, now);
    }),
    remove: [...resources.keys()].filter((address) => !wanted.has(address)),
    outputs: next.outputs.filter((output) => {
      const now = outputs.get(output.name);
      return !now || !sameOutput(output, now);
    }),
    removeOutputs: [...outputs.keys()].filter((name) => !named.has(name)),
  };
}

const addressOf = ({ module = '', type, name }: IncomingResource): string => resourceAddress({ module, type, name });

const sameResource = (wanted: IncomingResource, now: IncomingResource): boolean =>
  (['properties', 'dependencies', 'state', 'metadata'] as const).every((field) =>
    equalJson(wanted[field] as Json, now[field] as Json),
  );

const sameOutput = (wanted: IncomingOutput, now: IncomingOutput): boolean =>
  (wanted.sensitive ?? false) === (now.sensitive ?? false) &&
  equalJson(wanted.value as Json, now.value as Json) &&
  equalJson((wanted.metadata ?? null) as Json, (now.metadata ?? null) as Json);
