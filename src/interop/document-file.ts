import { isAlias, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { InvalidInputError } from '../kernel/errors.js';
import { assertJson, decodeUtf8, FILE_LIMITS, type Json, parseJson, toJsonNumber } from '../kernel/json.js';

/**
 * Reads a document that people write: JSON where the name ends in `.json`, else YAML 1.2 (of which JSON is a part).
 * As with JSON, nothing is changed on the way: a number keeps every digit, a key given twice is refused.
 * @throws InvalidInputError with line and column
 */
export function readDocument(bytes: Uint8Array, what: string): Json {
  const text = decodeUtf8(bytes, what);
  return what.endsWith('.json') ? parseJson(text, what, FILE_LIMITS) : parseYaml(text, what);
}

/** A number of YAML's core schema (§10.3.2) that JSON writes the same way. */
const PLAIN_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function parseYaml(text: string, what: string): Json {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: true, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new InvalidInputError('INVALID_YAML', `${what}: ${problem.message} (line ${line}, column ${col})`, {
      hint: 'Correct the file and try again; nothing was changed.',
      details: { field: what, line, column: col },
    });
  }
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value !== 'number' || node.source === undefined) return;
      if (PLAIN_NUMBER.test(node.source)) node.value = toJsonNumber(node.source);
    },
    Pair: (_, { key }) => {
      if (isScalar(key) ? typeof key.value === 'string' : isAlias(key)) return;
      throw new InvalidInputError('INVALID_YAML', `${what}: the key ${String(key)} is not text`, {
        hint: 'Put keys that are numbers or truth values in quotes.',
        details: { field: what, key: String(key) },
      });
    },
  });
  const value: unknown = document.toJS({ maxAliasCount: 1_000 });
  assertJson(value, what, FILE_LIMITS);
  return value;
}
