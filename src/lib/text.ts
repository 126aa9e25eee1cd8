import * as z from 'zod';

// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern matches control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same without tab, line feed and carriage return
const CONTROL_BUT_LAYOUT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/**
 * Invisible characters: format characters, line separators, fillers, variation selectors, tags, and symbols without a glyph:
 * the empty Braille pattern, a null note head, the filler of the Khitan script.
 */
export const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{16fe4}]/u;

/** Blanks that look like a space or like nothing: U+00A0, U+2003, U+3000 … */
const OTHER_BLANK = /(?! )\p{Zs}/u;
const UNSEEN = new RegExp(`${INVISIBLE.source}|${OTHER_BLANK.source}`, 'u');

/**
 * The first character that makes a name look like another one, as `U+200B`: an invisible one, or a blank other than the
 * space.
 */
export function invisibleIn(text: string): string | undefined {
  const [found] = UNSEEN.exec(text) ?? [];
  return found && `U+${found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * SQLite and UTF-8 cannot hold a lone surrogate: the driver would store U+FFFD instead, so text columns refuse it. (JSON
 * documents keep it as an escape.)
 */
const wellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

/** A text that is too long is not checked further. It has at least as many bytes as characters. */
const tooLong = (max: number) => ({ error: `must not be longer than ${max} bytes`, abort: true });

/** A character takes at most three bytes (a surrogate pair four), so most texts need not be counted. */
const fits = (text: string, max: number): boolean => text.length * 3 <= max || Buffer.byteLength(text) <= max;

/** The maximum length of a list. The largest stacks have some 100,000 resources. */
export const list = <Item extends z.ZodType>(item: Item, max = 1_000_000) =>
  z.array(item).max(max, `must not have more than ${max} items`);

/**
 * One check for everything, because each check of zod costs as much as the whole, and every command has thousands of names.
 */
const checks =
  (max: number, control: RegExp, isLine: boolean): z.core.CheckFn<string> =>
  ({ value, issues }) => {
    const add = (message: string): void => void issues.push({ code: 'custom', input: value, message });
    if (!fits(value, max)) return add(tooLong(max).error);
    if (control.test(value)) add('must not hold control characters');
    if (!wellFormed(value)) add('must be well-formed Unicode');
    if (isLine && value !== value.trim()) add('must not begin or end with white space');
  };

/** A name on one line: 1 to `max` UTF-8 bytes, no control characters, no leading or trailing blanks. */
export const name = (max = 255) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max, tooLong(max))
    .check(checks(max, CONTROL, true));

/** Free text of up to `max` UTF-8 bytes; line breaks and tabs are allowed, other control characters are not. */
export const prose = (max = 65_536) =>
  z
    .string()
    .max(max, tooLong(max))
    .check(checks(max, CONTROL_BUT_LAYOUT, false));
