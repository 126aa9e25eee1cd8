import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject, own } from '../../lib/json.js';
import { readerOf } from '../reader.js';

/**
 * The format in which Pulumi writes a stack (sdk/go/common/apitype of pulumi/pulumi), in one of two forms: a deployment,
 * which `pulumi stack export` prints and `pulumi stack import` reads (`{version, deployment}`), and the checkpoint of a
 * self-managed backend (`{version, checkpoint: {stack, config, latest}}`, where `latest` is such a deployment). Only the
 * fields that are read are declared: every other field is kept as it is. Null is allowed where Go's decoder treats it as
 * absent.
 */
const resourceSchema = z.looseObject({ urn: z.string(), type: z.string().min(1) });
const deploymentSchema = z.looseObject({ resources: z.array(resourceSchema).nullish() }).nullish();
const version = z.union([z.literal(3), z.literal(4)], 'must be 3 or 4');

const exportSchema = z.looseObject({ version, deployment: deploymentSchema });
const checkpointSchema = z.looseObject({ version, checkpoint: z.looseObject({ latest: deploymentSchema }) });

export type PulumiResource = JsonObject & { readonly urn: string; readonly type: string };

const reader = readerOf(
  'INVALID_PULUMI_STATE',
  'Pulumi state',
  'Give what `pulumi stack export` prints, or the checkpoint of a self-managed backend (.pulumi/stacks/…/STACK.json), of version 3 or 4.',
);
export const { problem } = reader;

/**
 * Parses a deployment or a checkpoint. Returns the parsed value itself, not zod's copy, which would drop a key named
 * `__proto__`.
 * @param what names the file in errors
 * @throws InvalidInputError with the path of the problem
 */
export function parsePulumi(bytes: Uint8Array, what: string): JsonObject {
  const value = reader.parse(bytes, what);
  if (!isJsonObject(value)) throw problem(what, 'document', 'it must be an object');
  const schema = schemaOf(value);
  if (!schema) throw problem(what, 'document', 'it must hold either a deployment or a checkpoint');
  reader.check(schema, value, what);
  return value;
}

function schemaOf(document: JsonObject): z.ZodType | undefined {
  const [form, other] = ['deployment', 'checkpoint'].filter((field) => Object.hasOwn(document, field));
  if (other !== undefined) return undefined;
  return form === 'deployment' ? exportSchema : form === 'checkpoint' ? checkpointSchema : undefined;
}

export const isDocument = (value: unknown): value is JsonObject =>
  isJsonObject(value) && schemaOf(value)?.safeParse(value).success === true;
export const isResource = (value: unknown): value is PulumiResource => resourceSchema.safeParse(value).success;

/** The part of a document that contains its deployment. */
export const placeOf = ({ checkpoint }: JsonObject): string => (checkpoint ? 'checkpoint.latest' : 'deployment');

/** The deployment in a document; null or undefined if a stack never had one. */
export function deploymentOf(document: JsonObject): Json | undefined {
  return isJsonObject(document.checkpoint) ? own(document.checkpoint, 'latest') : document.deployment;
}

export function withDeployment(document: JsonObject, deployment: JsonObject): JsonObject {
  const { checkpoint } = document;
  return isJsonObject(checkpoint)
    ? { ...document, checkpoint: { ...checkpoint, latest: deployment } }
    : { ...document, deployment };
}
