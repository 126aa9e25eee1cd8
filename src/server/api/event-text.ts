import { entryJson } from '../../json/log.js';
import { type Json, stringifyJson } from '../../lib/json.js';
import type { LogEntry } from '../../queries/log.js';

/** An entry of the log as a server-sent event. */
export const eventText = (entry: LogEntry): string =>
  `id: ${entry.event.position}\nevent: ${entry.event.type}\ndata: ${stringifyJson(entryJson(entry))}\n\n`;

/** The last event of a stream that ends before its client wants it to. */
export const errorText = (error: Json): string => `event: error\ndata: ${stringifyJson(error)}\n\n`;
