import type { Command } from '../../commands/index.js';
import { type Origin, resourceAddress } from '../../events/index.js';
import { ConflictError } from '../../kernel/errors.js';
import { equalJson, type Json } from '../../kernel/json.js';
import type { StateView } from '../../queries/state.js';
import type { Incoming } from './import.js';
import type { IncomingResource } from './instances.js';
import type { IncomingOutput } from './outputs.js';

type Apply = Extract<Command, { type: 'apply' }>;

/**
 * The command that takes a Terraform state into a stack: what differs from what is there, and the removal of what the
 * state no longer holds.
 * @param current the stack as it is, if there is one
 * @throws ConflictError for another lineage, a lower serial, or the same serial with other content, unless forced
 */
export function importTerraform(
  stack: string,
  incoming: Incoming,
  current: StateView | undefined,
  force: boolean,
): Apply {
  const { format, lineage, serial, header } = { format: 'terraform', ...incoming };
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
  const empty = Object.values(changes).every((list) => list.length === 0);
  if (!force) checkSuccession(current, known, incoming, same && empty);
  return { ...command, ...changes, document: same && empty ? {} : { origin } };
}

const asJson = ({ format, lineage, serial, header }: Omit<Origin, 'version'> & { version?: undefined }): Json => ({
  format,
  lineage,
  serial,
  header,
});

function difference(incoming: Incoming, current: StateView) {
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

/** A state follows another when it is of the same lineage and has a higher serial. */
function checkSuccession(current: StateView, known: Origin | null, incoming: Incoming, unchanged: boolean): void {
  const { name } = current.stack;
  const refuse = (code: string, message: string): never => {
    throw new ConflictError(code, message, {
      hint: 'Make sure that this is the state you mean, then import it with --force.',
      details: {
        stack: name,
        lineage: incoming.lineage,
        serial: incoming.serial,
        known: known?.lineage,
        at: known?.serial,
      },
    });
  };
  if (!known) {
    if (current.resources.length > 0) refuse('NOT_IMPORTED', `stack "${name}" holds resources that were not imported`);
    return;
  }
  if (known.format !== 'terraform' || known.lineage !== incoming.lineage) {
    refuse('LINEAGE_MISMATCH', `stack "${name}" holds lineage ${known.lineage}, not ${incoming.lineage}`);
  }
  if (incoming.serial < known.serial) {
    refuse('SERIAL_TOO_LOW', `stack "${name}" holds serial ${known.serial}, this state has ${incoming.serial}`);
  }
  if (incoming.serial === known.serial && !unchanged) {
    refuse(
      'SERIAL_NOT_ADVANCED',
      `this state differs from stack "${name}" but has the serial it holds, ${known.serial}`,
    );
  }
}
