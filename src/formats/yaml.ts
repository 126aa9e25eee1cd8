import {
  Composer,
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  Scalar,
  type YAMLError,
} from 'yaml';
import { InvalidInputError } from '../lib/errors.js';
import {
  assertJson,
  DOCUMENT_LIMITS,
  formatPath,
  isJsonObject,
  type Json,
  type JsonLimits,
  toJsonNumber,
} from '../lib/json.js';
import { setOwn } from '../lib/json-reader.js';

/** Throws a problem at an offset of the text. */
type Fail = (offset: number, problem: string, more?: object) => never;

/** A number of YAML's core schema (§10.3.2) that JSON writes the same way. */
const PLAIN_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The number of characters and values that aliases may add to a document. */
const MAX_REPEATED = DOCUMENT_LIMITS.maxBytes;

/** The longest key that an error repeats. */
const SHOWN_KEY = 100;

/**
 * Parses YAML 1.2 (core schema, with merge keys) as JSON: a number keeps every digit; duplicate keys are refused, and so are
 * values that JSON cannot represent. Linear in the length of the text: keys and aliases are looked up, never searched for.
 * @param what names the text in errors
 * @throws InvalidInputError `INVALID_YAML` with line and column
 */
export function parseYaml(text: string, what: string, limits: JsonLimits): Json {
  const lines = new LineCounter();
  const fail: Fail = (offset, problem, more) => {
    const { line, col } = lines.linePos(offset);
    throw new InvalidInputError('INVALID_YAML', `${what}: ${problem} (line ${line}, column ${col})`, {
      hint: 'Correct the document and try again; nothing was changed.',
      details: { field: what, line, column: col, ...more },
    });
  };
  const value = toJson(compose(text, lines, limits, fail), limits, fail);
  assertJson(value, what, limits);
  return value;
}

/** The single document of a text, without syntax errors; its keys may repeat. */
function compose(text: string, lines: LineCounter, { maxDepth }: JsonLimits, fail: Fail): Document.Parsed {
  const composer = new Composer({ uniqueKeys: false, merge: true, prettyErrors: false });
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // the package creates an error for each wrong character, and only the first is read
  try {
    let first: Document.Parsed | undefined;
    for (const document of composer.compose(tokensOf(text, lines, maxDepth, fail), true, text.length)) {
      if (first) fail(document.range[0], WORDS.MULTIPLE_DOCS);
      const problem = document.errors[0] ?? document.warnings[0];
      if (problem) fail(problem.pos[0], wordsOf(problem));
      first = document;
    }
    return first as Document.Parsed; // an empty text has one too
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Tokens of the package's parser. Refuses nesting that is too deep before composing, and the first wrong token. */
function* tokensOf(text: string, lines: LineCounter, maxDepth: number, fail: Fail) {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error') fail(token.offset, WORDS.UNEXPECTED_TOKEN);
      yield token;
    }
    // Besides one level for each collection there is one for the document and one for a scalar.
    if (parser.stack.length > maxDepth + 2) fail(parser.offset, `nested deeper than ${maxDepth} levels`);
  }
  yield* parser.end();
}

/** The node of an anchor. */
interface Anchored {
  /** Undefined until its end was read. */
  value: Json | undefined;
  size: number;
}

function toJson({ contents }: Document.Parsed, { maxDepth }: JsonLimits, fail: Fail): Json {
  const anchors = new Map<string, Anchored>();
  /** Characters and values so far, including those that aliases repeat. */
  let size = 0;
  let repeated = 0;
  /** Keys and indexes of the current path. */
  const path: (string | number)[] = [];

  const readAt = (step: string | number, node: unknown, depth: number): Json => {
    path.push(step);
    const value = read(node, depth);
    path.pop();
    return value;
  };

  const read = (node: unknown, depth: number): Json => {
    if (isAlias(node)) return aliased(node.source, startOf(node));
    const { anchor: name } = (node ?? {}) as { anchor?: string };
    const anchor: Anchored = { value: undefined, size };
    if (name !== undefined) anchors.set(name, anchor);
    const value = readOwn(node, depth);
    if (name !== undefined) Object.assign(anchor, { value, size: size - anchor.size });
    return value;
  };

  const readOwn = (node: unknown, depth: number): Json => {
    size += 1;
    if (isScalar(node)) {
      if (typeof node.value === 'string') size += node.value.length;
      return scalarOf(node, path, fail);
    }
    if (isPair(node)) return readMap([node], startOf(node.key), depth + 1); // an item of !!pairs
    const isList = isSeq(node);
    if (!isList && !isMap(node)) return null; // an empty value
    if (depth >= maxDepth) fail(startOf(node), `nested deeper than ${maxDepth} levels`);
    if (node.tag !== undefined && UNSUPPORTED.has(node.tag)) fail(startOf(node), TAG_PROBLEM);
    return isList
      ? node.items.map((item, place) => readAt(place, item, depth + 1))
      : readMap(node.items, startOf(node), depth + 1);
  };

  const aliased = (name: string, offset: number): Json => {
    const anchor = anchors.get(name);
    if (anchor?.value === undefined) {
      return fail(offset, anchor ? `the alias *${shown(name)} is inside its own anchor` : WORDS.BAD_ALIAS);
    }
    size += anchor.size;
    repeated += anchor.size;
    if (repeated > MAX_REPEATED) fail(offset, `the aliases repeat more than ${MAX_REPEATED} characters`);
    return anchor.value;
  };

  const readMap = (pairs: readonly Pair[], start: number, depth: number): Json => {
    const object: Record<string, Json> = {};
    const keys = new Set<string>();
    for (const { key: keyNode, value: valueNode } of pairs) {
      const offset = startOf(keyNode, start);
      if (isMergeKey(keyNode)) {
        for (const [key, value] of mergedBy(valueNode, offset, depth)) {
          if (!Object.hasOwn(object, key)) setOwn(object, key, value);
        }
        continue;
      }
      const key = isScalar(keyNode) || isAlias(keyNode) ? read(keyNode, depth) : undefined;
      if (typeof key !== 'string') {
        const text = isScalar(keyNode) ? shown(String(keyNode.source ?? keyNode.value)) : 'of a map or list';
        return fail(offset, `the key ${text} is not text; put keys that are numbers or truth values in quotes`, {
          key: text,
        });
      }
      if (keys.has(key)) fail(offset, `the key "${shown(key)}" occurs twice in one map`, { key: shown(key) });
      keys.add(key);
      setOwn(object, key, readAt(key, valueNode, depth));
    }
    return object;
  };

  const mergedBy = (node: unknown, offset: number, depth: number): readonly (readonly [string, Json])[] => {
    const source = read(node, depth);
    return [source].flat().flatMap((one) => {
      if (!isJsonObject(one)) return fail(offset, 'what << merges must be a map or a list of maps');
      return Object.entries(one);
    });
  };

  return read(contents, 0);
}

