import { type Origin, resourceAddress } from '../events/index.js';
import { ConflictError } from '../lib/errors.js';
import { equalJson, type Json } from '../lib/json.js';
import type { OutputRecord, ResourceRecord } from '../store/records.js';
import type { Apply, Incoming, IncomingOutput, IncomingResource } from './incoming.js';

/** What a stack holds, as far as a document is compared with it. */
export interface Current {
  readonly stack: { readonly name: string };
  /** The state version. */
  readonly version: number;
  readonly document: { readonly origin: Origin | null };
  readonly resources: readonly Pick<ResourceRecord, 'address' | 'value'>[];
  readonly outputs: readonly Pick<OutputRecord, 'name' | 'value' | 'sensitive' | 'metadata'>[];
}

/** Why a document is not the next one of what the stack holds: a code and what is wrong. */
export type Refusal = readonly [code: string, message: string];

/**
 * Whether a document of the same format may follow the one the stack holds.
 * @param unchanged the stack is as the document says
 */
export type Succession = (
  incoming: Incoming,
  known: Origin,
  current: Current,
  unchanged: boolean,
) => Refusal | undefined;

/**
 * The command that takes another tool's state into a stack: what differs from what is there, and the removal of what
 * that state no longer holds.
 * @param current the stack as it is, if there is one
 * @throws ConflictError for a document that does not follow the one known, unless forced
 */
export function planImport(
  stack: string,
  incoming: Incoming,
  current: Current | undefined,
  succession: Succession,
  force: boolean,
): Apply {
  const { format, lineage, serial, header } = incoming;
  const origin = { format, lineage, serial, header };
  const command: Apply = {
    type: 'apply',
    kind: 'import',
    stack,
    document: { origin },
    resources: [...incoming.resources],
    outputs: [...incoming.outputs],
  };
  if (!current) return { ...command, create: {} };

  const changes = difference(incoming, current);
  const known = current.document.origin;
  const same = known !== null && equalJson(asJson(origin), asJson({ ...known, version: undefined }));
  const unchanged = same && Object.values(changes).every((list) => list.length === 0);
  if (!force) checkSuccession(current, known, incoming, succession, unchanged);
  return { ...command, ...changes, document: unchanged ? {} : { origin } };
}

const asJson = ({ format, lineage, serial, header }: Omit<Origin, 'version'> & { version?: undefined }): Json => ({
  format,
  lineage,
  serial,
  header,
});

function difference(incoming: Incoming, current: Current) {
  const resources = new Map(current.resources.map((resource) => [resource.address, resource]));
  const outputs = new Map(current.outputs.map((output) => [output.name, output]));
  const wanted = new Set(incoming.resources.map((resource) => addressOf(resource)));
  const named = new Set(incoming.outputs.map(({ name }) => name));
  return {
    resources: incoming.resources.filter((resource) => {
      const value = resources.get(addressOf(resource))?.value;
      return !value || !sameResource(resource, value as unknown as Readonly<Record<string, Json>>);
    }),
    remove: [...resources.keys()].filter((address) => !wanted.has(address)),
    outputs: incoming.outputs.filter((output) => {
      const now = outputs.get(output.name);
      return !now || !sameOutput(output, now);
    }),
    removeOutputs: [...outputs.keys()].filter((name) => !named.has(name)),
  };
}

const addressOf = ({ module = '', type, name }: IncomingResource): string => resourceAddress({ module, type, name });

const sameResource = (wanted: IncomingResource, now: Readonly<Record<string, Json>>): boolean =>
  (['properties', 'dependencies', 'state', 'metadata'] as const).every((field) =>
    equalJson(wanted[field] as Json, now[field]),
  );

const sameOutput = (wanted: IncomingOutput, now: { value: Json; sensitive: boolean; metadata: Json }): boolean =>
  wanted.sensitive === now.sensitive && equalJson(wanted.value, now.value) && equalJson(wanted.metadata, now.metadata);

function checkSuccession(
  current: Current,
  known: Origin | null,
  incoming: Incoming,
  succession: Succession,
  unchanged: boolean,
): void {
  const refusal = refusalOf(current, known, incoming, succession, unchanged);
  if (!refusal) return;
  const [code, message] = refusal;
  throw new ConflictError(code, message, {
    hint: 'Make sure that this is the state you mean, then import it with --force.',
    details: {
      stack: current.stack.name,
      lineage: incoming.lineage,
      serial: incoming.serial,
      known: known?.lineage,
      at: known?.serial,
    },
  });
}

function refusalOf(
  current: Current,
  known: Origin | null,
  incoming: Incoming,
  succession: Succession,
  unchanged: boolean,
): Refusal | undefined {
  if (known) {
    if (known.format !== incoming.format) return otherLineage(incoming, known, current);
    return succession(incoming, known, current, unchanged);
  }
  if (current.resources.length === 0) return undefined;
  return ['NOT_IMPORTED', `stack "${current.stack.name}" holds resources that were not imported`];
}

export const otherLineage = (incoming: Incoming, known: Origin, { stack }: Current): Refusal => [
  'LINEAGE_MISMATCH',
  `stack "${stack.name}" holds lineage ${known.lineage}, not ${incoming.lineage}`,
];
