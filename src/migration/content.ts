import type { Command } from '../commands/index.js';
import { equalJson, type Json, type JsonObject } from '../lib/json.js';
import type { StateView } from '../queries/state.js';
import type { Row } from './row.js';

type Apply = Extract<Command, { type: 'apply' }>;
type Input = NonNullable<Apply['resources']>[number];
/** What of a state a commit changes. */
export interface StateChange {
  readonly resources: Input[];
  readonly remove: string[];
  readonly outputs: { readonly name: string; readonly value: Json }[];
  readonly removeOutputs: string[];
}

/** A resource as the old system has it. */
export interface Wanted {
  readonly record: Row;
  readonly address: string;
  readonly type: string;
  readonly name: string;
  /** Its id there. */
  readonly id: string | undefined;
  readonly properties: JsonObject;
  readonly state: string;
  readonly metadata: JsonObject;
  /** The fields of the metadata that the version itself states; undefined where that is all of them. */
  readonly said?: readonly string[];
  readonly lastApplied: string | undefined;
}

/** Outputs by their names, and whose rows they are. */
export type Outputs = Map<string, { readonly value: Json; readonly row: Row }>;

/** A state as the source has it: an old version or the current one. */
export interface StateRead {
  /** The id of the version's command; undefined for the current state. */
  readonly step: string | undefined;
  /** The row of the version or of the workflow. */
  readonly record: Row;
  readonly resources: readonly Wanted[];
  readonly outputs: Outputs;
  /** Undefined where the stack may hold more than this. */
  readonly document?: Apply['document'];
}

type Held = Pick<Wanted, 'type' | 'name' | 'id' | 'properties' | 'state'> & { readonly metadata: Json };

/** What a stack holds while its history is laid down: what the next commit is compared with. */
export interface Content {
  readonly resources: Map<string, Held>;
  readonly outputs: Map<string, Json>;
  /** By address, the last id of its own that a resource had, whether it is still there or not. */
  readonly ids: Map<string, string>;
}

/** A plan goes on from a copy: the same content may be planned with again. */
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
  /** Addresses of what is gone. */
  readonly gone?: readonly string[];
  /** Nothing else is there. */
  readonly whole: boolean;
}

/**
 * What brings a content to what is wanted, which it is from then on.
 * @param taken ids that resources of other stacks have
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

/** Ids of this form are the system's own, see commands/resource-input.ts. */
const isOwn = (id: string): boolean => !/^res-\d+$/.test(id);

/** What a resource was called in the old system stays in its metadata where it cannot be its id here. */
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
