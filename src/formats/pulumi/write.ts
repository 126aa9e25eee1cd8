import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { sensitivePaths } from '../../queries/sensitive.js';
import type { ResourceRecord } from '../../store/records.js';
import { definedFields } from '../defined-fields.js';
import { canBeTarget, withoutMark } from './places.js';
import { hiddenProperties, type Kept, stateOf } from './resources.js';
import { sealHidden, secretOutputs } from './secrets.js';
import { addressOfUrn, dependencyUrns } from './urns.js';

/** The urns of the resources with an address; none if it has none. */
export type UrnsOf = (address: string) => readonly string[];

/**
 * The exported resource. Values that were changed here since are written in Pulumi's own form, the rest as imported.
 * @param stackOutputs the stack's outputs, for the resource that represents it
 */
export function writeResource(
  resource: ResourceRecord,
  kept: Kept,
  urnsOf: UrnsOf,
  stackOutputs: JsonObject,
): JsonObject {
  const { urn, custom, delete: deleting, id, type, inputs, outputs: odd, taint: _, ...rest } = kept.fields;
  const { dependencies: __, propertyDependencies: ___, ...others } = rest;
  const { properties, metadata } = resource.value;
  const hidden = hiddenProperties(sensitivePaths(metadata));
  const outputs = { ...sealHidden(properties, hidden, secretOutputs(kept.fields)), ...stackOutputs };
  const isBare = Object.keys(outputs).length === 0 && (kept.bare || odd !== undefined);
  return {
    ...definedFields({ urn, custom, delete: deleting, id, type }),
    ...definedFields({ inputs: inputsOf(inputs, outputs, kept.mirrored), outputs: isBare ? odd : outputs }),
    ...others,
    ...definedFields({ taint: taintOf(resource, kept), ...dependenciesOf(resource, kept, urnsOf) }),
  };
}

function inputsOf(inputs: Json | undefined, outputs: JsonObject, mirrored: readonly string[] = []): Json | undefined {
  if (!isJsonObject(inputs)) return inputs;
  const copies = mirrored.flatMap((key) => (Object.hasOwn(outputs, key) ? [[key, outputs[key] as Json] as const] : []));
  return { ...inputs, ...Object.fromEntries(copies) };
}

/** The only state that Pulumi can import. */
function taintOf({ value: { state } }: ResourceRecord, { fields }: Kept): Json | undefined {
  if (state === stateOf(fields)) return fields.taint;
  if (state === 'tainted') return true;
  return fields.taint === true ? undefined : fields.taint;
}

/**
 * A dependency that was removed here is removed from `dependencies` and `propertyDependencies`; a new one is added to
 * `dependencies`. Parent, provider and `deletedWith` stay as imported. A new dependency on a missing resource cannot be
 * written: Pulumi refuses it.
 */
function dependenciesOf(
  { value, address: own }: ResourceRecord,
  { fields }: Kept,
  urnsOf: UrnsOf,
): { readonly dependencies: Json | undefined; readonly propertyDependencies: Json | undefined } {
  const { dependencies, propertyDependencies } = fields;
  const addressOf = (urn: string): string => withoutMark(addressOfUrn(urn) ?? '');
  const wanted = new Set(value.dependencies.map(withoutMark));
  const named = dependencyUrns(fields).filter((urn) => canBeTarget(addressOf(urn)));
  const gone = new Set<Json>(named.filter((urn) => addressOf(urn) !== own && !wanted.has(addressOf(urn))));
  const known = new Set(named.map(addressOf));
  const added = value.dependencies.filter((address) => !known.has(withoutMark(address))).flatMap(urnsOf);
  if (gone.size + added.length === 0) return { dependencies, propertyDependencies };

  const without = (list: Json): Json => (Array.isArray(list) ? list.filter((urn: Json) => !gone.has(urn)) : list);
  const before = Array.isArray(dependencies) ? (without(dependencies) as readonly Json[]) : [];
  return {
    dependencies: [...new Set([...before, ...added])],
    propertyDependencies: isJsonObject(propertyDependencies)
      ? Object.fromEntries(Object.entries(propertyDependencies).map(([key, list]) => [key, without(list)]))
      : propertyDependencies,
  };
}
