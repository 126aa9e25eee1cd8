import * as z from 'zod';
import { catalogue, isKnown, metaSchema, parseEvent, type StoredEvent } from '../../events/index.js';
import { InvalidInputError } from '../../lib/errors.js';
import { type Json, parseJson, STORED_LIMITS } from '../../lib/json.js';
import { checkShape } from '../../lib/parse-input.js';
import { name } from '../../lib/text.js';

/** The content of an exported log's lines; `docs/log-format.md` documents it for other programs, so change both together. */
export const FORMAT = 'sloth-runner-log';
export const FORMAT_VERSION = 1;

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** The first line. Fields that a later release adds are ignored. */
const headerSchema = z.lazy(() =>
  z.looseObject({
    format: z.literal(FORMAT),
    version: z.int().positive(),
    events: z.int().nonnegative(),
    head: hash,
    exported_at: z.string(),
  }),
);
export type LogFileHeader = Pick<z.infer<typeof headerSchema>, 'events' | 'head' | 'exported_at'>;

const place = z.int().positive();
/** A document as the hashed text; halves of surrogate pairs are escapes within it. */
const document = z.string().refine((text) => (text as string & { isWellFormed(): boolean }).isWellFormed(), {
  message: 'must be well-formed Unicode',
});

const lineSchema = z.lazy(() =>
  z.strictObject({
    position: place,
    stream: place,
    revision: place,
    version: z.int().nonnegative(),
    type: name(),
    schema_version: place,
    data: document,
    meta: document,
    recorded_at: z.iso.datetime({ precision: 3 }),
    command_id: name(),
    hash,
  }),
);

/** Fields that a later release adds to the meta of events are kept. */
const anyMeta = z.lazy(() => z.looseObject(metaSchema.shape));

export const headerLine = (header: LogFileHeader): string =>
  `${JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, ...header })}\n`;

export const eventLine = (event: StoredEvent): string =>
  `${JSON.stringify({
    position: event.position,
    stream: event.stream,
    revision: event.revision,
    version: event.version,
    type: event.type,
    schema_version: event.schemaVersion,
    data: event.data,
    meta: event.meta,
    recorded_at: event.recordedAt,
    command_id: event.commandId,
    hash: event.hash,
  })}\n`;

export const EXPORT_ONE = 'Export a log with: sloth-runner audit export FILE';

/**
 * @throws InvalidInputError `INVALID_LOG_FILE` for an invalid header, or a format version that this release does not know
 */
export function parseHeader(text: string, where: string): LogFileHeader {
  const header = parsed(headerSchema, text, where, EXPORT_ONE);
  if (header.version === FORMAT_VERSION) return header;
  throw invalid(
    where,
    'version',
    `this release reads version ${FORMAT_VERSION} of the format, not ${header.version}`,
    'Upgrade sloth-runner, or export the log again with this release.',
  );
}

const DAMAGED = 'The file was changed or damaged after it was written. Export the log again.';

/**
 * Parses events of the file and checks each of them separately; the store checks its position in the chain.
 * @returns a function that throws InvalidInputError `INVALID_LOG_FILE`, with the position and the field
 */
export function eventReader(): (text: string, where: string) => StoredEvent {
  let lastMeta: string | undefined; // equal for all events of a commit
  return (text, where) => {
    const line = parsed(lineSchema, text, where, DAMAGED);
    const { schema_version: schemaVersion, recorded_at: recordedAt, command_id: commandId, ...same } = line;
    const event: StoredEvent = { schemaVersion, recordedAt, commandId, ...same };
    if (event.meta !== lastMeta) {
      const meta = fits(anyMeta, checkedDocument(event.meta, where, 'meta'), where, 'meta');
      checkTexts(metaSchema, meta, where, 'meta');
    }
    lastMeta = event.meta;
    checkedDocument(event.data, where, 'data');
    const decoded = parseEvent(event);
    if (isKnown(decoded)) fits(catalogue[decoded.type] as z.ZodType, decoded.data, where, 'data');
    if (isKnown(decoded)) checkTexts(catalogue[decoded.type] as z.ZodType, decoded.data, where, 'data');
    return event;
  };
}

/** No command accepts a longer name, reason or description, in bytes. */
const MAX_TEXT = 65_536;
/** Their texts contain keys of documents, which may be longer. */
const OF_KEYS = new Set(['path', 'fields', 'changes']);

/** Refuses texts that no command would have accepted: all code that prints a log may rely on their length. */
function checkTexts(schema: z.ZodType, value: unknown, where: string, field: string): void {
  if (value === undefined || value === null) return;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    checkTexts(schema.unwrap() as z.ZodType, value, where, field);
  } else if (schema instanceof z.ZodString) {
    if (Buffer.byteLength(value as string) > MAX_TEXT) {
      throw invalid(
        where,
        field,
        `must not be longer than ${MAX_TEXT} bytes`,
        'No command accepts such a text, so sloth-runner did not write this log.',
      );
    }
  } else if (schema instanceof z.ZodArray) {
    for (const item of value as readonly unknown[]) checkTexts(schema.element as z.ZodType, item, where, field);
  } else if (schema instanceof z.ZodObject) {
    for (const [key, inner] of Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>)) {
      if (!OF_KEYS.has(key))
        checkTexts(inner, (value as Readonly<Record<string, unknown>>)[key], where, `${field}.${key}`);
    }
  }
}

export function invalid(where: string, field: string, problem: string, hint: string, cause?: unknown) {
  return new InvalidInputError('INVALID_LOG_FILE', `${where}: ${field === '' ? '' : `${field}: `}${problem}`, {
    hint,
    details: { field: field || 'file', where },
    cause,
  });
}

function parsed<T>(schema: z.ZodType<T>, text: string, where: string, hint: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(where, '', `no JSON (${(cause as Error).message})`, hint, cause);
  }
  return fits(schema, value, where, '', hint);
}

function fits<T>(schema: z.ZodType<T>, value: unknown, where: string, field: string, hint = DAMAGED): T {
  const result = checkShape(schema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [field, ...(issue?.path ?? [])].filter((step) => step !== '').join('.');
  throw invalid(where, path, issue?.message ?? 'does not fit', hint);
}

/** JSON that is parsed without loss, without duplicate keys; its values were checked when their command arrived. */
function checkedDocument(text: string, where: string, field: string): Json {
  try {
    return parseJson(text, field, STORED_LIMITS);
  } catch (cause) {
    if (!(cause instanceof InvalidInputError)) throw cause;
    throw invalid(where, field, cause.message.replace(`${field}: `, ''), DAMAGED, cause);
  }
}
