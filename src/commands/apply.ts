import * as z from 'zod';
import { type NewEvent, resourceAddress } from '../events/index.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { equalJson, type Json } from '../lib/json.js';
import { list, name } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import type { ResourceName } from '../store/records.js';
import { edgeEvents, likelyEdgeKeys } from './change-dependencies.js';
import { type Context, defineCommand, jsonValue, refuseInvisible, stackRef } from './command.js';
import { edgeRules } from './desired-edges.js';
import { identifier } from './identifiers.js';
import { withKnownNumbers } from './pulumi-numbers.js';
import {
  type Outcome,
  type ResourceInput,
  resourceInput,
  resourceNotFound,
  setResource,
  storedResource,
} from './resource-input.js';
import { checkNameFree, createdStack, documentFields, originInput, updatedStack } from './stack-document.js';
import { checkSuccession, successionInput } from './succession.js';

const outputInput = z.strictObject({
  name: name(1024),
  value: jsonValue('value'),
  sensitive: z.boolean().default(false),
  metadata: jsonValue('metadata').default(null),
});

const schema = z.strictObject({
  type: z.literal('apply'),
  stack: stackRef,
  /** The kind of the command in the history, shown with the version. */
  kind: z.enum(['apply', 'set', 'remove', 'import']).default('apply'),
  /** Creates the stack, with the name `stack`, if it does not exist. */
  create: z.strictObject({ id: identifier('stackId', name(128)).default(newId) }).optional(),
  document: z.strictObject({ ...documentFields, origin: originInput.optional() }).default({}),
  resources: list(resourceInput).default([]),
  /** Resources to remove, by address or id. */
  remove: list(identifier('resource', name(2048))).default([]),
  outputs: list(outputInput).default([]),
  removeOutputs: list(name(1024)).default([]),
  /** Removes every resource and output that the command does not state. */
  prune: z.boolean().default(false),
  /**
   * The command comes from a document of another tool, which becomes the stack's origin. It is refused if it does not follow
   * the stored document, unless forced.
   */
  succession: successionInput.optional(),
  ...edgeRules,
});
type Apply = z.output<typeof schema>;

/** Many changes of one stack, as one commit and one version. A value that is already as desired gives no event. */
export const apply = defineCommand({
  schema,
  kind: ({ kind }) => kind,
  target: ({ create }) => (create ? 'live or absent' : 'live'),
  lock: 'held',
  facts: ({ stack, create, document, resources, remove, outputs, removeOutputs, prune, succession }) => ({
    stack,
    document: Object.keys(document).length > 0 || succession !== undefined,
    ...(prune || succession ? { present: true } : {}),
    ...(create ? { name: stack, id: create.id } : {}),
    addresses: [...resources.map(resourceAddress), ...remove],
    resourceIds: [...resources.flatMap(({ id }) => (id === undefined ? [] : [id])), ...remove],
    outputs: [...outputs.map((output) => output.name), ...removeOutputs],
    // few resources of a whole document differ, and only those need facts
    ...(resources.length === 0 || succession ? {} : { likely: () => likelyEdgeKeys(resources) }),
  }),
  decide: (payload, facts, context) => {
    refuseRepeats(payload);
    const leaving = resourcesToRemove(payload, facts);
    const free = new Set(leaving.map(({ resource }) => resource));
    const after = [...removedOutputs(payload, facts), ...payload.outputs.flatMap((output) => setOutput(output, facts))];
    const set = (inputs: readonly ResourceInput[]) =>
      inputs.map((input) => setResource(input, facts, context.now, free));
    const { outcomes, document } = payload.succession
      ? succeed(payload, payload.succession, facts, set, leaving.length + after.length)
      : { outcomes: set(payload.resources), document: payload.document };
    const before = stackEvents({ ...payload, document }, facts, context);
    return edgeEvents(outcomes, leaving, payload, (events) => [...before, ...events, ...after]);
  },
});

/**
 * The changes of another tool's document: the resources that differ, and its origin, which stays unchanged if nothing
 * differs.
 * @param others the number of other changes
 * @throws ConflictError if the document does not follow the stored one
 */
function succeed(
  { document, resources }: Apply,
  succession: NonNullable<Apply['succession']>,
  facts: Facts,
  set: (inputs: readonly ResourceInput[]) => readonly Outcome[],
  others: number,
) {
  const known = facts.document?.origin ?? null;
  const next =
    succession.format === 'pulumi'
      ? withKnownNumbers({ succession, resources }, known, facts)
      : { succession, resources };
  const { force, ...origin } = next.succession;
  const { stack, present } = facts;
  const all = set(next.resources);
  if (!stack) return { outcomes: all, document: { ...document, origin } };
  const outcomes = all.filter(({ event }) => event !== undefined);
  const isKnown = known !== null && equalJson({ ...origin, version: known.version }, { ...known });
  const unchanged = isKnown && outcomes.length + others === 0;
  const { name: stackName, stateVersion: version } = stack;
  const hasResources = present.resources.length > 0;
  if (!force) checkSuccession(origin, { name: stackName, version, origin: known, hasResources }, unchanged);
  return { outcomes, document: unchanged ? document : { ...document, origin } };
}

/** A commit may state each thing only once: the engine does not guess which of two values is meant. */
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

/** The named removals, and with `prune` everything that is not stated. */
function resourcesToRemove({ remove, resources, prune }: Apply, facts: Facts): readonly ResourceName[] {
  if (remove.length === 0 && !prune) return [];
  const taken = new Set(resources.map(resourceAddress));
  const named = remove.map((ref) => {
    const stored = storedResource(ref, facts);
    if (!stored?.value) throw resourceNotFound(ref);
    if (taken.has(stored.address)) throw givenTwice('resource', stored.address);
    taken.add(stored.address);
    return stored;
  });
  return prune ? [...named, ...facts.present.resources.filter(({ address }) => !taken.has(address))] : named;
}

function setOutput({ name: output, value, sensitive, metadata }: Apply['outputs'][number], facts: Facts): NewEvent[] {
  const current = facts.outputs.get(output);
  const same =
    current?.sensitive === sensitive &&
    equalJson(current.value, value) &&
    equalJson(current.metadata, metadata as Json);
  return same ? [] : [{ type: 'OutputSet', data: { name: output, value, sensitive, metadata } }];
}

function removedOutputs({ outputs, removeOutputs, prune }: Apply, facts: Facts): NewEvent[] {
  const named = removeOutputs.map((output) => removeOutput(output, facts));
  if (!prune) return named;
  const taken = new Set([...outputs.map((output) => output.name), ...removeOutputs]);
  return [...named, ...facts.present.outputs.filter((output) => !taken.has(output)).map(outputRemoved)];
}

const outputRemoved = (output: string): NewEvent => ({ type: 'OutputRemoved', data: { name: output } });

function removeOutput(output: string, facts: Facts): NewEvent {
  if (!facts.outputs.has(output)) {
    throw new NotFoundError('OUTPUT_NOT_FOUND', `no output "${output}" in the stack`, { details: { output } });
  }
  return outputRemoved(output);
}
