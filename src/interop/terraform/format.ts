import { z } from 'zod';
import { InvalidInputError } from '../../kernel/errors.js';
import { decodeUtf8, FILE_LIMITS, type Json, type JsonObject, parseJson } from '../../kernel/json.js';

/**
 * Terraform's state file, format version 4 (internal/states/statefile/version4.go of Terraform and OpenTofu). Only what
 * we read is named: every other field is kept as it is, so that what a later release adds comes back too.
 */
const instanceSchema = z.looseObject({
  index_key: z.union([z.string(), z.number(), z.null()]).optional(),
  deposed: z.string().optional(),
  status: z.string().optional(),
});

const blockSchema = z.looseObject({
  module: z.string().optional(),
  mode: z.enum(['managed', 'data', 'ephemeral']),
  type: z.string().min(1),
  name: z.string().min(1),
  instances: z.array(instanceSchema),
});

const stateSchema = z.looseObject({
  version: z.literal(4),
  serial: z.int().nonnegative(),
  lineage: z.string(),
  outputs: z.custom<Record<string, JsonObject>>(isObjectOfObjects, 'must be an object of objects').optional(),
  resources: z.array(blockSchema).optional(),
});

/** OpenTofu's encrypted state: all that can be read of it stands beside the ciphertext. */
const encryptedSchema = z.looseObject({
  encrypted_data: z.string(),
  serial: z.int().nonnegative().default(0),
  lineage: z.string().default(''),
});

export type TerraformInstance = z.infer<typeof instanceSchema> & JsonObject;
export type TerraformBlock = z.infer<typeof blockSchema> & JsonObject;
export type TerraformDocument = z.infer<typeof stateSchema> & JsonObject;

function isObjectOfObjects(value: unknown): boolean {
  const isObject = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  return isObject(value) && Object.values(value as object).every(isObject);
}

const HINT =
  'Give a Terraform or OpenTofu state of format version 4: terraform.tfstate, or what `terraform state pull` prints.';

/**
 * Reads a state file; `encrypted` when nothing but its lineage and serial can be known.
 * @param what names the file in errors
 * @throws InvalidInputError with the path of what is wrong
 */
export function parseTerraform(
  bytes: Uint8Array,
  what: string,
): { readonly encrypted: boolean; readonly document: TerraformDocument } {
  const value = parseJson(decodeUtf8(bytes, what), what, FILE_LIMITS);
  const encrypted = isEncrypted(value);
  const result = (encrypted ? encryptedSchema : stateSchema).safeParse(value);
  if (result.success) {
    // The parsed value itself, not zod's copy: a copy would drop a key named `__proto__`.
    return { encrypted, document: (encrypted ? { ...result.data, ...(value as object) } : value) as TerraformDocument };
  }
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join('.') || 'document';
  throw new InvalidInputError('INVALID_TERRAFORM_STATE', `${what} is no Terraform state: ${path}: ${issue?.message}`, {
    hint: HINT,
    details: { field: path, file: what },
  });
}

const isEncrypted = (value: Json): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'encrypted_data');
