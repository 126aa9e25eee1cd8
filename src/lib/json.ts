import { type ErrorOptions, IntegrityError, InvalidInputError } from './errors.js';
import { type JsonScan, placeIn, readJsonText, scanJsonText, setOwn } from './json-reader.js';

/**
 * A JSON number that a double does not represent exactly: `12345678901234567890`, `1e400`, `1.0`. It keeps the text. Compare
 * numbers with {@link equalJson}, not with `===`.
 */
export class JsonNumber {
  readonly #text: string;

  /** @param text a number in JSON's own grammar (RFC 8259 §6), not checked again here */
  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  toString(): string {
    return this.#text;
  }
}

export type Json = null | boolean | number | string | JsonNumber | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** True for `{…}`: no array, no null, no {@link JsonNumber}. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);

/** An object's own value: `__proto__` and the like are ordinary keys. */
export const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

export interface JsonLimits {
  /** The largest document in UTF-8 bytes. */
  readonly maxBytes: number;
  /** The deepest nesting of arrays and objects. */
  readonly maxDepth: number;
  /** For values that are stored already: numbers and paths may have any length. */
  readonly isStored?: true;
}

/** Limits of one stored value: 16 MiB and 512 levels. */
export const DOCUMENT_LIMITS: JsonLimits = { maxBytes: 16 * 1024 * 1024, maxDepth: 512 };
/** Limits of a file that contains many documents (a Terraform state, a desired state): 256 MiB. */
export const FILE_LIMITS: JsonLimits = { maxBytes: 256 * 1024 * 1024, maxDepth: 512 };

/**
 * Limits for stored values, which were checked when they were written. Deeper than a document, for values that contain
 * documents.
 */
export const STORED_LIMITS: JsonLimits = { maxBytes: Number.POSITIVE_INFINITY, maxDepth: 2_000, isStored: true };

/**
 * Limits that no real document reaches. Numbers in characters of their text: Terraform's have at most 155 significant
 * digits. Paths in characters of their keys: a comparison writes out every path, so a few long keys around many values would
 * exhaust memory.
 */
const MAX_NUMBER = 1_000;
const MAX_PATH = 8 * 1024;
const MAX_PATHS = 256 * 1024 * 1024;

/** The longest path that an error shows, in characters. */
const SHOWN_PATH = 200;

type JsonPath = readonly (string | number)[];

/** One step of a path: `.a` for a key that is a plain word, else `["a b"]`. */
export const pathStep = (key: string): string =>
  /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;

/** `$.a.b[0]`, with quoted keys unless they are plain words. */
export const formatPath = (path: JsonPath): string =>
  `$${path.map((step) => (typeof step === 'number' ? `[${step}]` : pathStep(step))).join('')}`;

/** The longest key and the most steps of a path in an error: even for a document of megabytes, an error fits on a line. */
const SHOWN_KEY = 100;
const SHOWN_STEPS = 8;

const shownStep = (step: string | number): string | number =>
  typeof step === 'string' && step.length > SHOWN_KEY ? `${step.slice(0, SHOWN_KEY)}…` : step;

function shownPath(path: JsonPath): string {
  const shown = formatPath(path.slice(0, SHOWN_STEPS).map(shownStep));
  if (shown.length > SHOWN_PATH) return `${shown.slice(0, SHOWN_PATH)}…`;
  return path.length > SHOWN_STEPS ? `${shown}…` : shown;
}

interface Refusal {
  readonly code?: string;
  readonly line?: number;
  readonly column?: number;
}

function refuse(what: string, path: JsonPath, problem: string, hint: string, refusal: Refusal = {}): never {
  const { code = 'INVALID_JSON', ...more } = refusal;
  const at = shownPath(path);
  throw new InvalidInputError(code, `${what}: ${problem} at ${at}`, {
    hint,
    details: { field: what, path: at, ...more },
  });
}

function tooLarge(what: string, bytes: number, limits: JsonLimits): never {
  throw new InvalidInputError('DOCUMENT_TOO_LARGE', `${what} is ${bytes} bytes, more than ${limits.maxBytes}`, {
    hint: 'Store large content elsewhere and keep a reference to it in the state.',
    details: { field: what, bytes, maxBytes: limits.maxBytes },
  });
}

const LONG_EXPONENT = /[eE][+-]?\d{7}/;

/** @param text a number in JSON's grammar */
function checkNumber(text: string, what: string, path: () => JsonPath): void {
  if (text.length > MAX_NUMBER) {
    refuseNumber(what, path(), `a number has ${text.length} characters, more than ${MAX_NUMBER}`);
  }
  if (LONG_EXPONENT.test(text)) refuseNumber(what, path(), 'a number has an exponent of more than 6 digits');
}

