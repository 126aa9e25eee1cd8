import { resourceAddress } from '../../events/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';

/** The type of the resource that represents the stack itself: all others are below it. */
export const STACK_TYPE = 'pulumi:pulumi:Stack';

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPES$TYPE::NAME` (sdk/go/common/resource/urn); a name may contain anything. */
const URN = /^urn:pulumi:(.*?)::(.*?)::(.*?)::(.*)$/s;

export interface Urn {
  /** `STACK::PROJECT`. */
  readonly lineage: string;
  /** The types of the parents, outermost first, as Pulumi joins them: `a:b:C$a:b:D`. Empty directly below the stack. */
  readonly module: string;
  readonly type: string;
  readonly name: string;
}

/** Undefined for a text that is not an urn of a resource. */
export function parseUrn(text: string): Urn | undefined {
  const [, stack, project, types, name] = URN.exec(text) ?? [];
  if (types === undefined || name === undefined) return undefined;
  const end = types.lastIndexOf('$');
  return {
    lineage: `${stack}::${project}`,
    module: types.slice(0, Math.max(0, end)),
    type: types.slice(end + 1),
    name,
  };
}

export const urnText = ({ lineage, module, type, name }: Urn): string =>
  `urn:pulumi:${lineage}::${module === '' ? '' : `${module}$`}${type}::${name}`;

/** A name in an address. In Pulumi, `web[0]` is not an instance of `web`, so here it is `web[\0]`. */
export const nameHere = (name: string): string => name.replace(/\[(?=[\d"\\])/g, '[\\');

/** The address of the resource with this urn that is not to be deleted. */
export function addressOfUrn(text: string): string | undefined {
  const urn = parseUrn(text);
  return urn && resourceAddress({ ...urn, name: nameHere(urn.name) });
}

/** A provider that Pulumi created by itself: nobody declared a dependency on it. */
const isDefaultProvider = ({ type, name }: Urn): boolean =>
  type.startsWith('pulumi:providers:') && (name === 'default' || name.startsWith('default_'));

/** A provider is referred to as `URN::ID`. */
function urnOfProvider(text: string): string {
  const last = text.lastIndexOf('::');
  return last < 0 ? text : text.slice(0, text[last - 1] === ':' ? last - 1 : last);
}

/** The urns in a resource: those of its declared dependencies, then its parent, then its provider. */
function named(fields: JsonObject): {
  readonly said: string[];
  readonly parent: string[];
  readonly provider: string[];
} {
  const { dependencies, propertyDependencies, deletedWith, parent, provider } = fields;
  const byProperty = isJsonObject(propertyDependencies) ? Object.values(propertyDependencies) : [];
  return {
    said: [dependencies, ...byProperty, [deletedWith ?? null]].flatMap(urnsIn),
    parent: urnsIn([parent ?? null]),
    provider: urnsIn([typeof provider === 'string' ? urnOfProvider(provider) : null]),
  };
}

const urnsIn = (list: Json | undefined): string[] =>
  (Array.isArray(list) ? list : []).filter((item): item is string => typeof item === 'string' && !!parseUrn(item));

/**
 * The dependencies of a resource, each once: `dependencies`, `propertyDependencies`, `deletedWith`, its parent unless that
 * is the stack, and its provider unless Pulumi created that by itself.
 */
export function dependencyUrns(fields: JsonObject): string[] {
  const { said, parent, provider } = named(fields);
  const parents = parent.filter((text) => parseUrn(text)?.type !== STACK_TYPE);
  const providers = provider.filter((text) => !isDefaultProvider(parseUrn(text) as Urn));
  return [...new Set([...said, ...parents, ...providers])];
}

/** The resources that must come before a resource in a deployment. */
export const urnsBefore = (fields: JsonObject): string[] => Object.values(named(fields)).flat();
