/** Where the time comes from. Tests hand in their own. */
export interface Clock {
  /** The current instant, ISO-8601 UTC with milliseconds. */
  now(): string;
}

export const systemClock: Clock = { now: () => new Date().toISOString() };

/** The instant `milliseconds` after `instant`, in the same form. */
export const later = (instant: string, milliseconds: number): string =>
  new Date(Date.parse(instant) + milliseconds).toISOString();
