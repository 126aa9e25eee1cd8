import { isSensitive, type Json, stringifyJson } from '../../index.js';
import { escapeText } from '../output/escape.js';

/** A path within a value, without the root: `size`, `["k.l"]`. */
export const shownPath = (path: string): string => escapeText(path.replace(/^\$\.?/, ''));

export const HIDDEN = '(sensitive)';

/** A JSON value on one line. */
export const inline = (value: Json | undefined): string =>
  value === undefined ? '(none)' : escapeText(typeof value === 'string' ? JSON.stringify(value) : stringifyJson(value));

/** A field value for people, masked if the field is hidden. */
export const shown = (value: Json | undefined, path: string, hidden: readonly string[]): string =>
  value !== undefined && isSensitive(path, hidden) ? HIDDEN : inline(value);
