import { formatDistanceStrict } from 'date-fns/formatDistanceStrict';

/** `3 minutes ago`, `in 2 hours`; the exact instant is in the JSON. */
export function relative(instant: string, now = new Date()): string {
  const then = new Date(instant);
  const moment = Math.abs(now.getTime() - then.getTime()) < 1_000;
  return moment ? 'just now' : formatDistanceStrict(then, now, { addSuffix: true });
}
