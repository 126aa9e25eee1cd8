import * as z from 'zod';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The accepted input as JSON Schema (2020-12). Checks that only our code can do, such as those of arbitrary JSON, are left
 * out.
 */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

/** The body of a command: its own fields without the type, which is in the path, and its envelope. */
export function schemaOfCommand(schema: z.ZodType, envelope: JsonSchema): JsonSchema {
  const { properties, required, ...rest } = jsonSchema(schema) as {
    readonly properties: Readonly<Record<string, unknown>>;
    readonly required?: readonly string[];
  };
  const { type: _, ...fields } = properties;
  const needed = (required ?? []).filter((field) => field !== 'type');
  return { ...rest, properties: { ...fields, envelope }, ...(needed.length > 0 ? { required: needed } : {}) };
}
