import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { readerOf } from '../reader.js';

/**
 * Terraform's state file, format version 4 (internal/states/statefile/version4.go of Terraform and OpenTofu). Only the
 * fields that are read are declared: every other field is kept as it is, so that fields of a later release are exported too.
 * Null is allowed where Go's decoder treats it as absent.
 */
const instanceSchema = z.looseObject({
  index_key: z.union([z.string(), z.int().nonnegative(), z.null()]).optional(),
  deposed: z.string().nullish(),
  status: z.string().nullish(),
});

const blockSchema = z.looseObject({
  module: z.string().nullish(),
  mode: z.string().min(1),
  type: z.string().min(1),
  name: z.string().min(1),
  instances: z.array(instanceSchema).nullish(),
});

const stateSchema = z.looseObject({
  version: z.literal(4, 'must be 4'),
  serial: z.int().nonnegative(),
  lineage: z.string(),
  outputs: z.custom<Record<string, JsonObject>>(isObjectOfObjects, 'must be an object of objects').nullish(),
  resources: z.array(blockSchema).nullish(),
});

/** OpenTofu's encrypted state: the only readable fields are beside the ciphertext, and even they are optional. */
const encryptedSchema = z.looseObject({
  encrypted_data: z.string(),
  serial: z.int().nonnegative().optional(),
  lineage: z.string().optional(),
});

export type TerraformInstance = z.infer<typeof instanceSchema> & JsonObject;
/** Identifies a resource, in the block that contains its instances. */
export interface BlockIdentity {
  readonly module?: string | null | undefined;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
}
export type TerraformBlock = BlockIdentity & { readonly instances?: readonly TerraformInstance[] | null } & JsonObject;
export type TerraformDocument = {
  readonly serial: number;
  readonly lineage: string;
  readonly outputs?: Readonly<Record<string, JsonObject>> | null;
  readonly resources?: readonly TerraformBlock[] | null;
} & JsonObject;
export type EncryptedDocument = z.infer<typeof encryptedSchema> & JsonObject;

export const isBlock = (value: unknown): value is TerraformBlock => blockSchema.safeParse(value).success;
export const isInstance = (value: unknown): value is TerraformInstance => instanceSchema.safeParse(value).success;

const restOfState = z.looseObject({
  ...stateSchema.shape,
  version: z.undefined().optional(),
  serial: z.undefined().optional(),
  lineage: z.undefined().optional(),
  encrypted_data: z.undefined().optional(),
});
/** All fields of a state except those that each write changes. */
export const isRestOfState = (value: unknown): value is JsonObject => restOfState.safeParse(value).success;
export const isEncrypted = (value: unknown): value is EncryptedDocument => encryptedSchema.safeParse(value).success;

function isObjectOfObjects(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every(isJsonObject);
}

const reader = readerOf(
  'INVALID_TERRAFORM_STATE',
  'Terraform state',
  'Give a Terraform or OpenTofu state of format version 4: terraform.tfstate, or what `terraform state pull` prints.',
);

/** `encrypted` if only its lineage and serial can be known. */
export type TerraformState = { readonly encrypted: EncryptedDocument } | { readonly document: TerraformDocument };

/**
 * Parses a state file. Returns the parsed value itself, not zod's copy, which would drop a key named `__proto__`, and add
 * default values.
 * @param what names the file in errors
 * @throws InvalidInputError with the path of the problem
 */
export const parseTerraform = (document: Uint8Array | string, what: string): TerraformState =>
  asTerraform(reader.parse(document, what), what);

/** The same for a parsed value. */
export function asTerraform(value: Json, what: string): TerraformState {
  reader.check(isJsonObject(value) && isEncryptedDocument(value) ? encryptedSchema : stateSchema, value, what);
  return stateOf(value as JsonObject);
}

/** The document itself, parsed and checked; {@link stateOf} converts it to a state. */
export function readTerraformDocument(bytes: Uint8Array, what: string): JsonObject {
  const state = parseTerraform(bytes, what);
  return 'encrypted' in state ? state.encrypted : state.document;
}

/** A document that was checked already. */
export const stateOf = (document: JsonObject): TerraformState =>
  isEncryptedDocument(document)
    ? { encrypted: document as EncryptedDocument }
    : { document: document as TerraformDocument };

const isEncryptedDocument = (document: JsonObject): boolean => Object.hasOwn(document, 'encrypted_data');
