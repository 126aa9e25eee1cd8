import type { Command } from '../commands/index.js';
import { equalJson, type Json, type JsonObject } from '../lib/json.js';
import type { StateView } from '../queries/state.js';
import type { Row } from './row.js';

type Apply = Extract<Command, { type: 'apply' }>;
type Input = NonNullable<Apply['resources']>[number];
/** The changes of a commit to a state. */
export interface StateChange {
  readonly resources: Input[];
  readonly remove: string[];
  readonly outputs: { readonly name: string; readonly value: Json }[];
  readonly removeOutputs: string[];
}

/** A resource as the legacy workflow state has it. */
export interface Wanted {
  readonly record: Row;
  readonly address: string;
  readonly type: string;
  readonly name: string;
  /** Its legacy id. */
  readonly id: string | undefined;
  readonly properties: JsonObject;
  readonly state: string;
  readonly metadata: JsonObject;
  /** The fields of the metadata that the version itself states; undefined if it states all of them. */
  readonly statedFields?: readonly string[];
  readonly lastApplied: string | undefined;
}

/** Outputs by name, each with its row. */
export type Outputs = Map<string, { readonly value: Json; readonly row: Row }>;

/** A state in the source: an old version or the current one. */
export interface StateRead {
  /** The id of the version's command; undefined for the current state. */
  readonly step: string | undefined;
  /** The row of the version or of the workflow. */
  readonly record: Row;
  readonly resources: readonly Wanted[];
  readonly outputs: Outputs;
  /** Undefined if the stack may have more fields than these. */
  readonly document?: Apply['document'];
}

type Held = Pick<Wanted, 'type' | 'name' | 'id' | 'properties' | 'state'> & { readonly metadata: Json };

/** The content of a stack while its history is recorded; the next commit is compared with it. */
export interface Content {
  readonly resources: Map<string, Held>;
  readonly outputs: Map<string, Json>;
  /** By address: the last id that was assigned to a resource, even if the resource was removed. */
  readonly ids: Map<string, string>;
}

/** A plan works on a copy, because the same content may be planned again. */
export const copyOf = ({ resources, outputs, ids }: Partial<Content> = {}): Content => ({
  resources: new Map(resources),
  outputs: new Map(outputs),
  ids: new Map(ids),
});

export const contentOf = ({ resources, outputs }: Pick<StateView, 'resources' | 'outputs'>): Content => ({
  resources: new Map(
    resources.map(({ address, type, name, id, value: { properties, state, metadata } }) => [
      address,
      { type, name, id, properties, state, metadata },
    ]),
  ),
  outputs: new Map(outputs.map(({ name, value }) => [name, value])),
  ids: new Map(resources.map(({ address, id }) => [address, id])),
});

export interface Target {
  readonly resources: readonly Wanted[];
  readonly outputs?: Outputs;
  /** Addresses of removed resources. */
  readonly gone?: readonly string[];
  /** Whether this is all content, so that everything else is removed. */
  readonly whole: boolean;
}

/**
 * The changes from a content to the wanted one. Updates the content.
 * @param taken ids of resources of other stacks
 */
export function changeTo(content: Content, wanted: Target, taken: ReadonlySet<string>): StateChange {
  const named = new Set(wanted.resources.map(({ address }) => address));
  const remove = wanted.whole
    ? [...content.resources.keys()].filter((address) => !named.has(address))
    : (wanted.gone ?? []).filter((address) => content.resources.has(address));
  for (const address of remove) content.resources.delete(address);
  const ids = new Map([...content.resources].flatMap(([address, { id }]) => (id === undefined ? [] : [[id, address]])));

  const resources = wanted.resources.flatMap((one) => {
    const held = content.resources.get(one.address);
    const free = one.id !== undefined && isOwn(one.id) && !taken.has(one.id) && !ids.has(one.id);
    const id = held ? held.id : free ? one.id : undefined;
    if (!held) content.ids.delete(one.address);
    if (!held && id !== undefined) {
      ids.set(id, one.address);
      content.ids.set(one.address, id);
    }
    const metadata = withId(one, id, held);
    const { address, type, name, properties, state } = one;
    if (held && held.state === state && equalJson(held.properties, properties) && equalJson(held.metadata, metadata)) {
      return [];
    }
    content.resources.set(address, { type, name, id, properties, state, metadata });
    return [input(one, held ? undefined : id, metadata)];
  });
  return { resources, remove, ...outputChange(content, wanted.outputs) };
}

/** Ids of this form are reserved for generated ids, see commands/resource-input.ts. */
const isOwn = (id: string): boolean => !/^res-\d+$/.test(id);

/** The legacy id of a resource is kept in its metadata if it cannot be its id here. */
function withId(one: Wanted, id: string | undefined, held: Held | undefined): JsonObject {
  if (one.id === undefined || one.id === id) return one.metadata;
  const problem = held ? `${one.address} is known by another id than ${one.id}` : `its id is taken: ${one.id}`;
  one.record.repaired(problem, 'the id is kept in the metadata');
  return { ...one.metadata, id: one.id };
}

const input = (
  { type, name, properties, state, lastApplied }: Wanted,
  id: string | undefined,
  metadata: JsonObject,
): Input => ({
  type,
  name,
  ...(id !== undefined && { id }),
  properties,
  state,
  metadata,
  ...(lastApplied !== undefined && { lastApplied }),
});

function outputChange(content: Content, wanted: Outputs | undefined): Pick<StateChange, 'outputs' | 'removeOutputs'> {
  if (!wanted) return { outputs: [], removeOutputs: [] };
  const removeOutputs = [...content.outputs.keys()].filter((name) => !wanted.has(name));
  const outputs = [...wanted]
    .map(([name, { value }]) => ({ name, value }))
    .filter(({ name, value }) => !equalJson(content.outputs.get(name), value));
  for (const name of removeOutputs) content.outputs.delete(name);
  for (const { name, value } of outputs) content.outputs.set(name, value);
  return { outputs, removeOutputs };
}
