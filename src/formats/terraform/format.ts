import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { readerOf } from '../reader.js';

/**
 * Terraform's state file, format version 4 (internal/states/statefile/version4.go of Terraform and OpenTofu). Only what
 * we read is named: every other field is kept as it is, so that what a later release adds comes back too. Null is
 * allowed where Go's decoder takes it for absent.
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

/** OpenTofu's encrypted state: all that can be read of it stands beside the ciphertext, and not even that must. */
const encryptedSchema = z.looseObject({
  encrypted_data: z.string(),
  serial: z.int().nonnegative().optional(),
  lineage: z.string().optional(),
});

export type TerraformInstance = z.infer<typeof instanceSchema> & JsonObject;
/** What names a resource, in the block that holds its instances. */
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
/** All of a state but what is written anew each time. */
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

/** `encrypted` where nothing but its lineage and serial can be known. */
export type TerraformState = { readonly encrypted: EncryptedDocument } | { readonly document: TerraformDocument };

/**
 * Reads a state file. What is returned is the parsed value itself, not zod's copy: a copy would drop a key named
 * `__proto__`, and add what it has a default for.
 * @param what names the file in errors
 * @throws InvalidInputError with the path of what is wrong
 */
export const parseTerraform = (document: Uint8Array | string, what: string): TerraformState =>
  asTerraform(reader.parse(document, what), what);

/** The same of a value that was read already. */
export function asTerraform(value: Json, what: string): TerraformState {
  reader.check(isJsonObject(value) && isEncryptedDocument(value) ? encryptedSchema : stateSchema, value, what);
  return stateOf(value as JsonObject);
}

/** The document itself, read and checked; {@link stateOf} makes a state of it. */
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