/** Tags of the YAML repository whose values JSON cannot represent. */
const UNSUPPORTED: ReadonlySet<string> = new Set(
  ['set', 'omap', 'binary', 'timestamp'].map((name) => `tag:yaml.org,2002:${name}`),
);
const TAG_PROBLEM = 'a value of this tag has no form in JSON';

function scalarOf({ value, source, range }: Scalar, path: readonly (string | number)[], fail: Fail): Json {
  switch (typeof value) {
    case 'number':
      if (source !== undefined && PLAIN_NUMBER.test(source)) return toJsonNumber(source);
      if (Number.isFinite(value)) return value;
      return fail(
        range?.[0] ?? 0,
        `${shown(String(source))} at ${shown(formatPath(path))} is not a JSON number; use null or a text`,
      );
    case 'string':
    case 'boolean':
      return value;
    default:
      return value === null || value === undefined ? null : fail(range?.[0] ?? 0, TAG_PROBLEM);
  }
}

/** `<<` as written in YAML 1.1, unless it is in quotes. */
const isMergeKey = (node: unknown): boolean =>
  isScalar(node) &&
  (node.type === undefined || node.type === Scalar.PLAIN) &&
  (node.value === '<<' || (typeof node.value === 'symbol' && node.value.description === '<<'));

const startOf = (node: unknown, otherwise = 0): number => (node as Node | null)?.range?.[0] ?? otherwise;

const shown = (text: string): string => (text.length > SHOWN_KEY ? `${text.slice(0, SHOWN_KEY)}…` : text);

/** The package's errors in our words. */
const WORDS = {
  ALIAS_PROPS: 'an alias has an anchor or tag of its own',
  BAD_ALIAS: 'the alias names no anchor before it',
  BAD_COLLECTION_TYPE: 'the tag does not fit a map or list',
  BAD_DIRECTIVE: 'unknown or wrong directive',
  BAD_DQ_ESCAPE: 'unknown escape in a quoted text',
  BAD_INDENT: 'wrong indentation, or a closing bracket is missing',
  BAD_PROP_ORDER: 'the anchor or tag is in the wrong place',
  BAD_SCALAR_START: 'a text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a map or list cannot begin here',
  BLOCK_IN_FLOW: 'a block is not allowed between brackets',
  DUPLICATE_KEY: 'the key occurs twice in one map',
  IMPOSSIBLE: 'unexpected text',
  KEY_OVER_1024_CHARS: 'a key without "?" is longer than 1024 characters',
  MISSING_CHAR: 'a character is missing: a closing quote or bracket, a colon or a comma',
  MULTILINE_IMPLICIT_KEY: 'a key without "?" must be on one line',
  MULTIPLE_ANCHORS: 'a value has two anchors',
  MULTIPLE_DOCS: 'a second document begins',
  MULTIPLE_TAGS: 'a value has two tags',
  NON_STRING_KEY: 'the key is not text',
  RESOURCE_EXHAUSTION: 'nested too deep',
  TAB_AS_INDENT: 'a tab cannot indent; use blanks',
  TAG_RESOLVE_FAILED: 'unknown tag, or a value that does not fit its tag',
  UNEXPECTED_TOKEN: 'unexpected text',
} as const satisfies Record<ErrorCode, string>;

const wordsOf = ({ code }: YAMLError): string => WORDS[code] ?? WORDS.IMPOSSIBLE;
