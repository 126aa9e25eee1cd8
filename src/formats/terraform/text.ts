import { newId } from '../../lib/ids.js';
import { FILE_LIMITS, isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from '../../lib/json.js';

/** Replaces the items of a list while the rest is parsed. The author of a document cannot know it. */
const MARK = newId();

/** An object as text, and separately the items of one of its lists, each an object as text too. */
export interface Split {
  /** Its other fields. */
  readonly fields: JsonObject;
  readonly items: readonly string[];
}

/** The depth of an object in the document, which Go's `json.MarshalIndent` indents by two spaces a level. */
export type Margin = '' | '    ';

/**
 * Splits an object at one of its lists, without parsing the items: by the line breaks and indentation of Terraform's own
 * layout, which cannot occur inside a JSON text. If the rest parses as an object whose list is the placeholder, and each
 * item parses as an object, then parsing the whole text would give the same result (docs/adr/0018): the caller parses the
 * items that it does not know.
 * @returns undefined for a text in another layout, or invalid text
 */
export function splitList(text: string, list: string, margin: Margin): Split | undefined {
  const open = `\n${margin}  "${list}": [\n`;
  const from = text.indexOf(open) + open.length;
  const to = from < open.length ? -1 : find(text, `\n${margin}  `, ']', from);
  if (to < 0) return undefined;
  const rest = `${text.slice(0, from)}"${MARK}"${text.slice(to)}`;
  const fields = readOrNot(rest);
  if (!isJsonObject(fields)) return undefined;
  const { [list]: marked, ...others } = fields;
  if (!Array.isArray(marked) || marked.length !== 1 || marked[0] !== MARK) return undefined;
  return { fields: others, items: itemsOf(text, from, to, `\n${margin}    `) };
}

function itemsOf(text: string, from: number, to: number, margin: string): string[] {
  const end = margin.length + 1;
  const items: string[] = [];
  let start = from;
  for (let at = find(text, margin, '},\n', from); at >= 0 && at < to; at = find(text, margin, '},\n', start)) {
    items.push(text.slice(start, at + end));
    start = at + end + 2;
  }
  items.push(text.slice(start, to));
  return items;
}

/**
 * The position of an indentation that is followed by a bracket. Searches for the bracket, which is rare, while line breaks
 * and blanks are most of such a text: several times as fast as searching for the whole.
 */
function find(text: string, margin: string, bracket: string, from: number): number {
  for (let at = text.indexOf(bracket, from); at >= 0; at = text.indexOf(bracket, at + 1)) {
    const place = at - margin.length;
    if (place >= from - 1 && text.startsWith(margin, place)) return place;
  }
  return -1;
}

/** The value of an item that {@link splitList} separated; undefined if it is not an object. */
export function readItem(item: string): JsonObject | undefined {
  const value = readOrNot(item);
  return isJsonObject(value) ? value : undefined;
}

/** Errors in a text are reported when the whole is parsed: here it only is not split. */
function readOrNot(text: string): Json | undefined {
  try {
    return parseJson(text, 'state', { ...FILE_LIMITS, maxDepth: FILE_LIMITS.maxDepth - 4 });
  } catch {
    return undefined;
  }
}

/**
 * Characters that Go's encoder escapes so that JSON can be part of HTML; JavaScript's does not. In JSON they occur only in
 * texts.
 */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

/** A document in Terraform's own layout, identical if its fields are in Terraform's order. */
export const writeAsTerraform = (document: JsonObject): string =>
  `${stringifyJson(document, 2).replace(
    ESCAPED_BY_GO,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`;
