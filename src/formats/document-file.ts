import { decodeUtf8, FILE_LIMITS, type Json, parseJson } from '../lib/json.js';
import { formatOf } from './document-format.js';
import { parseYaml } from './yaml.js';

/**
 * Reads a document that people write: JSON where the name ends in `.json`, else YAML 1.2 (of which JSON is a part).
 * As with JSON, nothing is changed on the way: a number keeps every digit, a key given twice is refused.
 * @throws InvalidInputError with line and column
 */
export function readDocument(bytes: Uint8Array, what: string, format = formatOf(what)): Json {
  const text = decodeUtf8(bytes, what);
  return format === 'json' ? parseJson(text, what, FILE_LIMITS) : parseYaml(text, what, FILE_LIMITS);
}
