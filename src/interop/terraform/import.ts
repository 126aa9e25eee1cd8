import type { Command } from '../../commands/index.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { parseTerraform, type TerraformBlock, type TerraformDocument, type TerraformInstance } from './format.js';
import { isCanonical } from './order.js';
import { hiddenPaths } from './sensitive.js';

type Apply = Extract<Command, { type: 'apply' }>;
export type IncomingResource = NonNullable<Apply['resources']>[number];
export type IncomingOutput = NonNullable<Apply['outputs']>[number];

/** A Terraform state in the engine's terms. */
export interface Incoming {
  readonly lineage: string;
  readonly serial: number;
  /** What belongs to no resource and no output; see {@link Header}. */
  readonly header: JsonObject;
  readonly resources: readonly IncomingResource[];
  readonly outputs: readonly IncomingOutput[];
}

/**
 * What the stack keeps of the document itself: its other fields, which of `outputs` and `resources` it lacked, blocks
 * without instances, and of an encrypted one everything.
 */
export interface Header {
  readonly fields: JsonObject;
  readonly absent: readonly string[];
  readonly emptyBlocks: readonly JsonObject[];
  readonly encrypted: boolean;
}

/** What a resource keeps beside its attributes and dependencies, under `metadata.terraform`. */
export interface Kept {
  /** The block's fields. */
  readonly block: JsonObject;
  /** The instance's other fields. */
  readonly instance: JsonObject;
  /** Places of block and instance, where the document was not in Terraform's own order. */
  readonly rank?: readonly [block: number, instance: number];
}

/** @throws InvalidInputError for bytes that are no Terraform state */
export function readTerraformState(bytes: Uint8Array, what: string): Incoming {
  const { encrypted, document } = parseTerraform(bytes, what);
  const { lineage, serial } = document;
  if (encrypted) {
    const header: Header = { fields: document, absent: [], emptyBlocks: [], encrypted };
    return { lineage, serial, header: header as unknown as JsonObject, resources: [], outputs: [] };
  }
  const { version: _, serial: __, lineage: ___, outputs = {}, resources: blocks = [], ...fields } = document;
  const ranked = !isCanonical(blocks as TerraformBlock[]);
  const header: Header = {
    fields: fields as JsonObject,
    absent: ['outputs', 'resources'].filter((field) => !Object.hasOwn(document, field)),
    emptyBlocks: (blocks as TerraformBlock[]).flatMap((block, index) => {
      if (block.instances.length > 0) return [];
      const { instances: _none, ...rest } = block;
      return [ranked ? { block: rest as JsonObject, rank: index } : { block: rest as JsonObject }];
    }),
    encrypted,
  };
  return {
    lineage,
    serial,
    header: header as unknown as JsonObject,
    resources: toResources(blocks as TerraformBlock[], ranked),
    outputs: toOutputs(outputs),
  };
}

const toResources = (blocks: readonly TerraformBlock[], ranked: boolean): IncomingResource[] =>
  blocks.flatMap((block, blockRank) =>
    (block.instances as TerraformInstance[]).map((instance, instanceRank) =>
      toResource(block, instance, ranked ? [blockRank, instanceRank] : undefined),
    ),
  );

function toResource(block: TerraformBlock, instance: TerraformInstance, rank: Kept['rank']): IncomingResource {
  const { instances: _, ...blockFields } = block;
  const { attributes, dependencies, ...others } = instance as JsonObject;
  const properties = isObject(attributes) ? attributes : {};
  const declared = uniqueTexts(dependencies);
  const kept: Kept = {
    block: blockFields as JsonObject,
    instance: {
      ...others,
      ...(isObject(attributes) || attributes === undefined ? {} : { attributes }),
      ...(declared || dependencies === undefined ? {} : { dependencies }),
    },
    ...(rank ? { rank } : {}),
  };
  const absent = [
    ...(attributes === undefined ? ['attributes'] : []),
    ...(dependencies === undefined ? ['dependencies'] : []),
  ];
  return {
    module: block.module ?? '',
    type: block.mode === 'managed' ? block.type : `${block.mode}.${block.type}`,
    name: instanceName(block.name, instance),
    properties,
    dependencies: [...(declared ?? [])],
    state: instance.status ?? (instance.deposed === undefined ? 'applied' : 'deposed'),
    metadata: {
      terraform: { ...kept, ...(absent.length > 0 ? { absent } : {}) } as unknown as JsonObject,
      sensitive: hiddenPaths(properties, instance.sensitive_attributes as Json | undefined),
    },
  };
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The dependencies where the engine can keep them as they are: texts, each once. */
function uniqueTexts(value: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) return undefined;
  return new Set(value).size === value.length ? value : undefined;
}

/** `web`, `web[0]`, `web["a"]`, as Terraform writes addresses; a deposed object is told by its key. */
function instanceName(name: string, { index_key: key, deposed }: TerraformInstance): string {
  const index = key === undefined || key === null ? '' : `[${typeof key === 'number' ? key : JSON.stringify(key)}]`;
  return `${name}${index}${deposed === undefined ? '' : ` (deposed ${deposed})`}`;
}

const toOutputs = (outputs: NonNullable<TerraformDocument['outputs']>): IncomingOutput[] =>
  Object.entries(outputs).map(([name, { value = null, ...rest }]) => ({
    name,
    value,
    sensitive: rest.sensitive === true,
    metadata: { terraform: rest },
  }));
