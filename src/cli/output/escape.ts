/** Control characters, marks that change the direction of writing, and halves of surrogate pairs. */
const DANGEROUS = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/gu;

/**
 * A text from the state as a terminal may show it: control characters, escape sequences, changes of writing direction
 * and lone surrogates become `\u001b`, so that a value can neither move the cursor nor pass for another.
 */
export const escapeText = (text: string): string =>
  text.replace(DANGEROUS, (character) =>
    character === '\n'
      ? '\\n'
      : character === '\t'
        ? '\\t'
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
