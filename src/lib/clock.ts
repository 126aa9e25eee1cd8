/** The source of the time. Tests pass their own. */
export interface Clock {
  /** The current timestamp, ISO-8601 UTC with milliseconds. */
  now(): string;
}

export const systemClock: Clock = { now: () => textOf(Date.now()) };

let written = Number.NaN;
let text = '';

/** Formatting a timestamp takes longer than reading the clock, and many commands of a group share a millisecond. */
function textOf(instant: number): string {
  if (instant !== written) {
    text = new Date(instant).toISOString();
    written = instant;
  }
  return text;
}

/** The timestamp `milliseconds` after `instant`, in the same form. */
export const later = (instant: string, milliseconds: number): string =>
  new Date(Date.parse(instant) + milliseconds).toISOString();