const refuseNumber = (what: string, path: JsonPath, problem: string): never =>
  refuse(what, path, problem, 'Write it as text, in quotes.', { code: 'NUMBER_TOO_LARGE' });

/** The most keys in one text: V8 ends the process for an object of some 20 million keys, whatever memory there is. */
const MAX_KEYS = 10_000_000;

function tooManyKeys(what: string, keys: number): never {
  throw new InvalidInputError('DOCUMENT_TOO_LARGE', `${what} has ${keys} keys, more than ${MAX_KEYS}`, {
    hint: 'Split the document.',
    details: { field: what, keys, maxKeys: MAX_KEYS },
  });
}

/** Decodes UTF-8 bytes; invalid bytes are refused, never replaced. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidInputError('INVALID_UTF8', `${what} is not valid UTF-8`, {
      hint: 'Save it as UTF-8 and try again.',
      details: { field: what },
      cause,
    });
  }
}

/**
 * Parses a JSON text (RFC 8259) without loss: numbers that a double cannot represent become {@link JsonNumber}, `__proto__`
 * stays an ordinary key, and lone surrogates stay. Duplicate keys, nesting, size and numbers over the limits and invalid
 * JSON are refused with the path.
 * @param what names the text in errors: a file, a flag, a field
 * @throws InvalidInputError
 */
export function parseJson(text: string, what = 'JSON', limits: JsonLimits = DOCUMENT_LIMITS): Json {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxBytes) tooLarge(what, bytes, limits);
  const scan = scanJsonText(text, limits.maxDepth);
  if (scan.keys > MAX_KEYS) tooManyKeys(what, scan.keys);
  return parseFast(text, scan) ?? parseExactly(text, what, limits);
}

/**
 * The platform's own parser is several times as fast as the exact one. It loses nothing if every number prints as it is
 * written and the value has as many keys as the text. Returns undefined otherwise; it is never called for a text that is too
 * deep.
 */
function parseFast(text: string, { isShallow, isPlain, keys }: JsonScan): Json | undefined {
  if (!isShallow || !isPlain) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return countKeys(value) === keys ? value : undefined;
  } catch {
    return undefined; // not valid JSON: the exact parser finds the position
  }
}

function countKeys(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  for (const key in value) {
    const item = (value as JsonObject)[key] as Json;
    count += 1;
    if (typeof item === 'object') count += countKeys(item);
  }
  return count;
}

function parseExactly(text: string, what: string, limits: JsonLimits): Json {
  return readJsonText(text, {
    maxDepth: limits.maxDepth,
    numberOf: (number, path) => {
      if (!limits.isStored) checkNumber(number, what, path);
      return toJsonNumber(number);
    },
    refuse: ({ reason, problem, offset, path }) => {
      if (reason === 'depth') return refuse(what, path, problem, 'Flatten the document.');
      if (reason === 'duplicate') return refuse(what, path, problem, 'Keep one of the two values.');
      const { line, column } = placeIn(text, offset);
      const where = `(line ${line}, column ${column})`;
      return refuse(what, path, `not valid JSON: ${problem} ${where}`, 'Check it with a JSON validator.', {
        line,
        column,
      });
    },
  }) as Json;
}

/** The double if it prints as it is written, else the text itself. */
export function toJsonNumber(text: string): number | JsonNumber {
  const value = Number(text);
  return String(value) === text ? value : new JsonNumber(text);
}

/**
 * True if a stored text may contain something that `JSON.parse` would change: 16 digits or more, an exponent, a number that
 * a double prints with an exponent, a fraction that ends in zero, minus zero. May also be true for a harmless text.
 */
const NEEDS_EXACT_PARSING = /[[:,]\s*(?:-0\s*[,}\]]|-?(?:\d{16}|[\d.]{17}|0\.0{6}|\d[\d.]*[eE]|\d+\.\d*0\s*[,}\]]))/;

/**
 * Parses a text written by {@link stringifyJson} into the same value.
 * @throws IntegrityError `DOCUMENT_DAMAGED` for any other text
 */
export function parseStoredJson(text: string): Json {
  const isDocument = text.startsWith('{') || text.startsWith('[');
  try {
    if (isDocument && !NEEDS_EXACT_PARSING.test(text)) return JSON.parse(text) as Json;
    return parseExactly(text, 'stored document', STORED_LIMITS);
  } catch (cause) {
    throw documentDamaged('is not valid JSON', { cause });
  }
}

/**
 * The same for an object, such as data and meta of every event.
 * @throws IntegrityError `DOCUMENT_DAMAGED`; its keys are not checked again
 */
