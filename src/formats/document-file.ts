import { decodeUtf8, FILE_LIMITS, type Json, parseJson } from '../lib/json.js';
import { formatOf } from './document-format.js';
import { parseYaml } from './yaml.js';

/**
 * Parses a document that people write: JSON if the name ends in `.json`, else YAML 1.2 (a superset of JSON). As with JSON,
 * nothing is changed: a number keeps every digit, and a duplicate key is refused.
 * @throws InvalidInputError with line and column
 */
export function readDocument(bytes: Uint8Array, what: string, format = formatOf(what)): Json {
  const text = decodeUtf8(bytes, what);
  return format === 'json' ? parseJson(text, what, FILE_LIMITS) : parseYaml(text, what, FILE_LIMITS);
}
