import { setImmediate } from 'node:timers/promises';
import { newId } from './ids.js';
import { type Json, JsonNumber, stringifyJson } from './json.js';
import { scanJsonText } from './json-reader.js';

/** A value as text, for another thread: structured clone would lose the text of a {@link JsonNumber}. */
export interface PackedJson {
  /** JSON for the platform's own parser. */
  readonly text: string;
  /**
   * The random prefix of numbers that are stored as text: no document can contain it on purpose. Undefined if no number is
   * stored as text.
   */
  readonly mark: string | undefined;
}

export function packJson(value: Json): PackedJson {
  const text = stringifyJson(value);
  if (scanJsonText(text, Number.POSITIVE_INFINITY).isPlain) return { text, mark: undefined };
  const mark = newId().slice(-12);
  const marked = (_: string, item: unknown): unknown =>
    item instanceof JsonNumber || Object.is(item, -0) ? `${mark}${stringifyJson(item)}` : item;
  return { text: JSON.stringify(value, marked), mark };
}

/** The number of values converted before other work gets a turn: a millisecond or two. */
const AT_ONCE = 10_000;

/** The same value. Apart from `JSON.parse`, no step blocks for long. */
export async function unpackJson({ text, mark }: PackedJson): Promise<Json> {
  const whole: { value: Json } = { value: JSON.parse(text) as Json };
  if (mark === undefined) return whole.value;
  let seen = 0;
  const pending: unknown[] = [whole];
  for (let container = pending.pop(); container !== undefined; container = pending.pop()) {
    const values = container as Record<string | number, Json>;
    for (const key of Array.isArray(container) ? container.keys() : Object.keys(values)) {
      seen += 1;
      if (seen % AT_ONCE === 0) await setImmediate();
      const value = values[key];
      if (typeof value === 'object' && value !== null) pending.push(value);
      // the key exists already, so assigning to it is safe for any name
      else if (typeof value === 'string' && value.startsWith(mark)) {
        values[key] = new JsonNumber(value.slice(mark.length));
      }
    }
  }
  return whole.value;
}
