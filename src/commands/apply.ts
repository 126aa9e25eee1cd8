import * as z from 'zod';
import { type NewEvent, resourceAddress } from '../events/index.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { equalJson, type Json } from '../lib/json.js';
import { list, name } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import type { ResourceSlot } from '../store/records.js';
import { askLinks, likelyLinks } from './change-dependencies.js';
import { type Context, defineCommand, jsonValue, refuseInvisible, stackRef } from './command.js';
import { linkRules } from './desired-edges.js';
import { identifier } from './identifiers.js';
import { resourceInput, resourceNotFound, setResource } from './resource-input.js';
import { checkNameFree, createdStack, documentFields, originInput, updatedStack } from './stack-document.js';

const outputInput = z.strictObject({
  name: name(1024),
  value: jsonValue('value'),
  sensitive: z.boolean().default(false),
  metadata: jsonValue('metadata').default(null),
});

const schema = z.strictObject({
  type: z.literal('apply'),
  stack: stackRef,
  /** How people call what is done; it names the version. */
  kind: z.enum(['apply', 'set', 'remove', 'import']).default('apply'),
  /** Makes the stack, named as `stack` says, where there is none. */
  create: z.strictObject({ id: identifier('stackId', name(128)).default(newId) }).optional(),
  document: z.strictObject({ ...documentFields, origin: originInput.optional() }).default({}),
  resources: list(resourceInput).default([]),
  /** Resources to take out, by address or id. */
  remove: list(identifier('resource', name(2048))).default([]),
  outputs: list(outputInput).default([]),
  removeOutputs: list(name(1024)).default([]),
  ...linkRules,
});
type Apply = z.output<typeof schema>;

/** Many changes of one stack, as one commit and one version. What is as wanted already gives no event. */
export const apply = defineCommand({
  schema,
  kind: ({ kind }) => kind,
  target: ({ create }) => (create ? 'live or absent' : 'live'),
  lock: 'held',
  facts: ({ stack, create, document, resources, remove, outputs, removeOutputs }) => ({
    stack,
    document: Object.keys(document).length > 0,
    ...(create ? { name: stack, id: create.id } : {}),
    addresses: [...resources.map(resourceAddress), ...remove],
    resourceIds: [...resources.flatMap(({ id }) => (id === undefined ? [] : [id])), ...remove],
    outputs: [...outputs.map((output) => output.name), ...removeOutputs],
    ...(resources.length === 0 ? {} : { likely: () => likelyLinks(resources) }),
  }),
  decide: (payload, facts, context) => {
    refuseRepeats(payload);
    const leaving = slotsToRemove(payload, facts);
    const free = new Set(leaving.map(({ resource }) => resource));
    const before = stackEvents(payload, facts, context);
    const outcomes = payload.resources.map((input) => setResource(input, facts, context.now, free));
    const after = [
      ...payload.removeOutputs.map((output) => removeOutput(output, facts)),
      ...payload.outputs.flatMap((output) => setOutput(output, facts)),
    ];
    return askLinks(outcomes, leaving, payload, (events) => [...before, ...events, ...after]);
  },
});

/** One commit states each thing once: which of two values should win is not ours to guess. */
function refuseRepeats({ resources, outputs, removeOutputs }: Apply): void {
  once('resource', resources.map(resourceAddress));
  once('output', [...outputs.map((output) => output.name), ...removeOutputs]);
  once(
    'resource id',
    resources.flatMap(({ id }) => (id === undefined ? [] : [id])),
  );
}

function once(field: string, keys: readonly string[]): void {
  if (keys.length < 2) return;
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) throw givenTwice(field, key);
    seen.add(key);
  }
}

const givenTwice = (field: string, key: string): InvalidInputError =>
  new InvalidInputError('GIVEN_TWICE', `${field} "${key}" is given twice`, {
    hint: 'Give each resource and output once.',
    details: { field, key },
  });

function stackEvents({ stack, create, document }: Apply, facts: Facts, context: Context): NewEvent[] {
  if (facts.stack) return facts.document ? updatedStack(facts.document, document, facts.stack.stateVersion + 1) : [];
  refuseInvisible('stack', stack, context);
  checkNameFree(stack, facts);
  const { id } = create as NonNullable<Apply['create']>;
  if (facts.idTaken) {
    throw new ConflictError('ID_TAKEN', `the id "${id}" is taken by another stack`, { details: { field: 'id', id } });
  }
  return [createdStack(id, stack, document)];
}

function slotsToRemove({ remove, resources }: Apply, facts: Facts): readonly ResourceSlot[] {
  if (remove.length === 0) return [];
  const taken = new Set(resources.map(resourceAddress));
  return remove.map((ref) => {
    const byId = facts.resourcesById.get(ref);
    const slot = facts.resources.get(ref) ?? (byId?.stream === facts.stack?.stream ? byId : undefined);
    if (!slot?.value) throw resourceNotFound(ref);
    if (taken.has(slot.address)) throw givenTwice('resource', slot.address);
    taken.add(slot.address);
    return slot;
  });
}

function setOutput({ name: output, value, sensitive, metadata }: Apply['outputs'][number], facts: Facts): NewEvent[] {
  const current = facts.outputs.get(output);
  const same =
    current?.sensitive === sensitive &&
    equalJson(current.value, value) &&
    equalJson(current.metadata, metadata as Json);
  return same ? [] : [{ type: 'OutputSet', data: { name: output, value, sensitive, metadata } }];
}

function removeOutput(output: string, facts: Facts): NewEvent {
  if (!facts.outputs.has(output)) {
    throw new NotFoundError('OUTPUT_NOT_FOUND', `no output "${output}" in the stack`, { details: { output } });
  }
  return { type: 'OutputRemoved', data: { name: output } };
}
