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
/** The widest terminal; a larger COLUMNS is ignored. */
const WIDEST_TERMINAL = 10_000;
/**
 * Without a terminal, a wider cell does not widen its column; otherwise each row would be padded to the length of the
 * longest.
 */
const WIDEST_PADDED = 1_000;

/**
 * Columns of the terminal, 80 if it does not report them. Without a terminal COLUMNS, else no limit: output for programs is
 * never cut.
 */
export function terminalWidth(stdout: Partial<NodeJS.WriteStream> = process.stdout, env = process.env): number {
  if (stdout.isTTY) return stdout.columns || 80;
  const columns = Number(env.COLUMNS);
  return columns > 0 && columns <= WIDEST_TERMINAL ? columns : Number.POSITIVE_INFINITY;
}

/** Widths of the columns: natural widths, with the widest flexible one reduced until the row fits. */
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

/** Terminal columns of a text; most texts are plain and need no lookup. */
const widthOf = (text: string): number => (PLAIN.test(text) ? text.length : stringWidth(text));

/**
 * Cuts a text. The two libraries disagree on some sequences of emoji, so the result is measured again. No character takes
 * more than two columns, so at least half of the excess must be removed.
 */
function cut(cell: string, width: number): string {
  for (let end = width - 1; ; ) {
    const shown = `${sliceAnsi(cell, 0, end)}…`;
    const excess = widthOf(shown) - width;
    if (end <= 0 || excess <= 0) return shown;
    end -= Math.ceil(excess / 2);
  }
}

/** Without trailing blanks. (A regular expression would search from each blank.) */
function withoutEndBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t'.includes(line.charAt(end - 1))) end -= 1;
  return line.slice(0, end);
}

function fitted(cell: string, width: number, align: Column['align'], isCut: boolean): string {
  const shown = isCut && widthOf(cell) > width ? cut(cell, width) : cell;
  const blanks = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return align === 'right' ? blanks + shown : shown + blanks;
}

/** How far a cell widens its column. */
const padded = (cell: number, isCut: boolean): number => (isCut || cell <= WIDEST_PADDED ? cell : 0);

/** Rows of escaped cells under bold titles, no wider than the terminal. Linear in the length of the text. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const isCut = width < Number.POSITIVE_INFINITY;
  const natural = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, padded(widthOf(row[index] ?? ''), isCut)), widthOf(title)),
  );
  const flexible = columns.map((column) => column.flexible ?? false);
  const widths = fitColumns(natural, flexible, width);
  const lineOf = (cells: readonly string[]): string => {
    const line = columns
      .map(({ align }, index) => fitted(cells[index] ?? '', widths[index] ?? 0, align, isCut))
      .join(' '.repeat(GAP));
    return withoutEndBlanks(line);
  };
  return [columns.map(({ title }) => colour.heading(title)), ...rows].map(lineOf).join('\n');
}