export function parseStoredObject<T extends object>(text: string): T {
  const value = parseStoredJson(text);
  if (!isJsonObject(value)) throw documentDamaged('is not an object');
  return value as unknown as T;
}

/** @param problem the problem */
export const documentDamaged = (problem: string, more: Pick<ErrorOptions, 'details' | 'cause'> = {}): IntegrityError =>
  new IntegrityError('DOCUMENT_DAMAGED', `a stored document ${problem}`, {
    hint: 'The database is damaged; see what is wrong with: sloth-runner audit verify',
    ...more,
  });

interface Walk {
  readonly what: string;
  readonly limits: JsonLimits;
  readonly path: (string | number)[];
  /** Characters of the keys of {@link path}, and of all paths so far. */
  pathLength: number;
  paths: number;
  /** Bytes of the texts seen, if they are limited: never more than the written text has. */
  size: number;
  /** Whether a number was found that only {@link write} keeps exactly. */
  exotic: boolean;
}

const TOO_BIG = 10n ** BigInt(MAX_NUMBER);

/**
 * Refuses, with its path, every value that JSON cannot represent exactly (undefined, NaN, dates, functions, class instances,
 * cycles).
 */
function walk(value: unknown, state: Walk): void {
  const { what, path, limits } = state;
  state.size += 1;
  switch (typeof value) {
    case 'string':
      if (limits.maxBytes < Number.POSITIVE_INFINITY) state.size += Buffer.byteLength(value);
      return;
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(what, path, `${value} is not a JSON number`, 'Use null or a string.');
      if (Object.is(value, -0)) state.exotic = true;
      return;
    case 'bigint':
      state.exotic = true;
      if (!limits.isStored && (value >= TOO_BIG || value <= -TOO_BIG)) {
        refuseNumber(what, path, `a number has more than ${MAX_NUMBER} digits`);
      }
      return;
    case 'object':
      break;
    default:
      refuse(what, path, `a value of type ${typeof value} is not JSON`, 'Leave the key out or use null.');
  }
  if (value === null) return;
  if (value instanceof JsonNumber) {
    state.exotic = true;
    if (!limits.isStored) checkNumber(value.toString(), what, () => path);
    return;
  }
  if (path.length >= limits.maxDepth) {
    refuse(what, path, `nested deeper than ${limits.maxDepth} levels`, 'Flatten the document.');
  }
  if (state.size > limits.maxBytes) tooLarge(what, state.size, limits);
  const isArray = Array.isArray(value);
  if (!isArray) {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      refuse(what, path, `a ${value.constructor?.name ?? 'object'} is not JSON`, 'Convert it to a plain value first.');
    }
  }
  if (isArray) {
    for (let index = 0; index < value.length; index += 1) step(value, index, state);
    return;
  }
  for (const key of Object.keys(value)) {
    if (limits.maxBytes < Number.POSITIVE_INFINITY) state.size += Buffer.byteLength(key);
    step(value, key, state);
  }
}

function step(value: object, key: string | number, state: Walk): void {
  const length = typeof key === 'string' ? key.length + 1 : 3;
  state.path.push(key);
  state.pathLength += length;
  state.paths += state.pathLength;
  if (!state.limits.isStored) checkPaths(state);
  walk((value as Record<string | number, unknown>)[key], state);
  state.pathLength -= length;
  state.path.pop();
}

function checkPaths({ what, path, pathLength, paths }: Walk): void {
  if (pathLength > MAX_PATH) refuse(what, path, `a path is longer than ${MAX_PATH} characters`, 'Use shorter keys.');
  if (paths <= MAX_PATHS) return;
  refuse(
    what,
    path,
    `its paths have more than ${MAX_PATHS} characters together`,
    'Use shorter keys, or split the document.',
  );
}

function check(value: unknown, what: string, limits: JsonLimits): Walk {
  const state: Walk = { what, limits, path: [], pathLength: 0, paths: 0, size: 0, exotic: false };
  walk(value, state);
  if (state.size > limits.maxBytes) tooLarge(what, state.size, limits);
  return state;
}

/**
 * Checks that a program's value can be stored as JSON without a change.
 * @param what names the value in errors
 * @throws InvalidInputError with the path of the value that cannot
 */
export function assertJson(value: unknown, what: string, limits: JsonLimits = DOCUMENT_LIMITS): asserts value is Json {
  check(value, what, limits);
}

/**
 * The JSON text of a value, compact unless `indent` is given. {@link parseStoredJson} returns the same value.
 * @throws InvalidInputError for a value that JSON cannot represent exactly
 */
export function stringifyJson(value: unknown, indent = 0): string {
  return check(value, 'value', STORED_LIMITS).exotic
    ? write(value as Json, indent, '')
    : JSON.stringify(value, null, indent);
}

