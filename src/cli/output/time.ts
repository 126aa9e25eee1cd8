import { formatDistanceStrict } from 'date-fns/formatDistanceStrict';

/** `3 minutes ago`, `in 2 hours`; the exact instant is in the JSON. */
export const relative = (instant: string, now = new Date()): string =>
  formatDistanceStrict(new Date(instant), now, { addSuffix: true });
