import { canonicalNumber, type Json, JsonNumber, type JsonObject } from '../../src/lib/json.js';
import type { Cell } from '../../src/migration/source/source.js';

/**
 * What the verification reads out of cells, written apart from what the migration reads out of them: a mistake in one of
 * the two must not be hidden by the same mistake in the other.
 */

/**
 * One text for each value: keys sorted, numbers by what they are and not by how they are spelled (`1.0` is `1`, as in
 * equalJson), with all their digits. It holds no control characters.
 */
export function canonical(value: Json): string {
  if (typeof value === 'number' || value instanceof JsonNumber) return numeral(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const object = value as JsonObject;
  const fields = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(object[key] as Json)}`);
  return `{${fields.join(',')}}`;
}

/** The shortest spelling of a number that a double holds; of others, all digits. */
function numeral(value: number | JsonNumber): string {
  if (typeof value === 'number') return String(value);
  const double = Number(value.toString());
  const exact = canonicalNumber(value);
  return canonicalNumber(double) === exact ? String(double) : exact;
}

/** A cell as JSON: bytes as `{"base64": …}`. What is no JSON number (infinity) is text. */
export function jsonOfCell(cell: Cell): Json {
  if (typeof cell === 'bigint') return new JsonNumber(cell.toString());
  if (typeof cell === 'number' && !Number.isFinite(cell)) return String(cell);
  if (cell instanceof Uint8Array) return { base64: Buffer.from(cell).toString('base64') };
  return cell;
}

/** A cell as text; NULL, and a column that is not there, as none. */
export const textOfCell = (cell: Cell | undefined): string =>
  cell === null || cell === undefined ? '' : cell instanceof Uint8Array ? canonical(jsonOfCell(cell)) : String(cell);

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,20}))?)?)? ?(?:Z|UTC|([+-])(\d\d):?(\d\d)?(?: (?:[A-Z]{1,8}|[+-]\d{1,8}))?)?(?: [A-Z]{1,8})?(?: m=.{0,40})?$/;

/** ISO-8601 UTC with milliseconds, later digits cut; undefined where the cell says no time. */
export function instantOfCell(cell: Cell | undefined): string | undefined {
  if (typeof cell === 'bigint' || typeof cell === 'number') {
    const time = Math.trunc(Number(cell) * (Math.abs(Number(cell)) < 1e11 ? 1_000 : 1));
    return Math.abs(time) < 2.5e14 ? new Date(time).toISOString() : undefined;
  }
  if (typeof cell !== 'string') return undefined;
  const match = TIME.exec(cell.trim());
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  const local = Date.UTC(year as number, (month as number) - 1, day, hour, minute, second, milliseconds(match[7]));
  // A day that the month does not have would be one of the next month.
  if (new Date(local).toISOString().slice(0, 10) !== match.slice(1, 4).join('-')) return undefined;
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * 60_000;
  return new Date(match[8] === '-' ? local + offset : local - offset).toISOString();
}

const milliseconds = (fraction = ''): number => Number(fraction.slice(0, 3).padEnd(3, '0'));

/** A number from 0 on, as a serial is one; 0 for everything else. */
export function serialOfCell(cell: Cell | undefined): number {
  const number = typeof cell === 'string' && /^\d+$/.test(cell) ? Number(cell) : cell;
  return (typeof number === 'bigint' || typeof number === 'number') &&
    Number.isSafeInteger(Number(number)) &&
    number >= 0
    ? Number(number)
    : 0;
}
