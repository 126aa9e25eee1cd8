import * as z from 'zod';
import { resourceAddress } from '../../events/index.js';
import { equalJson, isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { name } from '../../lib/text.js';
import type { ResourceRecord } from '../../store/records.js';
import { definedFields } from '../defined-fields.js';
import type { IncomingResource } from '../incoming.js';
import { instanceName, splitName, typeName, withoutKey } from './addresses.js';
import { type BlockIdentity, isBlock, isInstance, type TerraformBlock, type TerraformInstance } from './format.js';
import { hiddenPaths } from './sensitive.js';

/** The data that a resource keeps besides its attributes and dependencies, under `metadata.terraform`. */
export interface Kept {
  /** The block's fields. */
  readonly block: TerraformBlock;
  /**
   * The instance's other fields; with `attributes` or `dependencies` only if their form cannot be restored from the engine's
   * own: null, a duplicate address or one with a key.
   */
  readonly instance: TerraformInstance;
  /** Indexes of block and instance, if the document was not in Terraform's own order. */
  readonly rank?: readonly [block: number, instance: number];
  /** Which of `attributes` and `dependencies` were missing. */
  readonly absent?: readonly string[];
}

const keptSchema = z.looseObject({
  block: z.custom(isBlock),
  instance: z.custom(isInstance),
  rank: z.tuple([z.number(), z.number()]).optional(),
  absent: z.array(z.string()).optional(),
});
const isKept = (value: unknown): value is Kept => keptSchema.safeParse(value).success;

/** One instance of a block as a resource. */
export function readInstance(
  { instances: _, ...block }: TerraformBlock,
  instance: TerraformInstance,
  rank?: Kept['rank'],
): IncomingResource {
  const { attributes, dependencies, ...others } = instance as JsonObject;
  const identity = identityOf(block, instance);
  const properties = isJsonObject(attributes) ? attributes : {};
  const declared = declaredOf(dependencies, resourceAddress(identity));
  const absent = ['attributes', 'dependencies'].filter((field) => !Object.hasOwn(instance, field));
  const odd = {
    ...(attributes === undefined || isJsonObject(attributes) ? {} : { attributes }),
    ...(dependencies === undefined || equalJson(dependencies, writable(declared)) ? {} : { dependencies }),
  };
  const kept = { block, instance: { ...others, ...odd }, ...(rank ? { rank } : {}), ...(absent[0] ? { absent } : {}) };
  return {
    ...identity,
    properties,
    dependencies: declared,
    state: instance.status === 'tainted' ? 'tainted' : (instance.deposed ?? null) === null ? 'applied' : 'deposed',
    metadata: { terraform: kept as JsonObject, sensitive: hiddenPaths(properties, others) },
  };
}

const identityOf = (block: BlockIdentity, instance: TerraformInstance) => ({
  module: block.module ?? '',
  type: typeName(block),
  name: instanceName(block.name, instance),
});

const address = name(2048);

/** The dependencies of a document that can be edges: addresses of other resources, each once. */
function declaredOf(dependencies: Json | undefined, self: string): string[] {
  const addresses = (Array.isArray(dependencies) ? dependencies : []).filter(
    (item): item is string => item !== self && address.safeParse(item).success,
  );
  return [...new Set(addresses)];
}

const writable = (dependencies: readonly string[]): string[] => [...new Set(dependencies.map(withoutKey))];

/** The exported instance. Values that were changed here since are written in Terraform's own form, the rest as imported. */
export function writeInstance(resource: ResourceRecord, kept: Kept): JsonObject {
  const { index_key, status, deposed, schema_version, attributes: _, dependencies: __, ...rest } = kept.instance;
  const tainted = resource.value.state === 'tainted' ? 'tainted' : status === 'tainted' ? undefined : status;
  return {
    ...definedFields({ index_key, status: tainted, deposed, schema_version, attributes: attributesOf(resource, kept) }),
    ...rest,
    ...definedFields({ dependencies: dependenciesOf(resource, kept) }),
  };
}

function attributesOf({ value }: ResourceRecord, { instance, absent }: Kept): Json | undefined {
  if (Object.keys(value.properties).length > 0) return value.properties;
  return Object.hasOwn(instance, 'attributes') || absent?.includes('attributes') ? instance.attributes : {};
}

function dependenciesOf({ value, address }: ResourceRecord, { instance, absent }: Kept): Json | undefined {
  const asItCame = instance.dependencies;
  if (asItCame !== undefined && equalJson(declaredOf(asItCame, address), value.dependencies)) return asItCame;
  return value.dependencies.length === 0 && absent?.includes('dependencies') ? undefined : writable(value.dependencies);
}

/** The data from an import. Metadata that was copied from another resource, or is invalid, does not count. */
export function keptOf({ module, type, name, value }: ResourceRecord): Kept | undefined {
  const kept = isJsonObject(value.metadata) ? value.metadata.terraform : undefined;
  if (!isKept(kept)) return undefined;
  return equalJson(identityOf(kept.block, kept.instance), { module, type, name }) ? kept : undefined;
}

/** For a resource that was created here, the data that Terraform would have written. */
export function madeUp(resource: ResourceRecord): Kept {
  const [, mode = 'managed', ofMode] = /^(data|ephemeral)\.(.+)$/.exec(resource.type) ?? [];
  const type = ofMode ?? resource.type;
  const { name, key } = splitName(resource.name);
  const source =
    type === 'terraform_data' ? 'terraform.io/builtin/terraform' : `registry.terraform.io/hashicorp/${vendorOf(type)}`;
  const block = { mode, type, name, provider: `provider["${source}"]` };
  return {
    block: { ...definedFields({ module: resource.module || undefined }), ...block } as TerraformBlock,
    instance: {
      ...definedFields({ index_key: key }),
      schema_version: 0,
      sensitive_attributes: [],
    } as TerraformInstance,
    absent: ['dependencies'],
  };
}

const vendorOf = (type: string): string => type.split('_')[0] || type;
