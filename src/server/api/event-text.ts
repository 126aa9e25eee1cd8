import { type Json, stringifyJson } from '../../kernel/json.js';
import type { LogEntry } from '../../queries/log.js';
import { entryJson } from '../../views/log.js';

/** An entry of the log as a server-sent event. */
export const eventText = (entry: LogEntry): string =>
  `id: ${entry.event.position}\nevent: ${entry.event.type}\ndata: ${stringifyJson(entryJson(entry))}\n\n`;

/** The last event of a stream that ends before its client wants it to. */
export const errorText = (error: Json): string => `event: error\ndata: ${stringifyJson(error)}\n\n`;
