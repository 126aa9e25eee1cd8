import { stringifyJson } from '../../lib/json.js';
import { INVISIBLE } from '../../lib/text.js';

/**
 * Control characters and invisible characters: format characters (changes of direction, joiners, tags), fillers, variation
 * selectors, line separators, halves of surrogate pairs, and private use, which each font draws differently. This splits
 * joined emoji, because joiners are invisible elsewhere.
 */
const DANGEROUS = new RegExp(`${INVISIBLE.source}|[\\p{Cc}\\p{Cs}\\p{Co}]`, 'gu');

/**
 * A text from the state, safe for a terminal: control characters, escape sequences, invisible characters and lone surrogates
 * become `\u001b`, from U+10000 on `\u{e0041}`. So a value can neither move the cursor nor look like another one.
 */
export const escapeText = (text: string): string => text.replace(DANGEROUS, escaped);

/** The same for a formatted text: its line breaks and colours stay. */
export const safeText = (text: string): string =>
  text.replace(LAYOUT_OR_DANGEROUS, (found, layout?: string) => layout ?? escaped(found));

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const LAYOUT = /(\n|\u001b\[\d{1,3}m)/;
const LAYOUT_OR_DANGEROUS = new RegExp(`${LAYOUT.source}|${DANGEROUS.source}`, 'gu');

/** JSON of the same value in which such characters are JSON escapes. */
export const jsonText = (value: unknown, indent = 0): string =>
  stringifyJson(value, indent).replace(DANGEROUS, (character) =>
    character === '\n' ? character : [...units(character)].map(escapedUnit).join(''),
  );

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return character.length === 1 ? escapedUnit(character) : `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

const units = (text: string): string[] => Array.from({ length: text.length }, (_, index) => text.charAt(index));

const escapedUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
