/** A text as one word for a POSIX shell, so that a command that holds it can be pasted whatever the text is. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
