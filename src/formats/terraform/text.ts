import { newId } from '../../lib/ids.js';
import { FILE_LIMITS, isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from '../../lib/json.js';

/** Stands for the items of a list while the rest is read. Nobody who writes a document can know it. */
const MARK = newId();

/** An object as text, and the items of one of its lists apart, each an object as text too. */
export interface Split {
  /** Its other fields. */
  readonly fields: JsonObject;
  readonly items: readonly string[];
}

/** How deep an object stands in the document, as Go's `json.MarshalIndent` sets it off: two spaces a level. */
export type Margin = '' | '    ';

/**
 * Takes an object apart at one of its lists, without reading the items: by the line breaks and margins of Terraform's own
 * layout, which cannot stand inside a JSON text. Where the rest reads as an object whose list is the mark that was put in
 * its place, and each item reads as an object, the whole reads as the one with the others in it (docs/adr/0018): the
 * caller reads the items that it does not know.
 * @returns undefined for a text in another layout, or that is none
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
 * The place of a margin that a bracket follows. Looked for by the bracket: it is rare, while line breaks and blanks are
 * most of such a text, so that this is several times as fast as looking for all of it.
 */
function find(text: string, margin: string, bracket: string, from: number): number {
  for (let at = text.indexOf(bracket, from); at >= 0; at = text.indexOf(bracket, at + 1)) {
    const place = at - margin.length;
    if (place >= from - 1 && text.startsWith(margin, place)) return place;
  }
  return -1;
}

/** What an item that {@link splitList} set apart reads as; undefined where it is no object. */
export function readItem(item: string): JsonObject | undefined {
  const value = readOrNot(item);
  return isJsonObject(value) ? value : undefined;
}

/** What is wrong with a text is told when the whole is read: here it is only not to be taken apart. */
function readOrNot(text: string): Json | undefined {
  try {
    return parseJson(text, 'state', { ...FILE_LIMITS, maxDepth: FILE_LIMITS.maxDepth - 4 });
  } catch {
    return undefined;
  }
}

/** What Go's encoder escapes so that JSON may stand in HTML; JavaScript's does not. In JSON it stands in texts only. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

/** A document in Terraform's own layout, to the letter where its fields are in Terraform's order. */
export const writeAsTerraform = (document: JsonObject): string =>
  `${stringifyJson(document, 2).replace(
    ESCAPED_BY_GO,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`;
