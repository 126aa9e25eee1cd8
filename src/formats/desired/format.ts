import * as z from 'zod';
import { InvalidInputError } from '../../lib/errors.js';
import type { Json } from '../../lib/json.js';
import { checkShape } from '../../lib/parse-input.js';

const output = z.strictObject({
  value: z.custom<Json>((value) => value !== undefined, 'is missing'),
  sensitive: z.boolean().optional(),
});

/** A list of pairs, because a schema for records would silently skip an output named `__proto__`. */
const toEntries = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([name, entry]) => ({ name, output: entry }))
    : value;

/**
 * The desired state of a stack as people write it for `stack apply`. The command checks the values; here only the structure
 * of the file is checked.
 */
const desiredSchema = z.strictObject({
  description: z.string().optional(),
  version: z.string().optional(),
  workflow_file: z.string().optional(),
  configuration: z.custom<Json>().optional(),
  metadata: z.custom<Json>().optional(),
  resources: z
    .array(
      z.strictObject({
        module: z.string().optional(),
        type: z.string(),
        name: z.string(),
        id: z.string().optional(),
        properties: z.custom<Json>().optional(),
        depends_on: z.array(z.string()).optional(),
        state: z.string().optional(),
        metadata: z.custom<Json>().optional(),
      }),
    )
    .optional(),
  outputs: z.preprocess(toEntries, z.array(z.strictObject({ name: z.string(), output }))).optional(),
});
export type DesiredState = z.output<typeof desiredSchema>;

/**
 * @param what names the file in errors
 * @throws InvalidInputError with the first invalid field
 */
export function toDesiredState(value: Json, what: string): DesiredState {
  const result = checkShape(desiredSchema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') || 'document';
  throw new InvalidInputError('INVALID_DESIRED_STATE', `${what}: ${field}: ${issue?.message}`, {
    hint: 'A desired state has: description, version, workflow_file, configuration, metadata, resources, outputs.',
    details: { field, file: what },
  });
}
