/** No word of a command has more characters than are compared and shown. */
const LONGEST = 100;

export const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
