const UNITS = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

const FORMAT = new Intl.RelativeTimeFormat('en');

/** `3 minutes ago`, `in 2 hours`: the largest unit that fits, rounded. The exact time is in the JSON. */
export function relative(time: string, now = new Date()): string {
  const distance = new Date(time).getTime() - now.getTime();
  const [unit, length] = UNITS.find(([, size]) => Math.round(Math.abs(distance) / size) >= 1) ?? UNITS[5];
  return Math.abs(distance) < 1_000 ? 'just now' : FORMAT.format(Math.round(distance / length), unit);
}
