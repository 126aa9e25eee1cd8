/** Only this many characters of an argument are compared and shown; no command has a longer word. */
const LONGEST = 100;

export const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
