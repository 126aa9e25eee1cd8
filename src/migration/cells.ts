import { sha256 } from '../lib/digest.js';
import { InvalidInputError } from '../lib/errors.js';
import { parseInstant } from '../lib/instants.js';
import {
  DOCUMENT_LIMITS,
  isJsonObject,
  type Json,
  type JsonLimits,
  JsonNumber,
  type JsonObject,
  parseJson,
} from '../lib/json.js';
import type { Cell, LegacyRow } from './source/source.js';

/** The converted value of a cell; `repair` describes the change, if it could not be taken unchanged. */
export interface Taken<T> {
  readonly value: T;
  readonly repair?: Repair;
}

/** A description of the problem, and of the repair. */
export interface Repair {
  readonly problem: string;
  readonly done: string;
}

/** A column's cell; a column that an older schema lacks is read as NULL. */
export const cell = (row: LegacyRow, column: string): Cell =>
  Object.hasOwn(row, column) ? (row[column] as Cell) : null;

/** A cell as JSON, exactly. */
export function cellJson(value: Cell): Json {
  if (typeof value === 'bigint') return integer(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
}

const integer = (value: bigint): Json =>
  Number.isSafeInteger(Number(value)) ? Number(value) : new JsonNumber(String(value));

/** All columns of a row except the named ones. */
export const rowJson = (row: LegacyRow, without: readonly string[] = []): JsonObject =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => !without.includes(column))
      .map(([column, value]) => [column, cellJson(value)]),
  );

/** A cell as text: numbers in digits, NULL as the empty text. */
export function textOf(value: Cell, what: string): Taken<string> {
  if (value === null) return { value: '' };
  if (!(value instanceof Uint8Array)) return { value: String(value) };
  return { value: Buffer.from(value).toString('base64'), repair: asBase64(what) };
}

const asBase64 = (what: string): Repair => ({ problem: `${what} is a BLOB`, done: 'kept as base64' });

/** A cell as JSON. Text stays text, even if it is valid JSON. */
export const asWritten = (value: Cell, what: string): Taken<Json> =>
  repaired(cellJson(value), value instanceof Uint8Array ? asBase64(what) : undefined);

/**
 * A cell that contains JSON text.
 * @throws InvalidInputError if it exceeds the limits of a document
 */
export function jsonOf(value: Cell, what: string, limits: JsonLimits = DOCUMENT_LIMITS): Taken<Json> {
  if (typeof value !== 'string') return asWritten(value, what);
  try {
    return { value: parseJson(value, what, limits) };
  } catch (error) {
    if (!(error instanceof InvalidInputError) || isBeyond(error)) throw error;
    return { value, repair: { problem: `${what} is not JSON (${error.message})`, done: 'kept as text' } };
  }
}

/** Whether it is valid JSON that exceeds the limits of a document. */
const isBeyond = ({ code, message }: InvalidInputError): boolean =>
  code === 'DOCUMENT_TOO_LARGE' || message.includes('nested deeper');

/** The same for an object: NULL becomes an empty one; invalid JSON and other values are put into one. */
export function objectOf(value: Cell, what: string): Taken<JsonObject> {
  if (value === null) return { value: {}, repair: { problem: `${what} is NULL`, done: 'taken as {}' } };
  const { value: json, repair } = jsonOf(value, what);
  if (repair && typeof value === 'string') {
    return { value: { text: value }, repair: { ...repair, done: 'kept as text, under "text"' } };
  }
  if (isJsonObject(json)) return repaired(json, repair);
  return { value: { value: json }, repair: { problem: `${what} is not a JSON object`, done: 'kept under "value"' } };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same without tab, line feed and carriage return
const CONTROL_BUT_LAYOUT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The longest prefix of a text with at most this number of UTF-8 bytes. */
function beginning(text: string, bytes: number): string {
  let size = 0;
  let result = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    result += character;
  }
  return result;
}

const cut = (text: string, max: number): string =>
  Buffer.byteLength(text) <= max ? text : `${beginning(text, max - 9)}~${sha256(text).slice(0, 8)}`;

/** Most texts need no further checks. */
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/;

function cleaned(text: string, what: string, max: number, control: RegExp, trim: boolean): Taken<string> {
  if (text.length <= max && PLAIN.test(text)) return { value: text };
  const wellFormed = Buffer.from(text).toString();
  const plain = wellFormed.replace(control, escaped);
  const trimmed = trim ? plain.trim() : plain;
  const value = cut(trimmed, max);
  if (value === text) return { value };
  const problem =
    plain !== wellFormed
      ? 'holds control characters'
      : trimmed !== plain
        ? 'begins or ends with white space'
        : wellFormed !== text
          ? 'is no well-formed Unicode'
          : `is longer than ${max} bytes`;
  return { value, repair: { problem: `${what} ${problem}`, done: `became "${shortened(value)}"` } };
}

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

const repaired = <T>(value: T, repair: Repair | undefined): Taken<T> => (repair ? { value, repair } : { value });

/** A name: see `name` in lib/text.ts. `otherwise` is used if nothing remains. */
export function nameOf(value: Cell, what: string, otherwise: string, max = 255): Taken<string> {
  const text = textOf(value, what);
  const name = cleaned(text.value, what, max, CONTROL, true);
  if (name.value !== '') return repaired(name.value, name.repair ?? text.repair);
  const other = cleaned(otherwise, what, max, CONTROL, true).value;
  return { value: other, repair: { problem: `${what} is empty`, done: `"${other}" was taken` } };
}

/** Free text: see `prose` in lib/text.ts. */
export function proseOf(value: Cell, what: string, max = 65_536): Taken<string> {
  const text = textOf(value, what);
  const prose = cleaned(text.value, what, max, CONTROL_BUT_LAYOUT, false);
  return repaired(prose.value, prose.repair ?? text.repair);
}

/** SQLite's format, RFC 3339, and the output of Go's drivers and `time.String()`. */
const INSTANT =
  /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(\.\d{1,20})?)?\s{0,8}(?:(Z|UTC)|([+-]\d\d):?(\d\d)?(?: [A-Z]{2,5}| [+-]\d\d(?:\d\d)?)?)?(?: m=\S{1,40})?$/;

/** A time as ISO-8601 UTC with milliseconds; undefined for NULL and for invalid times. */
export function instantOf(value: Cell): string | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return epoch(Number(value));
  if (typeof value !== 'string') return undefined;
  const match = INSTANT.exec(value.trim());
  if (!match) return undefined;
  const [, day, clock = '00:00', fraction = '', , hours, minutes = '00'] = match;
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const local = `${day}T${seconds}.${fraction.slice(1, 4).padEnd(3, '0')}`;
  if (hours === undefined) {
    const at = iso(Date.parse(`${local}Z`));
    return at === `${local}Z` ? at : undefined; // otherwise the 30th of February would be the 2nd of March
  }
  try {
    return parseInstant(`${local}${hours}:${minutes}`, 'time');
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

/** Seconds since 1970, or, from 10^11 on (the year 5138), milliseconds. */
const epoch = (value: number): string | undefined => iso(Math.abs(value) < 1e11 ? value * 1_000 : value);

function iso(time: number): string | undefined {
  const date = new Date(Math.trunc(time));
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9999 ? date.toISOString() : undefined;
}

/** A whole number that is valid as a counter or version. */
export function counterOf(value: Cell): number | undefined {
  const isNumber = typeof value === 'bigint' || typeof value === 'number';
  const number = isNumber || (typeof value === 'string' && /^\d+$/.test(value)) ? Number(value) : undefined;
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
