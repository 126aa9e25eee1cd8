import * as z from 'zod';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what these patterns are about
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same without tab, line feed and carriage return
const CONTROL_BUT_LAYOUT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/**
 * SQLite and UTF-8 hold no lone surrogate: the driver would store U+FFFD in its place, so text columns refuse it.
 * (Inside JSON documents it is kept, as the escape it is.)
 */
const wellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

/** One line a person or program names something by: 1 to `max` UTF-8 bytes, no control characters, no outer blanks. */
export const name = (max = 255) =>
  z
    .string()
    .min(1, 'must not be empty')
    .refine((text) => Buffer.byteLength(text) <= max, `must not be longer than ${max} bytes`)
    .refine((text) => !CONTROL.test(text), 'must not hold control characters')
    .refine(wellFormed, 'must be well-formed Unicode')
    .refine((text) => text === text.trim(), 'must not begin or end with white space');

/** Free text of up to `max` UTF-8 bytes; line breaks and tabs are fine, other control characters are not. */
export const prose = (max = 65_536) =>
  z
    .string()
    .refine((text) => Buffer.byteLength(text) <= max, `must not be longer than ${max} bytes`)
    .refine((text) => !CONTROL_BUT_LAYOUT.test(text), 'must not hold control characters')
    .refine(wellFormed, 'must be well-formed Unicode');
