/** Where the time comes from. Tests hand in their own. */
export interface Clock {
  /** The current instant, ISO-8601 UTC with milliseconds. */
  now(): string;
}

export const systemClock: Clock = { now: () => textOf(Date.now()) };

let written = Number.NaN;
let text = '';

/** To write an instant takes longer than to ask for it; of many commands at once many are of the same millisecond. */
function textOf(instant: number): string {
  if (instant !== written) {
    text = new Date(instant).toISOString();
    written = instant;
  }
  return text;
}

/** The instant `milliseconds` after `instant`, in the same form. */
export const later = (instant: string, milliseconds: number): string =>
  new Date(Date.parse(instant) + milliseconds).toISOString();
