import { entryJson } from '../../json/log.js';
import { type Json, stringifyJson } from '../../lib/json.js';
import type { LogEntry } from '../../queries/log.js';

const texts = new WeakMap<LogEntry, string>();

/** An entry of the log as a server-sent event. The text is made once per entry for all streams. */
export function eventText(entry: LogEntry): string {
  let text = texts.get(entry);
  if (text === undefined) {
    text = `id: ${entry.event.position}\nevent: ${entry.event.type}\ndata: ${stringifyJson(entryJson(entry))}\n\n`;
    texts.set(entry, text);
  }
  return text;
}

/** The last event of a stream that the server ends. */
export const errorText = (error: Json): string => `event: error\ndata: ${stringifyJson(error)}\n\n`;
