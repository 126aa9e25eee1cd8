import { InvalidInputError } from '../lib/errors.js';
import { decodeUtf8, type Json, type JsonObject, parseJson, pathStep } from '../lib/json.js';
import { readInput } from './input.js';

/** The maximum size of a file named by `@FILE`, in bytes. */
const MAX_VALUE = 1_048_576;

/** For the help text of every flag that takes `KEY=VALUE`. */
export const ASSIGNMENT_HELP =
  'A value after = is read as JSON if it is valid JSON, else as text. key=@FILE reads the text of a file without its last line break, and key=@- that of standard input, so that a secret is neither in the list of processes nor in the history of the shell. key=@@text is the text @text.';

export interface Assigned {
  /** The properties of the file, overridden by those of `KEY=VALUE`. */
  readonly properties: JsonObject;
  /** The paths of values that came from a file or from standard input: they may be secrets and are not shown. */
  readonly hidden: readonly string[];
}

/**
 * Reads `KEY=VALUE`. A value that is JSON (`3`, `true`, `"3"`, `[1]`) is read as JSON, anything else as text. `@FILE` is the
 * text of a file, `@-` that of standard input, and `@@text` means `@text`.
 * @param field names the flag in errors
 * @throws InvalidInputError
 */
export async function assignments(pairs: readonly string[], base: JsonObject, field = '--property'): Promise<Assigned> {
  const entries = new Map(Object.entries(base));
  const hidden: string[] = [];
  for (const pair of pairs) {
    const split = pair.indexOf('=');
    if (split < 1) {
      throw new InvalidInputError('INVALID_ASSIGNMENT', `${field}: "${pair}" is not KEY=VALUE`, {
        hint: `Write it as ${field} size=3.`,
        details: { field, value: pair },
      });
    }
    const [key, text] = [pair.slice(0, split), pair.slice(split + 1)];
    const isFile = text.startsWith('@') && !text.startsWith('@@');
    if (isFile) hidden.push(`$${pathStep(key)}`);
    entries.set(key, isFile ? await textOf(text.slice(1), key, field) : jsonOrText(text, field));
  }
  return { properties: Object.fromEntries(entries), hidden };
}

/** The text of a file without one trailing line break, which editors and `echo` add. */
async function textOf(path: string, key: string, field: string): Promise<string> {
  if (path === '') {
    throw new InvalidInputError('INVALID_ASSIGNMENT', `${field}: "${key}=@" names no file`, {
      hint: `Write it as ${field} ${key}=@FILE, ${key}=@- for standard input, or ${key}=@@ for the text @.`,
      details: { field, key },
    });
  }
  const { bytes, name } = await readInput(path, MAX_VALUE);
  return decodeUtf8(bytes, name).replace(/\r?\n$/, '');
}

function jsonOrText(text: string, field: string): Json {
  if (text.startsWith('@@')) return text.slice(1);
  try {
    return parseJson(text, field);
  } catch (error) {
    const isText = error instanceof InvalidInputError && error.code === 'INVALID_JSON' && !/^[[{]/.test(text);
    if (!isText) throw error;
    return text;
  }
}
