import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';
import { colour } from './colour.js';

export interface Column {
  readonly title: string;
  /** May be cut to make the table fit; the widest such column is cut first. */
  readonly flexible?: boolean;
  readonly align?: 'left' | 'right';
}

const GAP = 2;
const NARROWEST = 5;

/**
 * Columns of the terminal, 80 for one that does not know its own; without a terminal COLUMNS, else no limit: what a
 * program reads is never cut.
 */
export function terminalWidth(stdout: Partial<NodeJS.WriteStream> = process.stdout, env = process.env): number {
  if (stdout.isTTY) return stdout.columns || 80;
  const columns = Number(env.COLUMNS);
  return columns > 0 ? columns : Number.POSITIVE_INFINITY;
}

/** How wide each column becomes: natural widths, the widest flexible one made narrower until the row fits. */
export function fitColumns(natural: readonly number[], flexible: readonly boolean[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, column) => sum + column + GAP, -GAP) - width;
  while (excess > 0) {
    const widest = widths.reduce(
      (best, column, index) => (flexible[index] && column > (widths[best] ?? 0) ? index : best),
      flexible.indexOf(true),
    );
    const current = widths[widest];
    if (current === undefined || current <= NARROWEST) break;
    widths[widest] = current - 1;
    excess--;
  }
  return widths;
}

const PLAIN = /^[\x20-\x7e]*$/;

/** Columns of the terminal that a text takes; most are plain, and then there is nothing to look up. */
const widthOf = (text: string): number => (PLAIN.test(text) ? text.length : stringWidth(text));

/** The two libraries do not agree on every sequence of emoji, so what was cut is measured again. */
function cut(cell: string, width: number): string {
  for (let end = width - 1; ; end -= 1) {
    const shown = `${sliceAnsi(cell, 0, end)}…`;
    if (end <= 0 || widthOf(shown) <= width) return shown;
  }
}

function fitted(cell: string, width: number, align: Column['align']): string {
  const shown = widthOf(cell) > width ? cut(cell, width) : cell;
  const blanks = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return align === 'right' ? blanks + shown : shown + blanks;
}

/** Rows of already escaped cells under bold titles, no wider than the terminal. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const natural = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), widthOf(title)),
  );
  const flexible = columns.map((column) => column.flexible ?? false);
  const widths = fitColumns(natural, flexible, width);
  const lineOf = (cells: readonly string[]): string => {
    const line = columns
      .map(({ align }, index) => fitted(cells[index] ?? '', widths[index] ?? 0, align))
      .join(' '.repeat(GAP));
    return line.endsWith(' ') ? line.replace(/[ \t]+$/, '') : line; // to look for blanks within takes long
  };
  return [columns.map(({ title }) => colour.heading(title)), ...rows].map(lineOf).join('\n');
}
