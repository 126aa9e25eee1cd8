import { InvalidInputError } from '../kernel/errors.js';
import { type Json, type JsonObject, parseJson } from '../kernel/json.js';

/**
 * The properties of a file with those of `KEY=VALUE` over them. A value that is JSON (`3`, `true`, `"3"`, `[1]`) is
 * taken as JSON, anything else as text.
 */
export function assignments(pairs: readonly string[], base: JsonObject): JsonObject {
  const entries = new Map(Object.entries(base));
  for (const pair of pairs) {
    const split = pair.indexOf('=');
    if (split < 1) {
      throw new InvalidInputError('INVALID_ASSIGNMENT', `--property: "${pair}" is not KEY=VALUE`, {
        hint: 'Write it as --property size=3.',
        details: { field: '--property', value: pair },
      });
    }
    entries.set(pair.slice(0, split), jsonOrText(pair.slice(split + 1)));
  }
  return Object.fromEntries(entries);
}

function jsonOrText(text: string): Json {
  try {
    return parseJson(text, '--property');
  } catch (error) {
    const looksLikeJson = /^[[{]/.test(text);
    if (looksLikeJson || !(error instanceof InvalidInputError)) throw error;
    return text;
  }
}
