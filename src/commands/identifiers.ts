import * as z from 'zod';

/**
 * The kinds of identifiers in a command. `stack` is an existing stack, by name or id; `stackName` and `stackId` are the new
 * name or id of a stack. The others are looked up within the stack that the command names, except `resourceId`: it must be
 * unique in the whole database.
 */
export type IdentifierKind = 'stack' | 'stackName' | 'stackId' | 'resource' | 'resourceId' | 'lock' | 'execution';

export interface Identifier {
  readonly kind: IdentifierKind;
  /** The field: `create.id`, `resources.0.id`. */
  readonly field: string;
  readonly value: string;
}

const kinds = z.registry<{ readonly kind: IdentifierKind }>();

/** Declares the kind of identifier in a field of a command. Every other text of a command is free text. */
export function identifier<Schema extends z.ZodType>(kind: IdentifierKind, schema: Schema): Schema {
  kinds.add(schema, { kind });
  return schema;
}

/** A text of a command's schema: its path, with `*` for each item of an array, and its kind of identifier, if any. */
export interface TextField {
  readonly path: readonly string[];
  readonly kind: IdentifierKind | undefined;
}

/** Every text that a command of this schema may contain, except within JSON values. */
export function textFields(schema: z.ZodType, path: readonly string[] = []): TextField[] {
  const kind = kinds.get(schema)?.kind;
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
    return Object.entries(shape).flatMap(([key, field]) => textFields(field, [...path, key]));
  }
  if (schema instanceof z.ZodArray) return textFields(schema.element as z.ZodType, [...path, '*']);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return textFields(schema.unwrap() as z.ZodType, path);
  if (schema instanceof z.ZodPipe) return textFields(schema.in as z.ZodType, path);
  if (schema instanceof z.ZodUnion) {
    const options = schema.options as readonly z.ZodType[];
    return options.flatMap((option) => textFields(option, path));
  }
  return kind !== undefined || schema instanceof z.ZodString ? [{ path, kind }] : [];
}

/** The identifiers in a command that matches the schema. */
export const identifiersOf = (schema: z.ZodType, command: unknown): Identifier[] =>
  fieldsOf(schema).flatMap(({ path, kind }) =>
    kind === undefined ? [] : textsAt(command, path).map(({ field, value }) => ({ kind, field, value })),
  );

/** The texts of each command's schema, computed once. */
const known = new WeakMap<z.ZodType, readonly TextField[]>();
function fieldsOf(schema: z.ZodType): readonly TextField[] {
  let fields = known.get(schema);
  if (!fields) known.set(schema, (fields = textFields(schema)));
  return fields;
}

function textsAt(value: unknown, path: readonly string[], field = ''): { field: string; value: string }[] {
  const [step, ...rest] = path;
  if (step === undefined) return typeof value === 'string' ? [{ field, value }] : [];
  const at = (key: string | number) => (field === '' ? `${key}` : `${field}.${key}`);
  if (step === '*') return Array.isArray(value) ? value.flatMap((item, index) => textsAt(item, rest, at(index))) : [];
  if (typeof value !== 'object' || value === null) return [];
  return textsAt((value as Readonly<Record<string, unknown>>)[step], rest, at(step));
}