function write(value: Json | bigint, indent: number, margin: string): string {
  if (typeof value === 'bigint' || value instanceof JsonNumber) return value.toString();
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const inner = margin + ' '.repeat(indent);
  const items = isArray
    ? value.map((item) => write(item as Json, indent, inner))
    : Object.entries(value).map(
        ([key, item]) => `${JSON.stringify(key)}:${indent ? ' ' : ''}${write(item as Json, indent, inner)}`,
      );
  const [start, end] = isArray ? '[]' : '{}';
  if (items.length === 0) return `${start}${end}`;
  return indent
    ? `${start}\n${inner}${items.join(`,\n${inner}`)}\n${margin}${end}`
    : `${start}${items.join(',')}${end}`;
}

/** The same value with every object's keys in code-unit order: equal values give equal text. */
export function sortKeys(value: Json): Json {
  if (value === null || typeof value !== 'object' || value instanceof JsonNumber) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const sorted: Record<string, Json> = {};
  for (const key of Object.keys(value).sort()) setOwn(sorted, key, sortKeys((value as JsonObject)[key] as Json));
  return sorted;
}

/** Programs may pass a bigint: {@link assertJson} accepts it and {@link stringifyJson} writes it as a number. */
export const isNumber = (value: unknown): value is number | bigint | JsonNumber =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof JsonNumber;

/**
 * A number as sign, significant digits and power of ten: equal for `1`, `1.0` and `10e-1`. Linear in the length of the text:
 * an exponent is never expanded, nor parsed as a number if it has many digits.
 */
export function canonicalNumber(value: number | bigint | JsonNumber): string {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(String(value)) ?? [];
  const digits = whole + fraction;
  const end = endWithoutZeros(digits);
  const significant = withoutLeadingZeros(digits.slice(0, end));
  if (significant === '') return '0';
  return `${sign}${significant}e${plus(exponent, digits.length - end - fraction.length)}`;
}

const withoutLeadingZeros = (digits: string): string => digits.replace(/^0+/, '');

/** The start of the trailing zeros. (A regular expression would search from each zero.) */
function endWithoutZeros(digits: string): number {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end -= 1;
  return end;
}

/** Digits that a double holds exactly, also after {@link plus}. */
const EXACT_DIGITS = 15;

/** A whole number of any length plus a small one, at most the length of a text. */
function plus(whole: string, small: number): string {
  const isNegative = whole.startsWith('-');
  const digits = withoutLeadingZeros(whole.replace(/^[+-]/, ''));
  if (digits.length <= EXACT_DIGITS) return String((isNegative ? -Number(digits) : Number(digits)) + small);
  // its absolute value is larger than the small number's, so the sign stays
  const head = digits.slice(0, -EXACT_DIGITS);
  const tail = Number(digits.slice(-EXACT_DIGITS)) + (isNegative ? -small : small);
  const carry = Math.floor(tail / 10 ** EXACT_DIGITS);
  const rest = String(tail - carry * 10 ** EXACT_DIGITS).padStart(EXACT_DIGITS, '0');
  return `${isNegative ? '-' : ''}${withoutLeadingZeros(carried(head, carry) + rest)}`;
}

/** Digits after a carry of 1, 0 or -1 into the last; the result is positive. */
function carried(digits: string, carry: number): string {
  if (carry === 0) return digits;
  const [from, to] = carry > 0 ? ['9', '0'] : ['0', '9'];
  let end = digits.length;
  while (end > 0 && digits[end - 1] === from) end -= 1;
  const zeros = to.repeat(digits.length - end);
  return end === 0 ? `1${zeros}` : `${digits.slice(0, end - 1)}${Number(digits[end - 1]) + carry}${zeros}`;
}

/** Value equality: key order does not matter, `1` equals `1.0`, `"3"` is not `3`, null is not absent. */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') return false;
  if (isNumber(a) && isNumber(b)) return canonicalNumber(a) === canonicalNumber(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof JsonNumber || b instanceof JsonNumber) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equalJson(item, b[index]));
  }
  if (Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalJson((a as JsonObject)[key], (b as JsonObject)[key]))
  );
}

/** The scalar values of a document with their paths; arrays and empty objects count as one value. */
export function leaves(value: Json, path = '$'): (readonly [path: string, value: Json])[] {
  const found: (readonly [path: string, value: Json])[] = [];
  const collect = (part: Json, at: string): void => {
    const entries = isJsonObject(part) ? Object.entries(part) : [];
    if (entries.length === 0) found.push([at, part]);
    for (const [key, item] of entries) collect(item, at + pathStep(key));
  };
  collect(value, path);
  return found;
}
