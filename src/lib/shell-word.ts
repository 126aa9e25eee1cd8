/** Quotes a text as one word for a POSIX shell, so that a command with it can be pasted. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
